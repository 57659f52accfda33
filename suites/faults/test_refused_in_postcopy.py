# SPDX-License-Identifier: Apache-2.0
"""Does a postcopy go on to its end if it is asked for what it must refuse?"""

from fixtures.attempt.refused_in_postcopy import PostcopyPhase, RefusedInPostcopy
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promised
from suites.faults.cells import fault

CANCELLED: dict[str, PostcopyPhase] = {
    "fault-cancelled-in-postcopy": "postcopy",
    "fault-cancelled-in-recovery": "recovery",
}
NOT_TRUSTED = "fault-peer-not-trusted-in-recovery"


@promised(fault(aspect, "qmp", "postcopy", "N", vcpus=2) for aspect in CANCELLED)
def test_postcopy_refuses_to_be_cancelled(
    cell: Cell, guest: Guest, refused_in_postcopy: RefusedInPostcopy
) -> None:
    """Lose this and a manager that cancels a move too late tears the guest in two."""
    guest.works()
    assert refused_in_postcopy.cancel(CANCELLED[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()


@promised([fault(NOT_TRUSTED, "qmp", "postcopy-tls", "O", vcpus=2)])
def test_recovery_gives_a_stranger_nothing(guest: Guest, refused_in_postcopy: RefusedInPostcopy) -> None:
    """Lose this and whoever cuts a connection can have the rest of the guest's memory sent to himself."""
    guest.works()
    assert refused_in_postcopy.stranger().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
