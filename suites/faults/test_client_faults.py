# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest whose mover, a client that drives both daemons of libvirt, is killed late?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.client_faults import ClientFaults
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promised
from suites.faults.cells import fault

KILLED, HUNG = "fault-client-killed-in-switchover", "fault-client-hung-in-switchover"


@promised(fault(aspect, "libvirt-direct", "precopy", "S") for aspect in (KILLED, HUNG))
def test_guest_is_not_lost_with_its_mover(
    cell: Cell, guest: Guest, client_faults: ClientFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a manager that crashes at the end of a move has guests that run nowhere, or twice."""
    guest.works()
    assert client_faults.in_switchover(hung=cell.aspect == HUNG)
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised([fault("fault-client-killed-in-postcopy", "libvirt-direct", "postcopy", "U", vcpus=2)])
def test_postcopy_outlives_its_mover(guest: Guest, client_faults: ClientFaults) -> None:
    """Lose this and a manager that crashes during a postcopy tears its guest in two."""
    guest.works()
    assert client_faults.in_postcopy().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
