# SPDX-License-Identifier: Apache-2.0
"""What is concluded from moves that break, with sides that say what each test has them say.

Each check of fixtures/attempt/faults.py and stream_faults.py fails here once.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.attempt.faults import STILL_SECONDS, STOPPED_SECONDS, Faults, Phase
from fixtures.attempt.stream_faults import SAID_OF_DAMAGE, StreamFaults
from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.beats import Gap
from fixtures.machine.monitor import MonitorSilent
from fixtures.path.damage import How
from suites.harness.support.scripted_breaks import ScriptedBreaking, ScriptedMove, fails, read_no_clocks
from suites.harness.support.scripted_lives import life

BADLY: dict[str, Any] = {
    "never-both": {"destination_ran": True},
    "runstates": {"state": "paused"},
}


@pytest.fixture
def move() -> ScriptedMove:
    """A move that breaks as promised."""
    return ScriptedMove()


@pytest.fixture
def attempt(tmp_path: Path) -> Any:
    """An attempt whose guest runs on the old build."""
    return life(tmp_path)


@pytest.fixture(autouse=True)
def breaking(attempt: Any, move: ScriptedMove, monkeypatch: pytest.MonkeyPatch) -> ScriptedBreaking:
    """What begins the move. The guest's clocks are not read."""
    scripted = ScriptedBreaking(attempt, move)
    for module in ("faults", "stream_faults"):
        monkeypatch.setattr(f"fixtures.attempt.{module}.breaking_of", lambda _attempt: scripted)
    read_no_clocks(monkeypatch)
    return scripted


@pytest.fixture
def faults(attempt: Any) -> Faults:
    """Breaks it."""
    return Faults(attempt)


@pytest.fixture
def stream_faults_of(attempt: Any) -> StreamFaults:
    """Breaks what it sends."""
    return StreamFaults(attempt)


def stands_still(attempt: Any, seconds: float) -> None:
    """The guest does nothing for so long while it is moved."""
    attempt.guest.blackout = lambda **_span: Gap(1.0, 1.0 + seconds)


# --- before postcopy ------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["set-up", "first-pass", "later-pass", "switchover"])
def test_guest_that_goes_on_at_the_source_passes(faults: Faults, phase: Phase) -> None:
    """Lose this and every broken move is a finding."""
    assert faults.strikes("destination-killed", phase)


@pytest.mark.parametrize("check", BADLY)
def test_source_that_does_not_go_on_alone_fails(faults: Faults, move: ScriptedMove, check: str) -> None:
    """Lose this and a guest runs twice, or nowhere, and the cell passes."""
    vars(move).update(BADLY[check])
    fails(check, lambda: faults.strikes("channel-cut", "first-pass"))


def test_destination_that_runs_when_its_channel_ends_fails(faults: Faults, move: ScriptedMove) -> None:
    """Lose this and a destination that starts the part of a guest that it has is ended before it is seen."""

    def ends() -> bool:
        move.destination_ran = True
        return True

    move.destination_ends = ends  # type: ignore[method-assign]
    fails("never-both", lambda: faults.strikes("channel-cut", "first-pass"))


@pytest.mark.parametrize("phase", ["first-pass", "later-pass"])
def test_move_that_had_begun_to_complete_is_an_error_of_the_suite(
    faults: Faults, move: ScriptedMove, phase: Phase
) -> None:
    """Lose this and a guest that got no core for a second runs on both sides, or is lost."""
    move.stopped_at, move.destination_ran = 0.0, True
    with pytest.raises(RigError, match="before the suite broke it"):
        faults.strikes("cancelled", phase)
    move.stopped_at, move.destination_ran = float("inf"), False
    assert faults.strikes("cancelled", phase)


def test_source_is_stopped_in_its_switchover(faults: Faults, move: ScriptedMove) -> None:
    """Lose this and no switchover is broken."""
    move.stopped_at = 0.0
    assert faults.strikes("cancelled", "switchover")


def test_guest_that_is_dead_at_the_source_fails(faults: Faults, attempt: Any) -> None:
    """Lose this and a source that says `running` is believed."""
    attempt.guest.broken = True
    fails("alive", lambda: faults.strikes("cancelled", "first-pass"))


@pytest.mark.parametrize(
    "phase,seconds,holds",
    [
        ("first-pass", STILL_SECONDS - 1, True),
        ("first-pass", STILL_SECONDS + 3, False),
        ("switchover", STILL_SECONDS + 3, True),
        ("switchover", STOPPED_SECONDS + 3, False),
    ],
)
def test_guest_stands_still_no_longer_than_its_phase_implies(
    faults: Faults, attempt: Any, phase: Phase, seconds: float, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that nobody has stopped may stand still until the move has failed."""
    monkeypatch.setattr("fixtures.attempt.later_moves.patience", lambda seconds: seconds)
    stands_still(attempt, seconds)
    if holds:
        assert faults.strikes("destination-killed", phase)
    else:
        fails("stands-still", lambda: faults.strikes("destination-killed", phase))


def _raises(error: Exception) -> Callable[..., str]:
    def call(*_: object) -> str:
        raise error

    return call


@pytest.mark.parametrize(
    "does,error",
    [
        ("cancel", MonitorSilent("source (old)", "did not answer `migrate_cancel` within 20 s")),
        ("settled", HotPatchFailure("hang", "waited 10 s; last seen: cancelling", "the end")),
        ("runstate", MonitorSilent("source (old)", "did not answer `query-status` within 20 s")),
    ],
)
def test_source_that_hangs_while_it_is_cancelled_has_one_defect(
    faults: Faults, move: ScriptedMove, does: str, error: Exception
) -> None:
    """Lose this and chance decides whether a build has the defect of its control, or a regression."""
    vars(move)[does] = _raises(error)
    with pytest.raises(HotPatchFailure) as caught:
        faults.strikes("channel-stalled", "set-up")
    cause = "the source does not end a cancelled move while its channel is silent"
    assert (caught.value.check, caught.value.cause) == ("hang", cause)


def test_busy_machine_makes_no_guest_stand_still(
    faults: Faults, attempt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a cell fails because of what else runs on the machine."""
    monkeypatch.setattr("fixtures.waiting.overload", lambda: 3.0)
    stands_still(attempt, STILL_SECONDS * 2)
    assert faults.strikes("destination-killed", "first-pass")


def test_destination_that_runs_a_part_of_a_guest_fails(faults: Faults, move: ScriptedMove) -> None:
    """Lose this and a guest runs with half of its memory."""
    move.destination_ran = True
    fails("never-both", lambda: faults.destination_does_not_run("first-pass"))


def test_destination_that_stays_behind_fails(faults: Faults, move: ScriptedMove, attempt: Any) -> None:
    """Lose this and each host that fails leaves QEMUs on others."""
    assert faults.destination_does_not_run("first-pass")
    move.ends = False
    check = faults.destination_does_not_run("first-pass")
    assert (check.name, check.held) == ("destination-ends", False)
    assert attempt.guest.ended is True


# --- in postcopy ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check,how",
    [
        ("never-both", {"state": "running"}),
        ("runstates", {"paused_source": "failed"}),
        ("runstates", {"took": "it took `cont`"}),
    ],
)
def test_source_that_may_run_its_old_state_fails(
    faults: Faults, move: ScriptedMove, check: str, how: dict[str, str], attempt: Any
) -> None:
    """Lose this and a guest goes on with memory and disks of two times."""
    move.state = "paused"
    assert faults.source_stays_stopped("destination-killed")
    vars(move).update(how)
    if check == "never-both":
        fails(check, lambda: faults.source_stays_stopped("destination-killed"))
    else:
        last = faults.source_stays_stopped("destination-killed")
        assert (last.name, last.held) == (check, False)
    assert attempt.guest.ended is True


def test_destination_is_killed_before_its_guest_has_fetched_all(faults: Faults, move: ScriptedMove) -> None:
    """Lose this and the cell is an error on a busy host, where the guest works long before it is killed."""
    move.state = "paused"
    waited: list[str] = []
    vars(move)["settle_in_postcopy"] = lambda: waited.append("until it beats")
    assert faults.source_stays_stopped("destination-killed")
    assert not waited
    faults.destination_waits()
    assert waited


def test_destination_that_does_not_pause_fails(faults: Faults, move: ScriptedMove) -> None:
    """Lose this and whoever looks for a guest without its source finds nothing."""
    assert faults.destination_waits()
    move.paused = "failed"
    check = faults.destination_waits()
    assert (check.name, check.held) == ("runstates", False)


# --- what is sent ---------------------------------------------------------------------------------------


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch, move: ScriptedMove) -> None:
    """No build is asked which machine types it has, and the destination refuses the guest."""
    monkeypatch.setattr(StreamFaults, "_spec_of", lambda _self, _peer: None)
    move.words = "Machine type received is 'x' and local is 'y'"


@pytest.mark.usefixtures("peers")
def test_wrong_destination_that_refuses_a_guest_passes(stream_faults_of: StreamFaults) -> None:
    """Lose this and every build takes the guests of others, says the suite."""
    assert stream_faults_of.refused_by("other-machine-type")


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize(
    "check,how",
    [("refused", {"status": "completed"}), ("destination-ends", {"ends": False}), *BADLY.items()],
)
def test_wrong_destination_that_does_not_refuse_a_guest_fails(
    stream_faults_of: StreamFaults, move: ScriptedMove, check: str, how: dict[str, Any]
) -> None:
    """Lose this and a guest runs on in a machine that is another one."""
    vars(move).update(how)
    fails(check, lambda: stream_faults_of.refused_by("other-machine-type"))


@pytest.mark.usefixtures("peers")
def test_guest_is_looked_for_where_a_wrong_destination_runs_it(
    stream_faults_of: StreamFaults, move: ScriptedMove, breaking: ScriptedBreaking
) -> None:
    """Lose this and the harm is that of a guest whose destination the suite has ended."""
    move.status = "completed"
    fails("refused", lambda: stream_faults_of.refused_by("other-machine-type"))
    assert breaking.is_open


@pytest.mark.parametrize("how", SAID_OF_DAMAGE)
def test_damage_must_be_noticed_and_named(
    stream_faults_of: StreamFaults, move: ScriptedMove, how: How
) -> None:
    """Lose this and a damaged guest is loaded, or nobody can find out why its move fails."""
    move.words = "exit status 1"
    said = fails("refused", lambda: stream_faults_of.damaged(how))
    assert said == f"stream {how}: migration failed, source running; the destination: exit status 1"
    move.words = "exit status 1; qemu: Unsupported version 254; load of migration failed"
    assert stream_faults_of.damaged(how)
    move.ends = False
    fails("destination-ends", lambda: stream_faults_of.damaged(how))
    move.status = "completed"
    assert fails("refused", lambda: stream_faults_of.damaged(how)).startswith(f"stream {how}: migration comp")


def test_destination_that_libvirt_ends_early_has_named_the_damage(
    stream_faults_of: StreamFaults, move: ScriptedMove
) -> None:
    """Lose this and a busy host makes good builds fail: libvirt ends a QEMU before its last line."""
    move.words = "error while loading state for instance 0x0 of device 'cpu_common'; terminating on signal 15"
    assert stream_faults_of.damaged("truncated")


def test_damage_that_was_not_done_proves_nothing(stream_faults_of: StreamFaults, move: ScriptedMove) -> None:
    """Lose this and a build is blamed for a stream that arrived whole."""
    move.damaged, move.status = False, "completed"
    with pytest.raises(RigError, match="what is to be damaged was never sent"):
        stream_faults_of.damaged("changed")


@pytest.mark.parametrize("how", [{"status": "completed"}, {"why": "load of migration failed"}])
def test_stranger_must_be_refused_for_its_certificate(
    stream_faults_of: StreamFaults, move: ScriptedMove, how: dict[str, str]
) -> None:
    """Lose this and whoever can listen on a host's network gets the memory of its guests."""
    assert stream_faults_of.refused_as_a_stranger()
    vars(move).update(how)
    fails("refused", stream_faults_of.refused_as_a_stranger)


@pytest.mark.parametrize(
    "how,said",
    [
        ({"again": ""}, "a second move: it was taken"),
        ({"again": "Failed to connect"}, "a second move: Failed to connect; the first one goes on: True"),
        ({"under_way": False}, "the first one goes on: False"),
    ],
    ids=["taken", "another error", "ends the first"],
)
def test_second_move_must_be_refused_because_of_the_first(
    stream_faults_of: StreamFaults, move: ScriptedMove, how: dict[str, Any], said: str
) -> None:
    """Lose this and a guest is torn between two destinations, or its first move ends, and the cell passes."""
    vars(move).update(how)
    assert said in fails("refused", stream_faults_of.second_move_is_refused)


def test_second_move_that_is_refused_lets_the_first_end(stream_faults_of: StreamFaults) -> None:
    """Lose this and every second move is a finding."""
    assert stream_faults_of.second_move_is_refused().runs_on_new_build
