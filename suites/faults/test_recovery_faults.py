# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if its postcopy breaks once more, while it recovers?"""

from fixtures.attempt.recovery_faults import RecoveryFault, RecoveryFaults
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promised
from suites.faults.cells import fault

LETTERS: dict[RecoveryFault, str] = {"channel-cut": "W", "channel-stalled": "X"}
BROKEN: dict[str, RecoveryFault] = {
    "fault-channel-cut-in-recovery": "channel-cut",
    "fault-channel-stalled-in-recovery": "channel-stalled",
}


@promised(fault(aspect, "qmp", "postcopy", LETTERS[broken], vcpus=2) for aspect, broken in BROKEN.items())
def test_postcopy_whose_recovery_broke_recovers(
    cell: Cell, guest: Guest, recovery_faults: RecoveryFaults
) -> None:
    """Lose this and a network that fails twice in a row costs the guest its life."""
    guest.works()
    assert recovery_faults.recovers_again(BROKEN[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()


@promised([fault("fault-destination-killed-in-recovery", "qmp", "postcopy", "F")])
def test_source_does_not_run_the_guest_that_it_was_to_recover(
    guest: Guest, recovery_faults: RecoveryFaults
) -> None:
    """Lose this and a guest whose destination died goes on with memory and disks of two times."""
    guest.works()
    assert recovery_faults.source_stays_stopped()


@promised([fault("fault-source-killed-in-recovery", "qmp", "postcopy", "G")])
def test_destination_pauses_again_without_its_source(guest: Guest, recovery_faults: RecoveryFaults) -> None:
    """Lose this and a destination hangs, or ends, and whoever looks for the guest finds nothing."""
    guest.works()
    assert recovery_faults.destination_waits()
