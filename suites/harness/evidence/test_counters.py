# SPDX-License-Identifier: Apache-2.0
"""What the counters of a moved guest prove: the TSC or timebase, the ACPI PM timer, the HPET."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.evidence.clocks import ClockMove
from fixtures.evidence.counters import Counter, Counters, machine_counters, vcpu_counters
from suites.harness.support.beat_samples import Sample

RELAXED = settings(max_examples=40, deadline=None)
PM_TIMER, TSC = (3_579_545, 24), (2_100_000_000, 64)
samples = st.builds(Sample, seed=st.integers(0, 9999), busy=st.booleans(), stop=st.floats(0.0, 2.0))


def readings(
    move: ClockMove, kind: tuple[int, int], *, lag: float = 0.0, measured: float = 1.0
) -> tuple[Counter, Counter]:
    """A counter 0.3 s before the switchover and 0.8 s after it; it falls `lag` seconds behind.

    Its frequency was measured to be `measured` times what it is.
    """
    hz, bits = kind
    first_us, last_us = move.switched_us - 300_000, move.switched_us + 800_000
    elapsed = move.after.host(last_us) - move.before.host(first_us) - lag
    ticks = 12_345_678
    return (
        Counter(ticks, first_us, round(hz * measured), bits),
        Counter((ticks + round(elapsed * hz)) % 2**bits, last_us, round(hz * measured), bits),
    )


def machine(move: ClockMove, lag: float) -> tuple[Counters, Counters]:
    """The PM timer before and after the move."""
    first, last = readings(move, PM_TIMER, lag=lag)
    return Counters({"pm-timer": first}), Counters({"pm-timer": last})


def vcpus(move: ClockMove, lag: float, apart: tuple[int, int] = (-90, 80)) -> tuple[Counters, Counters]:
    """The TSCs of two vCPUs before and after; the second falls behind."""
    (first, last), (other, later) = readings(move, TSC), readings(move, TSC, lag=lag)
    return (
        Counters(vcpus={0: first, 1: other}, apart={1: (-100, 100)}),
        Counters(vcpus={0: last, 1: later}, apart={1: apart}),
    )


@given(samples, st.floats(0.0, 1.0))
@RELAXED
def test_counter_that_stops_with_the_guest_holds(sample: Sample, share: float) -> None:
    """Lose this and a counter that QEMU stops at the switchover counts as broken."""
    move = sample.move()
    assert machine_counters(*machine(move, sample.stop * share), move)
    assert vcpu_counters("tsc", *vcpus(move, sample.stop * share), move)


@given(samples, st.floats(0.5, 2.0))
@RELAXED
def test_counter_that_jumps_is_found(sample: Sample, jump: float) -> None:
    """Lose this and a build that loses the state of a counter passes."""
    move = sample.move()
    assert not machine_counters(*machine(move, -jump), move)
    assert vcpu_counters("tsc", *vcpus(move, -jump), move).what == "vCPU 1"
    assert not vcpu_counters("tsc", *vcpus(move, sample.stop + jump), move)


@pytest.mark.parametrize("drift", [-0.3, -0.05, -0.01, 0.01, 0.05])
@pytest.mark.parametrize("busy", [False, True])
def test_clock_that_runs_at_a_wrong_rate_hides_no_jump_and_shows_none(drift: float, busy: bool) -> None:
    """Lose this and a guest whose Linux measured its TSC wrongly at boot seems to have one that jumps."""
    move = Sample(drift_before=drift, drift_after=drift, busy=busy).move()

    def checked(lag: float) -> bool:
        first, last = readings(move, TSC, lag=lag, measured=1 + drift)
        return bool(vcpu_counters("tsc", Counters(vcpus={0: first}), Counters(vcpus={0: last}), move))

    assert (checked(0.0), checked(0.5), checked(-0.5)) == (True, False, False)


def test_counter_that_went_back_is_found() -> None:
    """Lose this and a TSC that starts again at 0 passes."""
    move = Sample().move()
    before, after = vcpus(move, 0.0)
    back = replace(after, vcpus={**after.vcpus, 1: replace(after.vcpus[1], ticks=0)})
    assert vcpu_counters("tsc", before, back, move).what == "vCPU 1"


@pytest.mark.parametrize("apart,held", [((-300, -50), True), ((40, 500), True), ((101, 500), False)])
def test_vcpus_that_moved_apart_are_found(apart: tuple[int, int], held: bool) -> None:
    """Lose this and time goes back for a thread that changes its vCPU."""
    move = Sample().move()
    assert bool(vcpu_counters("tsc", *vcpus(move, 0.0, apart), move)) is held


def test_counter_that_is_gone_is_found() -> None:
    """Lose this and a machine loses its HPET by an update, and nobody sees it."""
    move = Sample().move()
    before, _ = machine(move, 0.0)
    assert machine_counters(before, Counters(), move).detail == "pm-timer can no longer be read"


def test_machine_without_counters_holds() -> None:
    """Lose this and every pseries guest fails."""
    assert machine_counters(Counters(), Counters(), Sample().move())
