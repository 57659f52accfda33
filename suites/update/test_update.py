# SPDX-License-Identifier: Apache-2.0
"""Do guests outlive the update of their host, and can the updated host move them into its new QEMU?"""

from __future__ import annotations

import pytest

from fixtures.sweep.sweep import Sweep
from fixtures.update.cells import sweep_update

SECONDS = 5 * 3600
"""Five rounds: old→new, that again, two controls, and the way back. Jobs of CI engines end after 6 hours."""


@pytest.mark.timeout(SECONDS)
@pytest.mark.sweep("update")
def test_guests_outlive_the_update_of_their_host(sweep: Sweep) -> None:
    """Lose this and the update of a host's packages strands or ends the guests that run on it."""
    sweep_update(sweep)
