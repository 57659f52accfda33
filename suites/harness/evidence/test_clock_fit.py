# SPDX-License-Identifier: Apache-2.0
"""The line through the beats of a guest: what it makes of late beats."""

from __future__ import annotations

import pytest

from fixtures.evidence.beats import Beat
from fixtures.evidence.clock_fit import fitted
from fixtures.evidence.clocks import RATE_ERROR


def beats(*late_ms: float, drift: float = 0.0) -> list[Beat]:
    """Beats every 4 ms from host time 100 and guest time 1 on, each late by so many milliseconds."""
    return [
        Beat(100 + number * 0.004 * (1 + drift) + late / 1000, number, 1_000_000 + 4000 * number, (0,), 0)
        for number, late in enumerate(late_ms)
    ]


def test_late_beats_do_not_move_the_line() -> None:
    """Lose this and a busy host makes every guest's clock look slow."""
    late = [0.0, 3.0, 7.0, 1.0, 0.0] * 60
    assert fitted(beats(*late)).host(1_400_000) == pytest.approx(100.4, abs=0.0005)


@pytest.mark.parametrize("drift", [-0.02, 0.0, 0.02])
def test_drift_is_measured(drift: float) -> None:
    """Lose this and a clock that is slow by 2 % goes unnoticed."""
    line = fitted(beats(*[0.0, 1.0] * 100, drift=drift))
    assert line.drift == pytest.approx(drift, abs=line.drift_error)
    assert line.drift_error < 0.005


def test_beats_that_arrive_together_count_once() -> None:
    """Lose this and a reader that was held up makes the guest's clock look as if it ran twice as fast."""
    held = [Beat(100.5, beat.seq, beat.mono_us, beat.progress, 0) for beat in beats(*[0.0] * 100)]
    assert fitted(held).drift == 0.0


def test_few_beats_measure_no_drift() -> None:
    """Lose this and three beats decide about the rate of a clock."""
    assert fitted(beats(0.0, 1.0, 0.0)).drift_error > 0.02


def test_one_beat_is_no_line() -> None:
    """Lose this and a guest that beat once fails with an obscure error."""
    with pytest.raises(ValueError, match="two beats"):
        fitted(beats(0.0))


@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_delay_that_shrinks_for_seconds_is_no_rate(drift: float) -> None:
    """Lose this and a busy host, on which beats wait for the serial port, makes a guest's clock too fast."""
    shrinking = [15.0 * (1 - number / 400) for number in range(400)]
    heard = beats(*shrinking, *[0.0] * 250, drift=drift)
    # A guest that gets a quarter of its time at first, and none at all for 0.6 s.
    line = fitted([*heard[:400:4], *heard[400:450], *heard[600:]])
    assert line.drift == pytest.approx(drift, abs=line.drift_error)
    assert line.drift_error > RATE_ERROR


@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_queue_of_beats_after_a_switchover_is_no_rate(drift: float) -> None:
    """Lose this and a guest whose first beats wait for a busy host has a clock that is too fast."""
    # 100 beats arrive at once, and 70 more three times as fast as they were made.
    late_ms = 4 * 2 / 3
    queue = [late_ms * 70 + 4.0 * (100 - number) for number in range(100)]
    queue += [late_ms * (70 - number) for number in range(70)]
    line = fitted(beats(*queue, *[0.0] * 30, drift=drift))
    assert line.drift == pytest.approx(drift, abs=line.drift_error)


def test_clock_that_is_too_fast_all_the_time_is_no_queue() -> None:
    """Lose this and a clock that runs at three times its rate is taken for late beats."""
    line = fitted(beats(*[0.0] * 200, drift=-0.66))
    assert line.drift == pytest.approx(-0.66, abs=0.01)
