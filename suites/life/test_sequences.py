# SPDX-License-Identifier: Apache-2.0
"""Does a guest come through all that happens to it, in any order: plugs, pauses, moves, reboots, cancels?

Guests that never boot, so that there can be hundreds of sequences. What must hold after each step is in
fixtures/still/steps.py and life.py.
"""

from __future__ import annotations

import pytest

from fixtures.sweep.sequences import sweep_sequences
from fixtures.sweep.sweep import Sweep

LIMIT_SECONDS = 3600
"""Two hundred sequences take some minutes, and each failure a minute more."""


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.sweep("sequences")
def test_guest_comes_through_any_sequence_of_steps(sweep: Sweep) -> None:
    """Lose this and an update breaks what only a guest with a history meets."""
    sweep_sequences(sweep)
