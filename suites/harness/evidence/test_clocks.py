# SPDX-License-Identifier: Apache-2.0
"""What two readings of a guest's clocks prove of the time between them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.evidence.beats import Gap
from fixtures.evidence.clocks import ClockReading, clocks_advance

BEFORE = ClockReading(100.0, 100.002, 5_000_000, 1_795_000_000_000_000)
BLACKOUT = Gap(103.0, 103.4)


def read_after(mono: float, wall: float, delay: float = 0.002) -> ClockReading:
    """A reading 10 s after BEFORE by the host, and so many seconds after it by the guest's clocks.

    The guest took `delay` seconds to answer.
    """
    mono_us, wall_us = BEFORE.mono_us + round(mono * 1e6), BEFORE.wall_us + round(wall * 1e6)
    return ClockReading(110.0, 110.0 + delay, mono_us, wall_us)


@pytest.mark.parametrize("seconds", [9.56, 9.6, 10.0, 10.04])
def test_clock_that_stands_still_in_the_blackout_holds(seconds: float) -> None:
    """Lose this and every guest whose QEMU stopped its clock at the switchover counts as broken."""
    assert clocks_advance(BEFORE, read_after(seconds, seconds), BLACKOUT)


@pytest.mark.parametrize("seconds", [8.0, 9.5, 10.1, 12.0])
def test_clock_that_jumps_is_found(seconds: float) -> None:
    """Lose this and a guest comes out of its move in the past or in the future."""
    check = clocks_advance(BEFORE, read_after(seconds, seconds), BLACKOUT)
    assert (check.held, check.name, check.what) == (False, "clocks-advance", "monotonic, wall")


@pytest.mark.parametrize(
    "mono,wall,what", [(10.0, 12.0, "wall"), (10.0, 8.0, "wall"), (8.0, 10.0, "monotonic")]
)
def test_the_clock_that_jumps_is_named(mono: float, wall: float, what: str) -> None:
    """Lose this and a wrong wall clock and a wrong timer are taken for one defect."""
    assert clocks_advance(BEFORE, read_after(mono, wall), BLACKOUT).what == what


def test_time_to_answer_is_no_jump() -> None:
    """Lose this and a guest that answers late on a busy host counts as broken."""
    late = read_after(13.0, 13.0, delay=3.2)
    assert clocks_advance(BEFORE, late, BLACKOUT)
    slow_before = replace(BEFORE, asked=98.0)
    assert clocks_advance(slow_before, read_after(11.5, 11.5), BLACKOUT)


def test_both_clocks_and_their_bounds_are_shown() -> None:
    """Lose this and who reads the report does not learn by how much a clock jumped."""
    detail = clocks_advance(BEFORE, read_after(12.0, 12.0), BLACKOUT).detail
    assert detail == (
        "the guest's monotonic clock 12.000 s, wall clock 12.000 s; "
        "expected 9.548 to 10.052 s (blackout 400 ms)"
    )
