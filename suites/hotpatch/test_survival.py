# SPDX-License-Identifier: Apache-2.0
"""Does the guest survive the move? One test for each profile; path and mechanism are the cell's."""

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest


@pytest.mark.guest(profile="busy")
def test_busy_guest_keeps_its_memory(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update corrupts the memory of every guest that writes while it is moved."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)


@pytest.mark.guest(profile="idle")
def test_idle_guest_wakes(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update leaves vCPUs asleep for good that were idle when they were moved."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
