# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if libvirt cannot write down where it is, because a disk is full?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.disk_faults import DiskFaults, DiskPhase
from fixtures.attempt.later_moves import LaterMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import Promise, promised
from suites.faults.cells import BY_LIBVIRT, fault

SET_UP_THERE = "fault-destination-disk-full-in-set-up"
SOURCE: dict[str, DiskPhase] = {
    "fault-source-disk-full-in-set-up": "set-up",
    "fault-source-disk-full-in-postcopy": "postcopy",
}
DESTINATION: dict[str, DiskPhase] = {
    "fault-destination-disk-full-in-first-pass": "first-pass",
    "fault-destination-disk-full-in-postcopy": "postcopy",
}


def _goes_on(aspect: str, phase: DiskPhase) -> list[Promise]:
    if phase == "postcopy":
        return [fault(aspect, path, "postcopy", "L", vcpus=2) for path in BY_LIBVIRT]
    return [fault(aspect, path, "precopy", "L") for path in BY_LIBVIRT]


@promised(promise for item in SOURCE.items() for promise in _goes_on(*item))
def test_guest_leaves_a_host_whose_disk_is_full(cell: Cell, guest: Guest, disk_faults: DiskFaults) -> None:
    """Lose this and no guest can be moved away from a host whose disk is full."""
    guest.works()
    assert disk_faults.goes_on("source", SOURCE[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()


@promised(promise for item in DESTINATION.items() for promise in _goes_on(*item))
def test_guest_outlives_the_full_disk_of_its_destination(
    cell: Cell, guest: Guest, disk_faults: DiskFaults, later: LaterMoves
) -> None:
    """Lose this and a disk that fills up while guests arrive costs them their lives."""
    guest.works()
    assert disk_faults.goes_on("destination", DESTINATION[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert later.again().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(SET_UP_THERE, path, "precopy", "A") for path in BY_LIBVIRT)
def test_guest_stays_where_it_is_if_the_disk_of_its_destination_is_full(
    guest: Guest, disk_faults: DiskFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a guest is lost on its way to a host that cannot take it."""
    guest.works()
    assert disk_faults.refused_in_set_up()
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()
