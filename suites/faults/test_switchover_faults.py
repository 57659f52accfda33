# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest that libvirt moves if its switchover takes long, or is aborted?"""

from fixtures.attempt.switchover_faults import SwitchoverFaults
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promised
from suites.faults.cells import BY_LIBVIRT, fault

SILENT, ABORTED = "fault-channel-stalled-in-switchover", "fault-cancelled-in-switchover"


@promised(fault(SILENT, path, "precopy", "Z") for path in BY_LIBVIRT)
def test_move_outlasts_a_silent_switchover(guest: Guest, switchover_faults: SwitchoverFaults) -> None:
    """Lose this and a network that is silent for seconds costs a guest its life, or has it run twice."""
    guest.works()
    assert switchover_faults.outlasts_a_silence().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()


@promised(fault(ABORTED, path, "precopy", "AA") for path in BY_LIBVIRT)
def test_guest_of_an_aborted_switchover_runs_once(guest: Guest, switchover_faults: SwitchoverFaults) -> None:
    """Lose this and an operator who aborts a move at its end has a guest that runs nowhere, or twice."""
    guest.works()
    assert switchover_faults.aborted().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
