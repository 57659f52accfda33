# SPDX-License-Identifier: Apache-2.0
"""What is concluded of moves by libvirt that meet a full disk, with sides that are scripted."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import disk_faults
from fixtures.attempt.disk_faults import DaemonDisk, DiskFaults, Stays
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError, Unsupported
from suites.harness.support.scripted_breaks import (
    ScriptedBreaking,
    ScriptedDaemon,
    ScriptedMove,
    fails,
    read_no_clocks,
)
from suites.harness.support.scripted_lives import life

FULL = "error : cannot write data to file '/run/libvirt/qemu/guest.xml.new': No space left on device"


@pytest.fixture
def move() -> ScriptedMove:
    """A move that breaks as promised."""
    return ScriptedMove()


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the disks."""
    found: list[str] = []

    class Disk:
        def __init__(self, _pid: int, place: Path) -> None:
            found.append(f"small {place}")

        def fill(self) -> None:
            found.append("fill")

        def empty(self) -> None:
            found.append("empty")

    monkeypatch.setattr(disk_faults, "SmallDisk", Disk)
    return found


class SmallDaemon(ScriptedDaemon):
    """A daemon whose disk may be small."""

    log_size = 0

    def __init__(self) -> None:
        super().__init__()
        self.connection = SimpleNamespace(getCapabilities=lambda: "")
        self.logged = FULL
        self.build = Build("one", Sandbox(Path("/")), {})

    def running(self) -> list[Any]:
        """Its only process."""
        return [SimpleNamespace(pid=1)]

    def log_tail(self, lines: int = 5) -> str:  # noqa: ARG002
        """What it said last."""
        return self.logged


@pytest.fixture
def faults(tmp_path: Path, move: ScriptedMove, did: list[str], monkeypatch: pytest.MonkeyPatch) -> DiskFaults:
    """Fills the disk of this move's destination."""
    assert not did
    attempt: Any = life(tmp_path)
    attempt.on_exit = lambda _end: None
    move.destination.daemon = SmallDaemon()
    monkeypatch.setattr(disk_faults, "LibvirtBreaking", lambda *_: ScriptedBreaking(attempt, move))
    monkeypatch.setattr(disk_faults, "LibvirtBreakableMove", ScriptedMove)
    monkeypatch.setattr(disk_faults, "path_on_this_host", lambda _attempt: None)
    read_no_clocks(monkeypatch)
    return DiskFaults(attempt)


@pytest.mark.parametrize("phase", ["set-up", "first-pass"])
def test_guest_that_goes_on_where_it_was_passes(faults: DiskFaults, did: list[str], phase: Stays) -> None:
    """Lose this and every full disk is a finding, or a disk stays full."""
    assert faults.stays(phase)
    assert did == [*(f"small {place}" for place in disk_faults.PLACES), "fill", "fill", "empty", "empty"]


@pytest.mark.parametrize(
    "check,script",
    [
        ("destination-ends", {"ends": False}),
        ("never-both", {"destination_ran": True}),
        ("runstates", {"state": "paused"}),
    ],
)
def test_move_that_a_full_disk_harms_fails(
    faults: DiskFaults, move: ScriptedMove, check: str, script: dict[str, Any]
) -> None:
    """Lose this and a disk that is full costs guests their lives, and nobody notices."""
    vars(move).update(script)
    fails(check, lambda: faults.stays("first-pass"))


def test_source_that_runs_its_old_state_fails(faults: DiskFaults, move: ScriptedMove) -> None:
    """Lose this and a guest runs with memory of two times."""
    move.state = "paused"
    assert faults.source_stays_stopped()
    move.took = "libvirt resumed it"
    assert not faults.source_stays_stopped()
    move.state = "running"
    fails("never-both", faults.source_stays_stopped)


def test_libvirt_that_takes_a_guest_all_the_same_is_not_blamed(
    faults: DiskFaults, move: ScriptedMove
) -> None:
    """Lose this and a libvirt that no longer loses its guest counts as one that has a defect."""
    move.status = "completed"
    with pytest.raises(Unsupported, match="libvirt of one takes a guest although its disk is full"):
        faults.source_stays_stopped()
    with pytest.raises(Unsupported, match="libvirt of one takes a guest although its disk is full"):
        faults.stays("set-up")


@pytest.mark.parametrize("side", ["source", "destination"])
def test_move_that_goes_on_passes(faults: DiskFaults, move: ScriptedMove, did: list[str], side: Any) -> None:
    """Lose this and every full disk in a postcopy is a finding, or a disk stays full."""
    move.source.daemon = SmallDaemon()
    assert faults.goes_on(side, "postcopy").runs_on_new_build
    assert did[-4:] == ["fill", "fill", "empty", "empty"]


def test_finding_comes_before_an_error_of_the_suite(faults: DiskFaults, move: ScriptedMove) -> None:
    """Lose this and a guest that is lost is an error of the suite, which says nothing about the builds."""
    move.destination.daemon.logged = ""
    move.state = "paused"
    fails("runstates", lambda: faults.stays("first-pass"))
    move.took = "libvirt resumed it"
    assert not faults.source_stays_stopped()


def test_move_that_no_full_disk_hindered_is_an_error_of_the_suite(
    faults: DiskFaults, move: ScriptedMove
) -> None:
    """Lose this and a build is blamed for a move that went well because its disk was not full."""
    move.destination.daemon.logged, move.status = "", "completed"
    with pytest.raises(RigError, match="did not try to write to its full disk"):
        faults.stays("set-up")
    with pytest.raises(RigError, match="did not try to write to its full disk"):
        faults.source_stays_stopped()


def test_disk_that_nobody_missed_is_an_error_of_the_suite(did: list[str]) -> None:
    """Lose this and a cell passes in which no disk was full."""
    daemon = SmallDaemon()
    disk = DaemonDisk(daemon)
    disk.fill()
    disk.has_room_again()
    disk.was_missed()
    daemon.logged = "warning : something else"
    with pytest.raises(RigError, match="did not try to write to its full disk: warning : something else"):
        disk.was_missed()
    assert did[-2:] == ["empty", "empty"]
