# SPDX-License-Identifier: Apache-2.0
"""Does the guest survive the move? One test for each profile; path and mechanism are the cell's."""

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell


@pytest.mark.guest(profile="busy")
def test_busy_guest_keeps_its_memory(cell: Cell, guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update corrupts the memory of every guest that writes while it is moved."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.lost_no_beat()
    if cell.hardware == "virtio":
        assert guest.devices_work()
    assert guest.kernel_log_is_clean()


@pytest.mark.guest(profile="idle")
def test_idle_guest_wakes(cell: Cell, guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update leaves vCPUs asleep for good that were idle when they were moved."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert guest.every_vcpu_wakes()
    assert guest.memory_is_intact()
    assert guest.lost_no_beat()
    if cell.hardware == "virtio":
        assert guest.devices_work()
    assert guest.kernel_log_is_clean()
