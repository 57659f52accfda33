# SPDX-License-Identifier: Apache-2.0
"""Is what QEMU offers at an address of its host, such as VNC, reachable after a move on one host?"""

import pytest

from fixtures.sweep.endpoints import sweep_endpoints
from fixtures.sweep.sweep import Sweep


@pytest.mark.sweep("endpoints")
def test_endpoints_are_reachable_after_the_move(sweep: Sweep) -> None:
    """Lose this and nobody sees the screen of a guest that moved, or reaches its agent, until it restarts."""
    sweep_endpoints(sweep, works=True)


@pytest.mark.sweep("clashes")
def test_same_address_on_both_sides(sweep: Sweep) -> None:
    """Lose this and an update that changes what a move does with a fixed address goes unnoticed."""
    sweep_endpoints(sweep, works=False)
