# SPDX-License-Identifier: Apache-2.0
"""What beats prove of the guest's clock over a move, on a quiet and on a busy host."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.errors import RigError
from fixtures.evidence.beats import Gap
from fixtures.evidence.clock_fit import UNKNOWN_DRIFT
from fixtures.evidence.clocks import EMULATED_DRIFT_ERROR, ClockMove, clock_jump, clock_rate
from fixtures.evidence.timeline import RUNS, Mark
from fixtures.waiting import stretched_by
from suites.harness.support.beat_samples import Sample

RELAXED = settings(max_examples=40, deadline=None)
quiet = st.builds(
    Sample,
    seed=st.integers(0, 9999),
    window=st.floats(0.2, 2.0),
    stop=st.floats(0.0, 8.0),
    warm_up=st.floats(0.0, 0.5),
    drift_before=st.floats(-0.01, 0.01),
)
busy = st.builds(replace, quiet, busy=st.just(True), window=st.floats(1.0, 4.0))
measured = st.builds(replace, busy, window=st.floats(4.0, 5.0))
"""On a busy host, and heard for so long that a drift can be measured."""


def steady(sample: Sample) -> ClockMove:
    """The move of a guest whose clock runs on at the rate that it had."""
    return replace(sample, drift_after=sample.drift_before).move()


@given(quiet | busy)
@RELAXED
def test_clock_that_stands_still_during_the_stop_holds(sample: Sample) -> None:
    """Lose this and a guest whose QEMU stopped its clock at the switchover counts as broken."""
    assert clock_jump(steady(sample), 0.0)


@given(quiet | busy)
@RELAXED
def test_clock_that_is_advanced_by_the_stop_holds(sample: Sample) -> None:
    """Lose this and a build that gives a guest the lost time back counts as broken."""
    assert clock_jump(steady(replace(sample, jump=sample.stop / (1 + sample.drift_before))), 0.0)


@given(quiet | busy, st.floats(1.0, 3.0))
@RELAXED
def test_clock_that_jumps_ahead_is_found(sample: Sample, jump: float) -> None:
    """Lose this and a guest gains seconds by an update, and nobody sees it."""
    check = clock_jump(steady(replace(sample, jump=sample.stop + jump)), 0.0)
    assert (check.held, check.name, check.what) == (False, "clock-jump", "monotonic, wall")


@given(quiet | busy, st.floats(1.0, 3.0))
@RELAXED
def test_clock_that_loses_more_than_the_stop_is_found(sample: Sample, jump: float) -> None:
    """Lose this and a guest loses seconds by an update, and nobody sees it."""
    assert not clock_jump(steady(replace(sample, jump=-jump)), 0.0)


@pytest.mark.parametrize("beats_after", [0.1, 2.0])
def test_jump_is_found_beside_a_beat_that_was_made_before_the_stop(beats_after: float) -> None:
    """Lose this and a guest that beats rarely gains a minute by an update, and its clocks pass for noisy."""
    source, destination = Sample(window=beats_after, jump=60.0).beats()
    destination[0] = replace(destination[0], mono_us=source[-1].mono_us + 1000)
    move = ClockMove.of(source, destination, ())
    assert clock_jump(move, 0.0).what == "monotonic, wall"


@pytest.mark.parametrize("ahead", [1.0, -1.0])
def test_wall_clock_that_jumps_alone_is_found(ahead: float) -> None:
    """Lose this and an update changes a guest's time of day, and nobody sees it."""
    assert clock_jump(Sample().move(), ahead).what == "wall"


@given(quiet | busy)
@RELAXED
def test_rate_that_stays_holds(sample: Sample) -> None:
    """Lose this and a busy host, or a guest that measured its TSC badly, counts as a slow clock."""
    assert clock_rate(steady(sample))


@given(measured, st.sampled_from([-0.02, 0.02]))
@RELAXED
def test_drift_is_found(sample: Sample, drift: float) -> None:
    """Lose this and a guest's clock is wrong by half an hour a day after an update."""
    check = clock_rate(replace(sample, drift_after=sample.drift_before + drift).move())
    assert (check.held, check.name) == (False, "clock-rate")


def test_rate_without_enough_beats_is_not_judged() -> None:
    """Lose this and a few beats on a busy host decide about a clock."""
    check = clock_rate(replace(Sample(), window=0.03, drift_after=0.02).move())
    assert check
    assert "not compared" in check.detail


def test_stop_ends_when_the_destination_resumes() -> None:
    """Lose this and a guest that stands still for seconds after it was resumed excuses its own clock."""
    assert Sample(stop=0.5, warm_up=4.0).move().stopped_s == pytest.approx(0.6, abs=0.01)


@given(quiet, st.floats(0.2, 5.0))
@RELAXED
def test_stop_includes_a_delay_after_the_announcement(sample: Sample, late: float) -> None:
    """Lose this and a busy host that delays QEMU before it starts the clock counts as a wrong clock."""
    delayed = replace(sample, stop=sample.stop + late, late=late)
    assert clock_jump(steady(delayed), 0.0)


def by_libvirt(*marks: tuple[float, str]) -> ClockMove:
    """The move of a guest that is silent for 4 s; the seconds are from the begin of its silence."""
    source, destination = Sample(stop=0.0, warm_up=4.0).beats()
    silent = destination[0].at - 4.0
    return ClockMove.of(source, destination, [Mark(silent + at, "destination", what) for at, what in marks])


def test_libvirt_announces_a_guest_before_its_clock_runs() -> None:
    """Lose this and a busy host that delays QEMU before it starts the clock counts as a wrong clock."""
    move = by_libvirt((0.1, "resumed migrated"), (0.15, "job completed"), (3.0, RUNS))
    assert move.stopped_s == pytest.approx(3.0, abs=0.01)


def test_end_of_a_move_by_libvirt_proves_that_the_clock_runs() -> None:
    """Lose this and a guest that is silent for seconds after its move excuses a clock that lost time."""
    move = by_libvirt((0.1, "resumed migrated"), (0.15, RUNS), (3.0, "job completed"))
    assert move.stopped_s == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("heard", [0, 1])
@pytest.mark.parametrize("side", ["source", "destination"])
def test_guest_that_was_not_heard_is_no_traceback(side: str, heard: int) -> None:
    """Lose this and a guest without beats ends a cell with a traceback instead of the reason."""
    source, destination = Sample().beats()
    beats = {"source": source, "destination": destination}
    beats[side] = beats[side][:heard]
    with pytest.raises(RigError, match=f"cannot be compared: {heard} whole beats came from the {side}"):
        ClockMove.of(beats["source"], beats["destination"], ())


def test_silence_at_the_switchover_is_kept_apart() -> None:
    """Lose this and the blackout counts as a host that is busy."""
    move = Sample(stop=0.5, warm_up=0.5).move()
    assert move.silences == ()
    assert Gap(move.silent_after.start, move.silent_after.end).ms == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_guest_that_was_silent_beside_its_move_is_judged_all_the_same(side: str) -> None:
    """Lose this and a guest whose host stood still for a minute ends its cell in a traceback."""
    source, destination = Sample(window=20.0).beats()
    if side == "source":
        source = [beat for beat in source if beat.at < source[-1].at - 7.0] + source[-1:]
    else:
        destination = destination[:1] + [beat for beat in destination if beat.at > destination[0].at + 7.0]
    move = ClockMove.of(source, destination, [])
    assert (move.left_us, move.switched_us) == (source[-1].mono_us, destination[0].mono_us)
    assert clock_jump(move, 0.0)


def test_slow_host_is_listened_to_for_longer() -> None:
    """Lose this and the drift of a guest on an emulated host is hardly ever known."""
    source, destination = Sample(window=20.0).beats()
    slow = source[::80]
    assert ClockMove.of(slow, destination, []).before.drift_error == UNKNOWN_DRIFT
    with stretched_by(3.0):
        assert ClockMove.of(slow, destination, []).before.drift_error < UNKNOWN_DRIFT


@pytest.mark.parametrize("drift, held", [(0.0115, True), (0.02, False)])
def test_rates_on_an_emulated_host_are_known_less_well(drift: float, held: bool) -> None:
    """Lose this and an emulated host whose load changes looks like a build that changes the clock's rate."""
    source, destination = replace(Sample(), window=6.0, drift_after=drift).beats()
    assert not clock_rate(ClockMove.of(source, destination, ()))
    assert clock_rate(ClockMove.of(source, destination, (), EMULATED_DRIFT_ERROR)).held == held
