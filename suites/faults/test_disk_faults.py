# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if libvirt cannot write down where it is, because a disk is full?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.disk_faults import DiskFaults, GoesOn, Stays
from fixtures.attempt.later_moves import LaterMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promised
from suites.faults.cells import BY_LIBVIRT, fault

SOURCE = "fault-source-disk-full-in-set-up"
POSTCOPY_HERE = "fault-source-disk-full-in-postcopy"
POSTCOPY_THERE = "fault-destination-disk-full-in-postcopy"
LOST = "fault-destination-disk-full-before-postcopy"
PHASES: dict[str, GoesOn] = {SOURCE: "set-up", POSTCOPY_HERE: "postcopy"}
STAYS: dict[str, Stays] = {
    "fault-destination-disk-full-in-set-up": "set-up",
    "fault-destination-disk-full-in-first-pass": "first-pass",
}


@promised(fault(POSTCOPY_HERE, path, "postcopy", "L", vcpus=2) for path in BY_LIBVIRT)
@promised(fault(SOURCE, path, "precopy", "L") for path in BY_LIBVIRT)
def test_guest_leaves_a_host_whose_disk_is_full(cell: Cell, guest: Guest, disk_faults: DiskFaults) -> None:
    """Lose this and no guest can be moved away from a host whose disk is full."""
    guest.works()
    assert disk_faults.goes_on("source", PHASES[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(POSTCOPY_THERE, path, "postcopy", "L", vcpus=2) for path in BY_LIBVIRT)
def test_postcopy_outlives_the_full_disk_of_its_destination(
    guest: Guest, disk_faults: DiskFaults, later: LaterMoves
) -> None:
    """Lose this and a disk that fills up while guests arrive costs them their lives."""
    guest.works()
    assert disk_faults.goes_on("destination", "postcopy").runs_on_new_build
    assert guest.memory_is_intact()
    assert later.again().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(aspect, path, "precopy", "A") for aspect in STAYS for path in BY_LIBVIRT)
def test_guest_goes_on_if_the_disk_of_its_destination_is_full(
    cell: Cell, guest: Guest, disk_faults: DiskFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a guest is lost on its way to a host that cannot take it."""
    guest.works()
    assert disk_faults.stays(STAYS[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(LOST, path, "postcopy", "F") for path in BY_LIBVIRT)
def test_source_does_not_run_what_a_full_disk_has_ended(guest: Guest, disk_faults: DiskFaults) -> None:
    """Lose this and a guest whose destination ended goes on with memory and disks of two times."""
    guest.works()
    assert disk_faults.source_stays_stopped()
