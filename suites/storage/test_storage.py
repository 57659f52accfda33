# SPDX-License-Identifier: Apache-2.0
"""Does a disk with many requests in flight keep every write that it has acknowledged?

And can a medium in a CD-ROM drive be read and changed?
"""

from __future__ import annotations

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.bitmaps import TransientBitmap
from fixtures.attempt.written_disk import AttemptDisk
from fixtures.guest.cdrom import Cdrom
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix import cdroms, disks
from fixtures.matrix.disks import BY_DEFAULT, DiskOptions, covering_disks
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import Promise, promise, promised

DISKS = [
    Promise(
        f"disk-{disk.name}",
        path="qmp",
        mechanism=mechanism,
        options=GuestOptions(disk=disk),
        slow=(disk, mechanism) not in BY_DEFAULT,
        nightly_on=("x86_64",) if (disk, mechanism) in disks.AT_NIGHT else (),
        only="x86_64" if (disk, mechanism) in (*disks.LSILOGIC, *disks.PLUGGED) else None,
    )
    for disk, mechanism in covering_disks()
]
BY_LIBVIRT = [
    Promise(
        f"disk-{disk.name}",
        path="libvirt",
        mechanism=mechanism,
        options=GuestOptions(disk=disk),
        slow=True,
        nightly_on=("x86_64",) if disk.format == "chain" else (),
        # libvirt has no SATA on pseries.
        only="x86_64" if disk.bus == "ahci" else None,
    )
    for disk, mechanism in disks.BY_LIBVIRT
]

PAUSED = [
    Promise(
        f"disk-{disk.name}-pauses",
        path="qmp",
        mechanism="precopy",
        options=GuestOptions(disk=disk),
        slow=disk.bus != "virtio-blk" or not disk.iothread,
    )
    for disk in (
        DiskOptions("raw", "virtio-blk", iothread=True),
        DiskOptions("raw", "virtio-scsi", iothread=True),
        DiskOptions("raw", "virtio-blk"),
    )
]

CDROMS = [
    Promise(
        f"cdrom-{drive.name}",
        path=path,
        mechanism=mechanism,
        options=GuestOptions(cdrom=drive),
        slow=(path, drive, mechanism) != ("qmp", *cdroms.BY_DEFAULT),
        nightly_on=("x86_64",) if (path, mechanism, drive.name) == ("qmp", "postcopy", "virtio-scsi") else (),
        # libvirt has no SATA on pseries.
        only="x86_64" if path == "libvirt" and drive.bus == "ahci" else None,
    )
    for path, moved in cdroms.MOVED.items()
    for drive, mechanism in moved
]


@promised([*DISKS, *BY_LIBVIRT])
def test_no_acknowledged_write_is_lost(guest: Guest, hot_patch: HotPatch, disk: AttemptDisk) -> None:
    """Lose this and a database whose commits were acknowledged finds its files damaged after an update."""
    disk.is_there()
    guest.works()
    disk.is_written()
    assert hot_patch().runs_on_new_build
    assert disk.keeps_its_limit()
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert disk.keeps_its_bitmap()
    assert examined(guest)
    assert disk.image_is_whole()


@promise(
    "bitmap-in-memory",
    path="qmp",
    mechanism="precopy",
    default_on=(),
    nightly_on=("x86_64",),
    options=GuestOptions(disk=DiskOptions("qcow2", "virtio-blk")),
)
def test_dirty_bitmap_that_is_in_memory_moves_along(
    guest: Guest, disk: AttemptDisk, transient_bitmap: TransientBitmap
) -> None:
    """Lose this and the next incremental backup lacks what was written before the update."""
    guest.works()
    transient_bitmap.begins()
    disk.is_written()
    assert transient_bitmap.hot_patch().runs_on_new_build
    assert transient_bitmap.is_kept()
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert examined(guest)
    assert disk.image_is_whole()


@promised(PAUSED)
def test_no_request_is_lost_by_a_pause(guest: Guest, hot_patch: HotPatch, disk: AttemptDisk) -> None:
    """Lose this and a guest's disk hangs after a snapshot or the next move, which pause the guest."""
    guest.works()
    disk.is_written()
    assert hot_patch().runs_on_new_build
    assert disk.outlives_pauses()
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert examined(guest)


@promised(CDROMS)
def test_medium_can_be_read_and_changed(guest: Guest, hot_patch: HotPatch, cdrom: Cdrom) -> None:
    """Lose this and a guest that is installed from a medium fails, or nobody can give it another one."""
    cdrom.is_used()
    guest.works()
    assert hot_patch().runs_on_new_build
    for check in cdrom.is_as_before():
        assert check
    for check in cdrom.takes_another_medium():
        assert check
    assert examined(guest)
