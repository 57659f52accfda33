# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if a daemon or a client of libvirt fails while the guest is moved?"""

from itertools import product

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.libvirt_faults import DaemonFault, DaemonPhase, LibvirtFaults
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promised
from suites.faults.cells import BY_LIBVIRT, fault

DAEMON: dict[str, tuple[DaemonFault, DaemonPhase]] = {
    "fault-destination-daemon-killed-in-first-pass": ("killed", "first-pass"),
    "fault-destination-daemon-killed-in-switchover": ("killed", "switchover"),
    "fault-destination-daemon-stopped-in-first-pass": ("stopped", "first-pass"),
    "fault-destination-daemon-stopped-in-switchover": ("stopped", "switchover"),
}
CLIENT_KILLED = "fault-client-killed-in-first-pass"
LEARNS_LATER = ("fault-destination-daemon-stopped-in-first-pass", "libvirt-direct")
"""A client that drives both daemons asks that of the destination again only once all is sent."""


@promised(fault(*each, "precopy", "K") for each in product(DAEMON, BY_LIBVIRT) if each != LEARNS_LATER)
def test_guest_goes_on_without_the_daemon_of_its_destination(
    cell: Cell, guest: Guest, libvirt_faults: LibvirtFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a daemon that fails on one host costs guests of another one their lives."""
    guest.works()
    assert libvirt_faults.daemon_of_destination(*DAEMON[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised([fault(CLIENT_KILLED, "libvirt", "precopy", "L")])
def test_move_between_daemons_outlives_its_client(guest: Guest, libvirt_faults: LibvirtFaults) -> None:
    """Lose this and a manager that is restarted leaves guests that are nowhere."""
    guest.works()
    assert libvirt_faults.outlives_its_client().runs_on_new_build
    assert guest.memory_is_intact()


@promised([fault(CLIENT_KILLED, "libvirt-direct", "precopy", "M")])
def test_move_by_a_client_ends_with_it(
    guest: Guest, libvirt_faults: LibvirtFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a manager that crashes costs the guest that it was moving."""
    guest.works()
    assert libvirt_faults.aborted_without_its_client()
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()
