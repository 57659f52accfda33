# SPDX-License-Identifier: Apache-2.0
"""What QEMU says of the dirty bitmap of a moved guest's disk, as a check."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

import fixtures.attempt.written_disk
import fixtures.guest.written_disk
from fixtures.attempt.written_disk import INDEX, AttemptDisk, bitmap_kept
from fixtures.errors import RigError, Unsupported
from fixtures.evidence.blocks import BLOCK
from fixtures.evidence.checks import Check
from fixtures.machine.monitor import CommandRefused, Event
from fixtures.matrix.disks import BITMAP, DISK, ONCE_BLOCKS, WRITTEN_BLOCKS, DiskBus, DiskOptions
from fixtures.path.libvirt.domain import Domain

MARKED = (WRITTEN_BLOCKS + ONCE_BLOCKS) * BLOCK
KEPT = {
    "name": BITMAP,
    "count": MARKED,
    "recording": True,
    "persistent": True,
    "inconsistent": False,
}


def _nodes(*bitmaps: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"node-name": f"{DISK}-file"}, {"node-name": f"{DISK}-image", "dirty-bitmaps": list(bitmaps)}]


def test_bitmap_that_is_kept_holds() -> None:
    """Lose this and each guest with a bitmap counts against the update."""
    assert bitmap_kept(_nodes(KEPT))


@pytest.mark.parametrize(
    "change",
    [
        {"count": WRITTEN_BLOCKS * BLOCK},
        {"count": MARKED + BLOCK},
        {"recording": False},
        {"persistent": False},
        {"inconsistent": True},
        {"name": "other"},
    ],
)
def test_bitmap_that_is_not_kept_is_found(change: dict[str, Any]) -> None:
    """Lose this and the next incremental backup of a moved guest lacks what it wrote."""
    assert not bitmap_kept(_nodes({**KEPT, **change}))


def test_bitmap_in_memory_is_kept_as_one() -> None:
    """Lose this and a bitmap that QEMU has written into the image passes for one that moved along."""
    assert bitmap_kept(_nodes({**KEPT, "persistent": False}), persistent=False)
    assert not bitmap_kept(_nodes(KEPT), persistent=False)


def test_bitmap_that_is_gone_is_found() -> None:
    """Lose this and a guest whose bitmap did not arrive passes."""
    check = bitmap_kept(_nodes())
    assert (check.held, check.what) == (False, "it is gone")


class _Paused:
    """A guest whose requests no longer end after some pauses; QEMU has done `left` of them less."""

    def __init__(self, *, lives: int, left: int | None = 0, bus: DiskBus = "virtio-blk") -> None:
        self.pauses, self.ended, self._lives, self._left = 0, 4, lives, left
        self.asked: list[tuple[str, int]] = []
        self.options = SimpleNamespace(disk=DiskOptions("raw", bus, iothread=True))
        self.setting = SimpleNamespace(spec=SimpleNamespace(options=self.options, vcpus=2))
        self.monitor = self.agent = self.guest = self.machine = self

    def pause(self) -> None:
        self.pauses += 1

    def resume(self) -> None: ...

    def record(self, check: Check) -> Check:
        return check

    def ask(self, command: str, **_: object) -> dict[str, str]:
        if command == "disk-state" and self.pauses < self._lives:
            self.ended += 8
        submitted = self.ended + (0 if self.pauses < self._lives else 2)
        return {"submitted": str(submitted), "ended": str(self.ended), "failed": "0", "laps": "1"}

    def execute(self, command: str, *, path: str, queue: int) -> dict[str, int]:
        if self._left is None:
            raise CommandRefused(command, "CommandNotFound", "no such command")
        self.asked.append((path, queue))
        done = int(self.ask("")["submitted"]) - self._left if self.pauses else 0
        first = queue == self.asked[0][1]
        return {"used-idx": (INDEX - 1 + done) % INDEX if first else 0}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait for requests, and a guest that is paused without a monitor."""
    monkeypatch.setattr(fixtures.guest.written_disk, "GO_ON_SECONDS", 0.0)
    monkeypatch.setattr(fixtures.attempt.written_disk, "management_of", lambda machine: machine)


def _after_pauses(guest: _Paused) -> Check:
    disk = AttemptDisk(guest)  # type: ignore[arg-type]
    disk.is_written()
    return disk.outlives_pauses(5)


@pytest.mark.usefixtures("impatient")
def test_guest_that_goes_on_after_each_pause_passes() -> None:
    """Lose this and every guest counts as one that a pause has harmed."""
    guest = _Paused(lives=6)
    check = _after_pauses(guest)
    assert (guest.pauses, check.held, check.detail) == (5, True, "requests ended after each of 5 pauses")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "left, words",
    [
        (0, "; QEMU has done all of them, but the guest did not get the interrupt"),
        (2, "; QEMU has not done 2 of them"),
        (None, ""),
    ],
)
def test_requests_that_a_pause_loses_are_found(left: int | None, words: str) -> None:
    """Lose this and a disk that hangs after a pause passes, or nobody knows whether QEMU did its part."""
    guest = _Paused(lives=3, left=left)
    check = _after_pauses(guest)
    assert not check
    assert guest.pauses == 3
    assert check.detail == f"2 of {guest.ended + 2} requests never end after pause 3{words}"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("bus, queues", [("virtio-blk", {0, 1}), ("virtio-scsi", {2, 3}), ("ahci", set())])
def test_queues_of_requests_are_asked(bus: DiskBus, queues: set[int]) -> None:
    """Lose this and the words about lost requests are about another queue."""
    guest = _Paused(lives=3, bus=bus)
    assert not _after_pauses(guest)
    assert {queue for _, queue in guest.asked} == queues


class _Limited:
    """A guest whose disk has a limit, and for which QEMU does so many requests in two seconds."""

    def __init__(self, done: int, merged: int = 0) -> None:
        self.options = SimpleNamespace(disk=DiskOptions("throttled", "virtio-blk"))
        self.setting = SimpleNamespace(spec=SimpleNamespace(options=self.options))
        self.guest = self.machine = self.monitor = self
        self._counted = [(0, 0), (done, merged)]

    def record(self, check: Check) -> Check:
        return check

    def execute(self, command: str) -> list[dict[str, Any]]:
        assert command == "query-blockstats"
        done, merged = self._counted.pop(0)
        stats = {"rd_operations": 0, "rd_merged": 0, "wr_operations": done, "wr_merged": merged}
        other = {"qdev": "/machine/peripheral/other/virtio-backend", "stats": {}}
        return [other, {"qdev": f"/machine/peripheral/{DISK}/virtio-backend", "stats": stats}]


@pytest.mark.parametrize(
    "done, merged, held", [(0, 0, True), (872, 0, True), (873, 0, False), (1872, 1000, True)]
)
def test_limit_that_is_gone_is_found(
    done: int, merged: int, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest takes the disk from all others after an update, or merged requests fail it."""
    clock = SimpleNamespace(monotonic=iter((10.0, 12.0)).__next__, sleep=lambda _: None)
    monkeypatch.setattr(fixtures.attempt.written_disk, "time", clock)
    check = AttemptDisk(_Limited(done, merged)).keeps_its_limit()  # type: ignore[arg-type]
    assert check.held == held
    assert "in 2.0 s; the limit allows 872" in check.detail
    assert ("not put to the test" in check.detail) is (done == 0)


class _OfLibvirt(Domain):
    """A domain, which ends when it is asked to."""

    def __init__(self, build: object, host: object) -> None:
        self.build, self.host, self.ended = build, host, False  # type: ignore[assignment]

    def ends(self) -> None:
        self.ended = True


def test_image_of_a_domain_is_examined_once_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the image is read while QEMU writes to it; or only guests of QMP have it examined."""
    seen: list[bool] = []

    def examine(*_: object, merged: bool) -> str:
        assert not merged
        seen.append(domain.ended)
        return "it is damaged"

    monkeypatch.setattr(fixtures.attempt.written_disk, "image_faults", examine)
    domain = _OfLibvirt("build", SimpleNamespace(programs=None, attempt_dir=None))
    guest = _Paused(lives=1)
    guest.machine = domain  # type: ignore[assignment]
    disk = AttemptDisk(guest)  # type: ignore[arg-type]
    disk._ended, disk._done_before = {"laps": "1", "position": "0"}, 0
    check = disk.image_is_whole()
    assert (check.held, check.detail, seen) == (False, "it is damaged", [True])
    assert disk.whose_fault({"submitted": "2"}) == "", "a domain is asked nothing that taints it"


class _Plugs:
    """A guest whose QEMU takes `device_add`, or refuses it."""

    def __init__(self, disk: DiskOptions, refusal: str = "", machine_type: str = "pc-q35-7.2") -> None:
        self.plugged: list[dict[str, str]] = []
        self._refusal = refusal
        self.options = SimpleNamespace(disk=disk)
        self.spec = SimpleNamespace(options=self.options, vcpus=1, machine_type=machine_type, beat_ms=4)
        self.setting = SimpleNamespace(spec=self.spec)
        self.build = SimpleNamespace(name="old")
        self.events: list[Event] = []
        self.monitor = self.agent = self.guest = self.machine = self

    def record(self, check: Check) -> Check:
        return check

    def execute(self, command: str, **given: str) -> None:
        if self._refusal:
            raise CommandRefused(command, "GenericError", self._refusal)
        self.plugged.append(given)

    def beats_arrive(self, wanted: int) -> None:
        """After 5 s the guest gives it back."""
        if wanted * self.spec.beat_ms > 5000:
            self.events.append(Event(0.0, "DEVICE_DELETED", {"device": "io"}))


def test_disk_is_plugged_into_the_running_guest() -> None:
    """Lose this and a guest has no disk, or one that is not what its destination has."""
    guest = _Plugs(DiskOptions("qcow2", "virtio-blk", plugged=True))
    AttemptDisk(guest).is_there()  # type: ignore[arg-type]
    disk = {
        "driver": "virtio-blk-pci",
        "id": "io",
        "bus": "io-port",
        "drive": "io-image",
        "write-cache": "on",
    }
    assert guest.plugged == [disk]


def test_disk_that_the_guest_gives_back_is_no_finding() -> None:
    """Lose this and QEMU 5.2, under which a guest has no plugged disk for long, is a fault of the update."""
    guest = _Plugs(DiskOptions("raw", "virtio-blk", plugged=True), machine_type="pc-q35-5.2")
    with pytest.raises(Unsupported, match="under old the guest gives a plugged disk back by itself"):
        AttemptDisk(guest).is_there()  # type: ignore[arg-type]


def test_disk_that_is_there_from_the_start_is_not_plugged() -> None:
    """Lose this and QEMU refuses a second disk of one name."""
    guest = _Plugs(DiskOptions("raw", "virtio-blk"))
    AttemptDisk(guest).is_there()  # type: ignore[arg-type]
    assert guest.plugged == []


def test_disk_that_cannot_be_plugged_is_an_error() -> None:
    """Lose this and a build is blamed for a disk that its guest never had."""
    guest = _Plugs(DiskOptions("raw", "virtio-blk", plugged=True), "no slot")
    with pytest.raises(RigError, match="cannot be plugged before any move: device_add: no slot"):
        AttemptDisk(guest).is_there()  # type: ignore[arg-type]
