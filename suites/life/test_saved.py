# SPDX-License-Identifier: Apache-2.0
"""Can the new build load what the old one has saved of a guest?

By QMP as an internal snapshot, by libvirt as `virsh save` and `virsh restore` do it. A managed save is tested
in suites/libvirt/test_interruptions.py.
"""

from collections.abc import Iterator

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.saved import SavedWithDisk
from fixtures.attempt.snapshots import Snapshots
from fixtures.attempt.written_disk import AttemptDisk
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.disks import DiskOptions
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import Promise, promise, promised

ASPECTS: dict[PathName, str] = {"qmp": "snapshot", "libvirt": "saved"}
ON_A_DISK = GuestOptions(disk=DiskOptions("qcow2", "virtio-blk"))
OLD_TYPE_BY_LIBVIRT = ("libvirt", "oldest-shared")
"""Not at night: root ports of pc-q35-2.9 and older types lose their MSI-X tables whatever the builds."""


def _promises() -> Iterator[Promise]:
    """On the newest machine type of the old build, and on the oldest that both have."""
    for path, aspect in ASPECTS.items():
        for version in ("newest-old", "oldest-shared"):
            yield Promise(
                aspect,
                path=path,
                mechanism="precopy",
                hardware="virtio",
                version=version,
                default_on=(),
                nightly_on=() if (path, version) == OLD_TYPE_BY_LIBVIRT else ("x86_64",),
            )


@promised(_promises())
def test_saved_guest_goes_on_in_the_new_build(guest: Guest, saved_hot_patch: HotPatch) -> None:
    """Lose this and a guest that was saved before the update never starts again."""
    guest.works()
    assert saved_hot_patch().runs_on_new_build
    assert examined(guest)


@promise(
    "snapshot-with-disk",
    path="qmp",
    mechanism="precopy",
    default_on=(),
    nightly_on=("x86_64",),
    options=ON_A_DISK,
)
@promise(
    "snapshot-external",
    path="libvirt",
    mechanism="precopy",
    default_on=(),
    nightly_on=("x86_64",),
    options=ON_A_DISK,
)
def test_snapshot_with_the_disk_goes_on_in_the_new_build(
    guest: Guest, disk: AttemptDisk, saved_with_disk: SavedWithDisk
) -> None:
    """Lose this and a snapshot from before the update has memory and disk of two times."""
    guest.works()
    disk.is_written()
    assert saved_with_disk.hot_patch().runs_on_new_build
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert examined(guest)
    assert disk.image_is_whole()


@promise(
    "snapshot-later",
    path="qmp",
    mechanism="multifd",
    profile="busy",
    default_on=(),
    nightly_on=("x86_64",),
)
def test_guest_outlives_a_snapshot_after_its_move(
    guest: Guest, hot_patch: HotPatch, snapshots: Snapshots
) -> None:
    """Lose this and a guest dies with its first snapshot, because its move has left a capability on."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert snapshots.one_is_made_or_refused()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
