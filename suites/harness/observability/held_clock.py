# SPDX-License-Identifier: Apache-2.0
"""Sets this process's clocks back, so that a stream that is replayed later seems to arrive at once.

Beats, clocks and blackouts of a replayed guest are then what they are in a hot patch. Threads and deadlines
that live while the clock is set back see a jump, so it is done between two replays.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_monotonic, _wall = time.monotonic, time.time


class HeldClock:
    """The clocks of this process, as :func:`held_clock` installs them."""

    def __init__(self) -> None:
        self.behind = 0.0
        """Seconds that this process's clocks are behind those of the host."""

    def back_to(self, moment: float) -> None:
        """Make `time.monotonic()` return `moment` now, and go on from there."""
        self.behind = _monotonic() - moment


@contextmanager
def held_clock() -> Iterator[HeldClock]:
    """Replace `time.monotonic` and `time.time` in this process, and put them back at the end."""
    clock = HeldClock()
    time.monotonic = lambda: _monotonic() - clock.behind
    time.time = lambda: _wall() - clock.behind
    try:
        yield clock
    finally:
        time.monotonic, time.time = _monotonic, _wall
