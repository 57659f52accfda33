# SPDX-License-Identifier: Apache-2.0
"""Does a disk with many requests in flight keep every write that it has acknowledged?"""

from __future__ import annotations

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.written_disk import AttemptDisk
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.disks import BY_DEFAULT, covering_disks
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import Promise, promised

DISKS = [
    Promise(
        f"disk-{disk.name}",
        path="qmp",
        mechanism=mechanism,
        options=GuestOptions(disk=disk),
        slow=(disk, mechanism) not in BY_DEFAULT,
    )
    for disk, mechanism in covering_disks()
]


@promised(DISKS)
def test_no_acknowledged_write_is_lost(guest: Guest, hot_patch: HotPatch, disk: AttemptDisk) -> None:
    """Lose this and a database whose commits were acknowledged finds its files damaged after an update."""
    guest.works()
    disk.is_written()
    assert hot_patch().runs_on_new_build
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert disk.keeps_its_bitmap()
    assert examined(guest)
    assert disk.image_is_whole()
