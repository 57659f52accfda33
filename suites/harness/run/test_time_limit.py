# SPDX-License-Identifier: Apache-2.0
"""The time limit of a test that runs on a slow host."""

import signal

import pytest

from fixtures.run.executing import pair_under_test_of
from fixtures.run.time_limit import USUAL


@pytest.mark.parametrize("stretch,longer", [(1.0, False), (20.0, True)])
def test_limit_is_as_long_as_the_bounds_of_the_host(
    stretch: float, longer: bool, request: pytest.FixtureRequest
) -> None:
    """Lose this and a guest that hangs on an emulated host is a bare `Timeout`, before its wait ends."""
    usual = request.node.stash[USUAL].timeout
    pair_under_test_of(request.config).when_placed(stretch)
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert (left > usual) == longer
    assert left <= usual * stretch
