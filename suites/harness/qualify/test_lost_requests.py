# SPDX-License-Identifier: Apache-2.0
"""A failed cell whose guest has a disk on an iothread: does a build lose requests without any move?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fixtures.attempt.attempt import Attempt
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import HotPatchFailure, Unsupported
from fixtures.evidence.harm import Harm
from fixtures.guest.written_disk import DISK_REQUESTS
from fixtures.matrix.cells import Cell
from fixtures.matrix.disks import DiskBus, DiskOptions
from fixtures.matrix.field_devices import FIELD_DEVICES
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.schema import Pair, load_matrix
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.places import MATRIX_FILE
from fixtures.qualify.lost_requests import UNMOVED, bus_on_iothread, lost_without_move
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.qualification import Qualification

DEVICES = ("scsi-disk-iothread", "virtio-disk-iothread", "virtio-disk", "virtio-nic")
FIELD = Cell("x86_64", "pc", "newest-old", "libvirt", "postcopy", "busy", "proxmox", 2, devices=DEVICES)
WRITTEN = replace(
    FIELD,
    hardware="bare",
    devices=(),
    options=GuestOptions(disk=DiskOptions("raw", "virtio-blk", iothread=True)),
)
LOST = "devices: scsi-disk-iothread: an earlier request has not ended"
OLD, NEW = (Build(name, Sandbox(Path("/")), {}) for name in ("old", "new"))
FAILED, PASSED = RunRecord("old", "new", "fail", LOST), RunRecord("old", "new", "pass")


@pytest.mark.parametrize(
    "reason, bus",
    [
        (LOST, "virtio-scsi"),
        (f"second move, new → new: {LOST}", "virtio-scsi"),
        ("devices: virtio-disk-iothread: no end within 5100 ms", "virtio-blk"),
        (
            f"{LOST}; scsi-disk-iothread during the move: 19 of 75 rounds failed: no end within 5100 ms",
            "virtio-scsi",
        ),
        (f"{LOST}; virtio-nic: no end within 5100 ms", None),
        ("devices: virtio-disk: an earlier request has not ended", None),
        ("devices: scsi-disk-iothread: wrong data in block 7", None),
        ("memory: page 7 is wrong", None),
    ],
)
def test_only_a_disk_on_an_iothread_that_hangs_is_asked_about(reason: str, bus: DiskBus | None) -> None:
    """Lose this and a broken network is excused by a disk, or a hanging disk makes a clean pair unclean."""
    assert bus_on_iothread(FIELD, reason) == bus


@pytest.mark.parametrize(
    "tried, bus",
    [
        (WRITTEN, "virtio-blk"),
        (replace(WRITTEN, options=GuestOptions(disk=DiskOptions("raw", "virtio-blk"))), None),
    ],
)
def test_disk_that_the_guest_writes_counts_as_well(tried: Cell, bus: DiskBus | None) -> None:
    """Lose this and the cells about disks keep their rare failure without an explanation."""
    assert bus_on_iothread(tried, "disk-requests: 32 of 99 requests never ended") == bus
    assert bus_on_iothread(tried, "disk-requests: 3 of 99 requests failed; first EIO") is None


def test_each_field_device_on_an_iothread_is_known() -> None:
    """Lose this and a new field device on an iothread is never asked about."""
    names = [device.name for device in FIELD_DEVICES if "iothread" in " ".join(device.arguments)]
    reasons = {name: f"devices: {name}: an earlier request has not ended" for name in names}
    cell = replace(FIELD, devices=tuple(names))
    assert names
    assert [name for name, reason in reasons.items() if bus_on_iothread(cell, reason) is None] == []


@dataclass
class _Control:
    """Builds of which some lose requests; or a host that cannot open such a disk."""

    losing: tuple[str, ...] = ()
    unsupported: bool = False
    asked: list[tuple[Cell, str]] = field(default_factory=list)
    records: list[RunRecord] = field(default_factory=list)

    def __call__(self, cell: Cell, _scenario: object, build: Build, _label: str) -> RunRecord:
        self.asked.append((cell, build.name))
        self.records.append(self._record(build))
        return self.records[-1]

    def _record(self, build: Build) -> RunRecord:
        if self.unsupported:
            raise Unsupported("no O_DIRECT")
        if build.name not in self.losing:
            return RunRecord(build.name, build.name, "pass")
        said = "disk-requests: 32 of 99 requests never end after pause 7"
        signature = "disk-requests: they never end after a pause"
        return RunRecord(build.name, build.name, "fail", said, signature, harm=Harm.LOST)


@pytest.mark.parametrize(
    "losing, outcome, asked",
    [
        (("old", "new"), Outcome.DEFECT_OLD, ["old"]),
        (("new",), Outcome.DEFECT_NEW, ["old", "new"]),
        ((), None, ["old", "new"]),
    ],
)
def test_build_that_loses_requests_without_a_move_is_to_blame(
    losing: tuple[str, ...], outcome: Outcome | None, asked: list[str]
) -> None:
    """Lose this and a defect of both builds makes an update unsafe once in a hundred runs."""
    control = _Control(losing)
    found = lost_without_move(FIELD, Outcome.FLAKY, [FAILED, PASSED], OLD, NEW, control)
    assert (found[0] if found else None) is outcome
    assert [name for _, name in control.asked] == asked
    guest = control.asked[0][0]
    assert (guest.path, guest.mechanism, guest.devices) == ("qmp", "precopy", ())
    assert guest.options.disk == DiskOptions("raw", "virtio-scsi", iothread=True)
    assert found is None or found[1].startswith(LOST)
    assert {record.harm for record in control.records} == {None}


def test_self_pair_is_asked_once() -> None:
    """Lose this and a self pair makes a thousand stops, and blames a new build that is the old one."""
    control = _Control()
    assert lost_without_move(FIELD, Outcome.FLAKY, [FAILED, PASSED], OLD, OLD, control) is None
    assert [name for _, name in control.asked] == ["old"]


@pytest.mark.parametrize(
    "outcome, runs, unsupported",
    [
        (Outcome.REGRESSION, [FAILED, PASSED], False),
        (Outcome.FLAKY, [FAILED, FAILED, PASSED], False),
        (Outcome.FLAKY, [FAILED, PASSED], True),
    ],
)
def test_other_outcomes_stay_as_they_are(outcome: Outcome, runs: list[RunRecord], unsupported: bool) -> None:
    """Lose this and a disk that hangs after each move is excused by a defect that strikes seldom."""
    control = _Control(("old", "new"), unsupported=unsupported)
    assert lost_without_move(FIELD, outcome, runs, OLD, NEW, control) is None


@contextmanager
def _pair(name: str, evidence: Path) -> Iterator[PairUnderTest]:
    under_test = PairUnderTest(
        load_matrix(MATRIX_FILE), Pair(old=name, new=name), strict_pins=False, evidence=lambda: evidence
    )
    try:
        yield under_test
    finally:
        under_test.close()


@pytest.mark.slow
@pytest.mark.x86_64
@pytest.mark.parametrize("build, outcome", [("debian-13", Outcome.DEFECT_OLD), ("debian-12", Outcome.FLAKY)])
def test_real_builds_are_told_apart(build: str, outcome: Outcome, tmp_path: Path) -> None:
    """Lose this and the control finds nothing in a QEMU that loses requests, or blames one that does not.

    The failure of the first move is made here; that of the control is QEMU's own.
    """
    ends = iter((HotPatchFailure("devices", LOST.removeprefix("devices: "), "scsi-disk-iothread"),))

    def scenario(attempt: Attempt) -> None:
        attempt.guest.works()
        attempt.began = True
        if (end := next(ends, None)) is not None:
            raise end

    cell = replace(FIELD, path="qmp", profile="idle", devices=("scsi-disk-iothread",))
    with _pair(build, tmp_path) as under_test:
        result = Qualification(cell, "field", "nodeid", under_test, tmp_path, "").judge(scenario, repeat=1)
    assert result.outcome is outcome, result.reason
    stopped = result.runs[-1]
    assert stopped.reason.startswith(UNMOVED)
    assert len(result.runs) == 3
    assert (stopped.result == "fail") is (outcome is Outcome.DEFECT_OLD)
    assert stopped.result != "fail" or DISK_REQUESTS in stopped.reason
