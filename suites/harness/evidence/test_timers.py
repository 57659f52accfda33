# SPDX-License-Identifier: Apache-2.0
"""What the timers of a moved guest prove."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.evidence.clocks import ClockMove
from fixtures.evidence.timeline import ALL_PAGES, Mark
from fixtures.evidence.timers import NEXT_SECONDS, Timer, timers, to_expire
from fixtures.waiting import stretched_by
from suites.harness.support.beat_samples import Sample

DELAYS_MS = (10, 100, 1000, 1005, 2000, 5000)
RELAXED = settings(max_examples=40, deadline=None)
samples = st.builds(
    Sample,
    seed=st.integers(0, 9999),
    busy=st.booleans(),
    window=st.just(4.0),
    stop=st.floats(0.0, 5.0),
    warm_up=st.floats(0.0, 0.8),
)


def armed(move: ClockMove, silent: float) -> list[Timer]:
    """Timers armed 1 s before the stop. None expires in the first `silent` seconds after it."""
    stopped_us = move.switched_us - round(silent * 1e6)
    due = [(vcpu, delay, stopped_us + (delay - 1000) * 1000) for vcpu in (0, 1) for delay in DELAYS_MS]
    return [Timer(*each, each[2] if each[2] < stopped_us else max(each[2], move.switched_us)) for each in due]


@given(samples)
@RELAXED
def test_timers_that_wait_for_the_guest_hold(sample: Sample) -> None:
    """Lose this and each long blackout counts as broken timers."""
    move = sample.move()
    assert timers(armed(move, sample.warm_up), move.switched_us + 4_500_000, move)


@given(samples, st.floats(3.0, 60.0))
@RELAXED
def test_timers_that_stand_still_are_found(sample: Sample, seconds: float) -> None:
    """Lose this and a guest whose timers waited for as long as it had been up passes."""
    move = replace(sample, warm_up=seconds).move()
    assert not timers(armed(move, seconds), move.switched_us + 4_500_000, move)


@given(samples, st.floats(2.0, 20.0))
@RELAXED
def test_timers_may_wait_for_pages_until_postcopy_has_completed(sample: Sample, seconds: float) -> None:
    """Lose this and a slow postcopy on a busy host counts as broken timers."""
    move = replace(sample, warm_up=seconds, pages_late=seconds).move()
    assert timers(armed(move, seconds), move.switched_us + 4_500_000, move)


@given(samples, st.floats(3.0, 60.0))
@RELAXED
def test_timers_that_stand_still_after_postcopy_has_completed_are_found(
    sample: Sample, seconds: float
) -> None:
    """Lose this and a guest whose timers stand still passes when it is moved by postcopy."""
    move = replace(sample, warm_up=seconds, pages_late=0.5).move()
    assert not timers(armed(move, seconds), move.switched_us + 4_500_000, move)


@pytest.mark.parametrize(
    "late_s,holds", [(1.5, True), (4.0, False), (0.0, False)], ids=["late", "too", "lost"]
)
def test_overloaded_machine_may_serve_a_timer_late(late_s: float, *, holds: bool) -> None:
    """Lose this and a busy machine makes timers seem broken, or hides timers that are."""
    move = Sample(window=6.0).move()
    due_us = move.switched_us + 400_000
    timer = Timer(0, 2000, due_us, due_us + round(late_s * 1e6) if late_s else 0)
    assert bool(timers([timer], due_us + 4_500_000, move, overload=5.0)) == holds
    assert not timers([timer], due_us + 4_500_000, move)


def test_timer_may_wait_for_pages_between_beats() -> None:
    """Lose this and a timer counts as late that needed one more page than the beats."""
    source, destination = Sample(window=6.0).beats()
    first = destination[0].at
    heard = [beat for beat in destination if not 0.5 < beat.at - first < 2.5]
    heard = [beat for beat in heard if not 2.6 < beat.at - first < 4.5]
    marks = [Mark(first, "destination", "RESUME"), Mark(first + 3.5, "destination", ALL_PAGES)]
    late = next(beat for beat in heard if beat.at >= first + 4.5)
    timer = [Timer(0, 1000, source[-1].mono_us, late.mono_us)]
    assert timers(timer, late.mono_us, ClockMove.of(source, heard, marks))
    assert not timers(timer, late.mono_us, ClockMove.of(source, heard, marks[:1]))


@pytest.mark.parametrize("hangs_s, holds", [(1.2, True), (6.0, False)], ids=["busy", "hangs"])
def test_guest_that_hangs_after_its_first_beat_is_found(hangs_s: float, *, holds: bool) -> None:
    """Lose this and a guest that stands still for seconds, once it runs on the destination, passes."""
    source, destination = Sample(window=12.0).beats()
    first = destination[0].at
    heard = [beat for beat in destination if not 1.0 < beat.at - first < 1.0 + hangs_s]
    late = next(beat for beat in heard if beat.at >= first + 1.0 + hangs_s)
    timer = Timer(0, 2000, source[-1].mono_us + 1_100_000, late.mono_us)
    move = ClockMove.of(source, heard, [])
    assert bool(timers([timer], late.mono_us, move)) == holds
    assert timers([timer], late.mono_us, move, overload=2.0)


def test_timer_of_one_vcpu_is_late_although_beats_came_during_a_slow_postcopy() -> None:
    """Lose this and each slow postcopy excuses the lost timers of one vCPU."""
    move = Sample(window=6.0, pages_late=5.0).move()
    assert not timers(
        [Timer(1, 1000, move.left_us, move.left_us + 4_000_000)], move.left_us + 5_000_000, move
    )


@given(samples)
@RELAXED
def test_timer_that_never_expires_is_found(sample: Sample) -> None:
    """Lose this and one vCPU's timers are lost by an update, and nobody sees it."""
    move = sample.move()
    lost = [replace(each, fired_us=0) if each.vcpu else each for each in armed(move, sample.warm_up)]
    check = timers(lost, move.switched_us + 9_000_000 + round(sample.stop * 1e6), move)
    assert not check
    assert check.detail.startswith("vCPU 1's timer of 10 ms has not expired")


def test_timer_that_expires_before_the_first_beat_is_placed_after_a_jump() -> None:
    """Lose this and a clock that jumps ahead is reported as late timers."""
    move = Sample(jump=5.0).move()
    assert timers([Timer(0, 1000, move.left_us + 100, move.switched_us - 1000)], move.switched_us, move)


def test_timer_that_is_not_due_is_not_judged() -> None:
    """Lose this and every check must wait for the longest timer."""
    move = Sample().move()
    later = Timer(0, 5000, move.switched_us + 4_000_000, 0)
    assert timers([later], move.switched_us + 1_000_000, move).detail.startswith("0 timers")


def test_timer_may_wait_for_a_guest_that_was_silent_long_before_the_switchover() -> None:
    """Lose this and a guest that a busy host did not run for some seconds has broken timers."""
    source, destination = Sample(window=12.0).beats()
    booted = source[0].at
    heard = [beat for beat in source if not booted + 2.0 < beat.at < booted + 4.0]
    late = next(beat for beat in heard if beat.at >= booted + 4.0)
    move = ClockMove.of(heard, destination, [])
    assert timers([Timer(0, 1000, late.mono_us - 1_500_000, late.mono_us)], move.switched_us, move)


def test_timer_may_be_later_on_a_slow_host() -> None:
    """Lose this and a slow emulated host is a defect of the update's timers."""
    move = Sample(window=12.0).move()
    due_us = move.left_us - 3_000_000
    late = [Timer(0, 1000, due_us, due_us + 1_500_000)]
    assert not timers(late, move.switched_us, move)
    with stretched_by(4.0):
        assert timers(late, move.switched_us, move)


@pytest.mark.parametrize(
    "after_s, fired, awaited",
    [(-0.5, False, True), (-0.5, True, False), (0.5, False, True), (0.5, True, False), (1.5, False, True)],
)
def test_timers_are_asked_again_until_one_expired_after_the_move(
    after_s: float, fired: bool, awaited: bool
) -> None:
    """Lose this and a timer that an update loses is asked for when it is not late yet, and passes."""
    move = Sample().move()
    due_us = move.switched_us + round(after_s * 1e6)
    assert (
        to_expire([Timer(1, 1000, due_us, due_us if fired else 0)], move.switched_us + 1_000_000, move)
        is awaited
    )


def test_timers_that_are_due_much_later_are_not_awaited() -> None:
    """Lose this and each cell takes five seconds longer."""
    move = Sample().move()
    later = Timer(1, 5000, move.switched_us + 1_100_000 + round(NEXT_SECONDS * 1e6), 0)
    assert not to_expire([later], move.switched_us + 1_000_000, move)
