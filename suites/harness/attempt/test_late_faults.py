# SPDX-License-Identifier: Apache-2.0
"""What is concluded when a move by libvirt breaks at its end, with sides that say what a test has them say.

Each check of fixtures/attempt/switchover_faults.py and client_faults.py fails here once.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.attempt import client_faults, switchover_faults
from fixtures.attempt.client_faults import ClientFaults
from fixtures.attempt.daemon_faults import LEFT_PAUSED, SOURCES_LEFT
from fixtures.attempt.faults import STOPPED_SECONDS
from fixtures.attempt.switchover_faults import (
    ABORTED_TOO_LATE,
    REST_SECONDS,
    SILENT_SECONDS,
    SwitchoverFaults,
)
from fixtures.errors import RigError
from fixtures.evidence.beats import Gap
from suites.harness.support.libvirt_errors import error_of
from suites.harness.support.scripted_breaks import ScriptedBreaking, ScriptedMove, beat, fails, read_no_clocks
from suites.harness.support.scripted_lives import life

RESUMED = SimpleNamespace(what="resumed migrated")


@pytest.fixture
def move() -> ScriptedMove:
    """A move that breaks as promised."""
    move = ScriptedMove()
    vars(move)["job"] = SimpleNamespace(done=lambda: False)
    move.destination.events = list
    return move


@pytest.fixture
def attempt(tmp_path: Path) -> Any:
    """An attempt whose guest stands still for as long as its channel is silent."""
    attempt = life(tmp_path)
    attempt.guest.blackout = lambda **_span: Gap(1.0, 2.0 + SILENT_SECONDS)
    return attempt


@pytest.fixture
def path(move: ScriptedMove, tmp_path: Path) -> Any:
    """A path by libvirt that a client drives."""
    move.source.daemon.outside = lambda _socket: tmp_path / "relay"
    move.destination.daemon.outside = lambda _socket: tmp_path / "destination"
    return SimpleNamespace(source=move.source, awaited=lambda _build: move.destination, unfinished=None)


@pytest.fixture(autouse=True)
def scripted(attempt: Any, move: ScriptedMove, path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The move begins without libvirt; nobody waits for what does not come. The clocks are not read."""
    breaking = ScriptedBreaking(attempt, move)
    for module in (client_faults, switchover_faults):
        monkeypatch.setattr(module, "path_on_this_host", lambda _attempt: path)
    monkeypatch.setattr(switchover_faults, "LibvirtBreaking", lambda *_: breaking)
    monkeypatch.setattr(switchover_faults, "comes_true", lambda true, _deadline: true())
    monkeypatch.setattr(client_faults, "NOTICE_SECONDS", 0.0)
    monkeypatch.setattr("fixtures.attempt.daemon_faults.NOTICE_SECONDS", 0.0)
    monkeypatch.setattr("fixtures.attempt.daemon_faults.MIGRATE_SECONDS", 0.0)
    monkeypatch.setattr("fixtures.attempt.later_moves.patience", lambda seconds: seconds)
    monkeypatch.setattr(switchover_faults, "patience", lambda seconds: seconds)
    read_no_clocks(monkeypatch)


@pytest.fixture
def faults(attempt: Any) -> SwitchoverFaults:
    """Breaks a switchover by libvirt."""
    return SwitchoverFaults(attempt)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, move: ScriptedMove, attempt: Any) -> ClientFaults:
    """Kills a virsh that moves a guest. What its daemons do then is as scripted."""
    told: list[str] = []
    vars(move)["told"] = told
    virsh = SimpleNamespace(stop=lambda: told.append("stop"))
    monkeypatch.setattr("fixtures.attempt.virsh.begins", lambda *_, **__: virsh)
    monkeypatch.setattr("fixtures.attempt.virsh.killed", lambda _client: told.append("kill"))
    for name in ("wait_for_memory", "beats_in_postcopy"):
        monkeypatch.setattr(client_faults, name, lambda *_, **__: None)
    monkeypatch.setattr(client_faults, "sends_rest", lambda _relay: True)
    moves = SimpleNamespace(event=lambda _wanted: None, hot_patch_by=lambda mover: mover(move.destination))
    monkeypatch.setattr(client_faults, "LibvirtMoves", lambda _attempt: moves)
    move.source.handle = SimpleNamespace(
        jobInfo=lambda: [libvirt.VIR_DOMAIN_JOB_NONE],
        migrateSetMaxDowntime=lambda *_: None,
        migrateStartPostCopy=lambda *_: None,
        migrateSetMaxSpeed=lambda *_: None,
    )
    move.source.bounded = lambda call, _what: call()
    return ClientFaults(attempt)


# --- a channel that is silent for a while -------------------------------------------------------------


def test_move_that_outlasts_a_silence_passes(faults: SwitchoverFaults, move: ScriptedMove) -> None:
    """Lose this and every network that is silent for a moment is a finding."""
    move.status = "completed"
    assert faults.outlasts_a_silence().runs_on_new_build
    move.status = "failed"
    said = fails("migrate", faults.outlasts_a_silence)
    assert said.startswith("after a silent switchover: migration failed")


def test_guest_that_runs_in_the_silence_fails(faults: SwitchoverFaults, move: ScriptedMove) -> None:
    """Lose this and a guest runs where a part of it has not arrived."""
    move.status, move.destination_ran = "completed", True
    fails("never-both", faults.outlasts_a_silence)
    move.destination_ran = False
    vars(move)["job"] = SimpleNamespace(done=lambda: True)
    assert fails("migrate", faults.outlasts_a_silence) == "in a silent switchover the move ended: completed"


def test_source_that_beats_after_the_silence_fails(faults: SwitchoverFaults, move: ScriptedMove) -> None:
    """Lose this and a guest that has moved runs on at its source."""
    move.status = "completed"
    move.relay.release = lambda: move.source.channels["console"].lines.append(beat(1))
    assert fails("never-both", faults.outlasts_a_silence).endswith("the source beat 1 times")


def test_guest_stands_still_for_as_long_as_the_silence(
    faults: SwitchoverFaults, move: ScriptedMove, attempt: Any
) -> None:
    """Lose this and a guest that never goes on again is not told from one that waited for its network."""
    move.status = "completed"
    attempt.guest.blackout = lambda **_span: Gap(1.0, 60.0 + SILENT_SECONDS)
    fails("stands-still", faults.outlasts_a_silence)
    attempt.guest.blackout = lambda **_span: Gap(1.0, 1.1)
    with pytest.raises(RigError, match="only: it was not in its switchover"):
        faults.outlasts_a_silence()


# --- an abort -----------------------------------------------------------------------------------------


def test_aborted_switchover_ends_or_completes(
    faults: SwitchoverFaults, move: ScriptedMove, attempt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and either of two right ends of an aborted move is a finding."""
    monkeypatch.setattr(attempt, "hot_patch", lambda: "moved later")
    assert faults.aborted() == "moved later"  # type: ignore[comparison-overlap]
    assert ABORTED_TOO_LATE not in attempt.figures
    move.status = "completed"
    assert faults.aborted().runs_on_new_build
    assert attempt.figures[ABORTED_TOO_LATE] == 1


def test_guest_of_an_aborted_switchover_stands_still_until_all_is_sent(
    faults: SwitchoverFaults, attempt: Any
) -> None:
    """Lose this and the suite's slow channel is a finding, or a standstill of minutes is none."""
    slow = STOPPED_SECONDS + REST_SECONDS
    attempt.hot_patch = lambda: "moved later"
    attempt.guest.blackout = lambda **_span: Gap(1.0, slow)
    assert faults.aborted() == "moved later"  # type: ignore[comparison-overlap]
    attempt.guest.blackout = lambda **_span: Gap(1.0, slow + 3.0)
    fails("stands-still", faults.aborted)


@pytest.mark.parametrize(
    "check,badly",
    [
        ("never-both", {"destination_ran": True}),
        ("runstates", {"state": "paused migration"}),
        ("destination-ends", {"ends": False}),
    ],
)
def test_aborted_switchover_that_ends_badly_fails(
    faults: SwitchoverFaults, move: ScriptedMove, check: str, badly: dict[str, Any]
) -> None:
    """Lose this and a guest whose move was aborted late runs nowhere, or twice."""
    vars(move).update(badly)
    assert fails(check, faults.aborted).startswith("the abort was taken; migration failed, source ")


def test_what_libvirt_says_of_an_abort_is_told(faults: SwitchoverFaults, move: ScriptedMove) -> None:
    """Lose this and an abort that comes too late ends the cell."""

    def refuse(_seconds: float) -> None:
        raise error_of(libvirt.VIR_ERR_OPERATION_INVALID, "no job is active")

    vars(move).update(abort=refuse, ends=False)
    assert "the abort was refused: no job is active" in fails("destination-ends", faults.aborted)


# --- the client ---------------------------------------------------------------------------------------


def test_guest_goes_on_without_its_client(client: ClientFaults, move: ScriptedMove) -> None:
    """Lose this and a manager that crashes late costs the guest that it was moving."""
    assert client.in_switchover()
    assert vars(move)["told"] == ["kill"]
    move.source.handle.jobInfo = lambda: [libvirt.VIR_DOMAIN_JOB_UNBOUNDED]
    fails("aborted", client.in_switchover)


def test_guest_that_is_nowhere_else_is_resumed(
    client: ClientFaults, move: ScriptedMove, attempt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and nobody sees that an operator would have had to resume the guest."""
    monkeypatch.setattr("fixtures.path.relay.Relay.is_over", lambda *_: True)
    states = [LEFT_PAUSED]
    move.source.state = lambda: states[-1]
    move.source.handle.resume = lambda: states.append("running unpaused")
    assert client.in_switchover(hung=True)
    assert vars(move)["told"] == ["stop", "kill"]
    assert attempt.figures[SOURCES_LEFT] == 1


def test_guest_that_may_be_elsewhere_is_not_resumed(client: ClientFaults, move: ScriptedMove) -> None:
    """Lose this and the suite itself has a guest run twice."""
    move.source.state = lambda: LEFT_PAUSED
    move.destination.events = lambda: [RESUMED]
    fails("never-both", client.in_switchover)
    move.destination.events = list
    move.destination.daemon.left = [1]
    assert fails("runstates", client.in_switchover) == f"client killed in switchover: source {LEFT_PAUSED}"
    move.source.state = lambda: "running unpaused"
    fails("destination-ends", client.in_switchover)


def test_client_that_hangs_is_killed_even_if_the_move_does_not_end(
    client: ClientFaults, move: ScriptedMove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a cell that fails leaves a client that stands still."""
    monkeypatch.setattr(client_faults, "CALL_SECONDS", 0.0)
    assert fails("hang", lambda: client.in_switchover(hung=True)) == "QEMU does not end its switchover"
    assert vars(move)["told"] == ["stop", "kill"]


def test_postcopy_ends_without_its_client(client: ClientFaults, move: ScriptedMove, attempt: Any) -> None:
    """Lose this and a manager that crashes tears its guest in two."""
    assert "source running unpaused" in fails("hang", client.in_postcopy)
    move.source.state = lambda: "gone"
    client.in_postcopy()
    assert SOURCES_LEFT not in attempt.figures
    move.source.state = lambda: "paused postcopy_failed"
    client.in_postcopy()
    assert attempt.figures[SOURCES_LEFT] == 1
    move.destination.channels["console"].lines.append(beat(1))
    move.source.handle.migrateSetMaxSpeed = lambda *_: move.source.channels["console"].lines.append(beat(1))
    assert fails("never-both", client.in_postcopy) == "client killed in postcopy; the source beat 1 times"


def test_source_that_libvirt_takes_down_has_ended(client: ClientFaults, move: ScriptedMove) -> None:
    """Lose this and a move that has ended well hangs, if the suite looks while the source goes."""
    states = iter(["paused postcopy_failed", "shutdown user", "shutoff migrated"])
    move.source.state = lambda: next(states, "gone")
    client.in_postcopy()
