# SPDX-License-Identifier: Apache-2.0
"""Does a guest that QEMU has suspended because its disk is full go on when there is room again?"""

from itertools import product

from fixtures.attempt.full_disk import FullDisk
from fixtures.attempt.written_disk import AttemptDisk
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.disks import DiskBus, DiskOptions
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import Promise, promised

BUSES: tuple[DiskBus, ...] = ("virtio-blk", "virtio-scsi")
PATHS: tuple[PathName, ...] = ("qmp", "libvirt")
AT_NIGHT: frozenset[tuple[PathName, DiskBus]] = frozenset({("qmp", "virtio-blk"), ("libvirt", "virtio-scsi")})
"""Each path, and each bus, once."""
FULL = [
    Promise(
        f"full-disk-{bus}",
        path=path,
        mechanism="precopy",  # Neither QEMU nor libvirt moves a guest by postcopy that stands still.
        options=GuestOptions(disk=DiskOptions("chain", bus, fills=True)),
        slow=(path, bus) not in AT_NIGHT,
        nightly_on=("x86_64",) if (path, bus) in AT_NIGHT else (),
    )
    for path, bus in product(PATHS, BUSES)
]


@promised(FULL)
def test_guest_whose_disk_was_full_goes_on(guest: Guest, full_disk: FullDisk, disk: AttemptDisk) -> None:
    """Lose this and a guest that waits for room on its disk is lost to an update, or loses what it wrote."""
    guest.works()
    assert full_disk.hot_patch().runs_on_new_build
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert examined(guest)
    assert disk.image_is_whole()
