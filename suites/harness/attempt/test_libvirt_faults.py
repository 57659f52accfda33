# SPDX-License-Identifier: Apache-2.0
"""What is concluded when a daemon or a client of libvirt fails, with sides that say what a test has them say.

Each check of fixtures/attempt/libvirt_faults.py and daemon_faults.py fails here once.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.attempt import daemon_faults, libvirt_faults
from fixtures.attempt.daemon_faults import GIVEN_UP, LEFT_PAUSED, SOURCES_LEFT, DaemonFaults
from fixtures.attempt.faults import STILL_SECONDS
from fixtures.attempt.libvirt_faults import SECONDS_GIVEN_UP, LibvirtFaults
from fixtures.evidence.beats import Gap
from suites.harness.support.scripted_breaks import ScriptedBreaking, ScriptedMove, beat, fails, read_no_clocks
from suites.harness.support.scripted_lives import life

BADLY: dict[str, dict[str, Any]] = {
    "runstates": {"state": "paused"},
    "destination-ends": {"ends": False},
}


@pytest.fixture
def move() -> ScriptedMove:
    """A move that breaks as promised."""
    return ScriptedMove()


@pytest.fixture
def attempt(tmp_path: Path) -> Any:
    """An attempt whose guest runs on the old build."""
    return life(tmp_path)


@pytest.fixture
def path(move: ScriptedMove) -> Any:
    """A path by libvirt, peer-to-peer."""
    return SimpleNamespace(is_direct=False, source=move.source, awaited=lambda _build: move.destination)


@pytest.fixture(autouse=True)
def scripted(attempt: Any, move: ScriptedMove, path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The move begins without libvirt; nobody waits for what does not come. The clocks are not read."""
    breaking = ScriptedBreaking(attempt, move)
    for module in ("libvirt_faults", "daemon_faults"):
        monkeypatch.setattr(f"fixtures.attempt.{module}.LibvirtBreaking", lambda *_: breaking)
        monkeypatch.setattr(f"fixtures.attempt.{module}.path_on_this_host", lambda _attempt: path)
        monkeypatch.setattr(f"fixtures.attempt.{module}.NOTICE_SECONDS", 0.0)
        monkeypatch.setattr(f"fixtures.attempt.{module}.MIGRATE_SECONDS", 0.0)
    monkeypatch.setattr(daemon_faults, "KEEPALIVE_SECONDS", 0.0)
    read_no_clocks(monkeypatch)


@pytest.fixture
def faults(attempt: Any) -> LibvirtFaults:
    """Breaks what only a move by libvirt needs."""
    return LibvirtFaults(attempt)


@pytest.fixture
def daemons(attempt: Any) -> DaemonFaults:
    """Takes a daemon away, and has it come back."""
    return DaemonFaults(attempt)


def beats(side: Any, number: int = 1) -> None:
    """The guest beats on this side."""
    side.channels["console"].lines.append(beat(number))


# --- the destination's daemon ---------------------------------------------------------------------------


def test_guest_that_goes_on_without_a_daemon_passes(
    faults: LibvirtFaults, move: ScriptedMove, attempt: Any
) -> None:
    """Lose this and every daemon that fails is a finding, or nobody sees for how long the source waited."""
    assert faults.daemon_of_destination("killed", "first-pass")
    assert faults.daemon_of_destination("stopped", "switchover")
    assert move.destination.daemon.told == ["kill", "signal 19", "signal 18"]
    assert attempt.figures[SECONDS_GIVEN_UP] >= 0


@pytest.mark.parametrize("check", BADLY)
def test_move_without_its_daemon_that_leaves_something_fails(
    faults: LibvirtFaults, move: ScriptedMove, check: str
) -> None:
    """Lose this and a host that fails costs guests of another one their lives, or leaves QEMUs."""
    vars(move).update(BADLY[check])
    fails(check, lambda: faults.daemon_of_destination("stopped", "first-pass"))


def test_guest_that_beats_on_both_sides_fails(faults: LibvirtFaults, move: ScriptedMove) -> None:
    """Lose this and a guest runs twice on one disk."""
    beats(move.destination)
    said = fails("never-both", lambda: faults.daemon_of_destination("stopped", "switchover"))
    assert said.endswith("the guest beat 1 times at the destination")


def test_guest_stands_still_for_no_daemon(
    faults: LibvirtFaults, attempt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest may stand still for as long as a daemon is silent."""
    monkeypatch.setattr("fixtures.attempt.later_moves.patience", lambda seconds: seconds)
    attempt.guest.blackout = lambda **_span: Gap(1.0, 4.0 + STILL_SECONDS)
    assert faults.daemon_of_destination("stopped", "switchover")
    fails("stands-still", lambda: faults.daemon_of_destination("stopped", "first-pass"))


@pytest.mark.parametrize("fault,seconds", [("killed", 10), ("stopped", 40)])
def test_source_waits_for_a_daemon_no_longer_than_promised(fault: Any, seconds: float) -> None:
    """Lose this and a guest stands still for a minute and a half, and the cell passes."""
    assert libvirt_faults.GIVEN_UP[fault] == seconds


# --- the client -----------------------------------------------------------------------------------------


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, move: ScriptedMove) -> None:
    """A virsh that is killed while it moves a guest. Its daemons then abort the move."""
    monkeypatch.setattr("fixtures.attempt.virsh.begins", lambda *_: None)
    monkeypatch.setattr("fixtures.attempt.virsh.killed", lambda _client: None)
    monkeypatch.setattr(libvirt_faults, "wait_for_memory", lambda _source: None)
    moves = SimpleNamespace(hot_patch_by=lambda mover: mover(move.destination))
    monkeypatch.setattr(libvirt_faults, "LibvirtMoves", lambda _attempt: moves)
    move.source.handle = SimpleNamespace(
        jobInfo=lambda: [libvirt.VIR_DOMAIN_JOB_NONE], migrateSetMaxSpeed=lambda *_: None
    )
    move.source.bounded = lambda call, _what: call()
    move.destination.close = lambda: None


@pytest.mark.usefixtures("client")
def test_move_without_its_client_must_be_aborted(faults: LibvirtFaults, move: ScriptedMove) -> None:
    """Lose this and a manager that crashes costs the guest that it was moving."""
    assert faults.aborted_without_its_client()
    move.destination.daemon.left = [1]
    fails("destination-ends", faults.aborted_without_its_client)
    move.source.handle.jobInfo = lambda: [libvirt.VIR_DOMAIN_JOB_UNBOUNDED]
    said = fails("aborted", faults.aborted_without_its_client)
    assert said == "without its client the source is running unpaused, migrates no more: False"


@pytest.mark.usefixtures("client")
def test_move_that_does_not_end_without_its_client_hangs(faults: LibvirtFaults, path: Any) -> None:
    """Lose this and a manager that is restarted leaves guests that are nowhere."""
    assert "source running unpaused" in fails("hang", faults.outlives_its_client)
    path.source.state = lambda: "gone"
    faults.outlives_its_client()


# --- the source's daemon --------------------------------------------------------------------------------


def test_source_whose_daemon_comes_back_goes_on(daemons: DaemonFaults, move: ScriptedMove) -> None:
    """Lose this and every daemon that is started again is a finding."""
    assert daemons.in_precopy("killed", "first-pass")
    assert daemons.in_precopy("stopped", "first-pass")
    assert move.source.daemon.told == ["end by 9", "restart", "signal 19", "signal 18", "reconnect"]


def test_daemon_that_nobody_gives_up_hangs(daemons: DaemonFaults, move: ScriptedMove) -> None:
    """Lose this and a destination waits for a silent host for ever."""
    move.destination.daemon.left = [1]
    said = fails("hang", lambda: daemons.in_precopy("stopped", "first-pass"))
    assert said == "nobody notices in time that the source's daemon is silent"
    assert move.source.daemon.told[-2:] == ["signal 18", "reconnect"]


def test_source_that_was_left_paused_is_told(
    daemons: DaemonFaults, move: ScriptedMove, path: Any, attempt: Any
) -> None:
    """Lose this and nobody sees that an operator would have had to resume the guest."""
    path.is_direct, states = True, iter([LEFT_PAUSED, "running"])
    move.runstate = lambda: next(states)  # type: ignore[method-assign]
    assert daemons.in_precopy("stopped", "switchover")
    assert attempt.figures[SOURCES_LEFT] == 1


def test_guest_that_beats_once_more_at_its_source_fails(daemons: DaemonFaults, move: ScriptedMove) -> None:
    """Lose this and a daemon that fails in a postcopy has guests run with memory of two times."""
    move.source.state = lambda: "gone"
    beats(move.destination, 4)
    vars(move)["hurry_in_postcopy"] = lambda: beats(move.source, 3)
    assert daemons.in_postcopy("killed").runs_on_new_build  # A line of before that is read late.
    vars(move)["hurry_in_postcopy"] = lambda: beats(move.source, 4)
    said = fails("never-both", lambda: daemons.in_postcopy("killed"))
    assert said == "source's daemon killed in postcopy: migration failed; the source beat 1 times"


def test_postcopy_that_does_not_end_without_a_daemon_hangs(daemons: DaemonFaults, move: ScriptedMove) -> None:
    """Lose this and a daemon that is updated where a guest arrives tears it in two."""
    move.source.state = lambda: "gone"
    assert daemons.at_destination_in_postcopy("killed").runs_on_new_build
    move.destination.state = lambda: "gone"
    assert "destination gone" in fails("hang", lambda: daemons.at_destination_in_postcopy("killed"))


def test_silent_daemon_of_a_postcopy_goes_on_once_it_is_given_up(
    daemons: DaemonFaults, move: ScriptedMove
) -> None:
    """Lose this and a daemon that hangs where a guest arrives is not tried, or stays silent."""
    move.source.state, over = (lambda: "gone"), [False]
    vars(move)["job"] = SimpleNamespace(done=lambda: over[0])
    said = fails("hang", lambda: daemons.at_destination_in_postcopy("stopped"))
    assert said.startswith("nobody notices in time that the ")
    over[0] = True
    assert daemons.at_destination_in_postcopy("stopped").runs_on_new_build
    assert move.destination.daemon.told == ["signal 19", "signal 18", "reconnect"] * 2


def test_source_that_stays_paused_after_its_postcopy_is_told(
    daemons: DaemonFaults, move: ScriptedMove, path: Any, attempt: Any
) -> None:
    """Lose this and nobody sees that an operator would have had to end the source."""
    move.destination.daemon.logged = GIVEN_UP
    move.source.state = lambda: "paused postcopy_failed"
    fails("hang", lambda: daemons.in_postcopy("stopped"))
    path.is_direct = True
    assert daemons.in_postcopy("stopped").runs_on_new_build
    assert attempt.figures[SOURCES_LEFT] == 1
