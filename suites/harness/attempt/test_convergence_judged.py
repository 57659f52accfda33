# SPDX-License-Identifier: Apache-2.0
"""What counts as a precopy that does not converge, and as a postcopy that ends in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.convergence import LOAD, MARGIN_SECONDS, PASSES, TIGHT, Convergence, on_this_host
from fixtures.errors import HotPatchFailure
from fixtures.evidence.checks import Check
from fixtures.evidence.timeline import Mark, Sample
from fixtures.matrix.mechanisms import MIB
from fixtures.path.interface import Journey
from fixtures.waiting import stretched_by

RAM = 256 * MIB


class ScriptedJourney:
    """A migration with these numbers of bytes sent and remaining at the beginning of each pass."""

    def __init__(self, remaining: Callable[[int], int], each_pass: int = RAM // 4) -> None:
        self._remaining = remaining
        self._each_pass = each_pass
        self.passes = 1

    def until_pass(self, wanted: int) -> None:
        """The next pass."""
        assert wanted < 100, "this never ends"
        self.passes = wanted

    def look(self) -> Sample:
        """As scripted."""
        return Sample(0.0, "active", self._each_pass * (self.passes - 1), self._remaining(self.passes))

    def hurry(self) -> None:
        """No test asks for it."""

    def switch_to_postcopy(self) -> None:
        """One more look."""
        self.passes += 1


class ScriptedAttempt:
    """An attempt whose migrations are `journey` and end `took` seconds after steering."""

    def __init__(self, journey: ScriptedJourney, took: float = 0.0) -> None:
        self.journey = journey
        self.took = took
        self.returns_late = 0.0
        """How long after the end of the migration the call that asked for it returns."""
        self.says = ""
        """The event that ends the migration; empty: the path reports none."""
        self.figures: dict[str, float] = {}
        toll = SimpleNamespace(rate=64.0, worst_ms=12.5, slow=3)
        self.spec = SimpleNamespace(memory_kib=RAM >> 10, on_emulated_host=False)
        self.guest = SimpleNamespace(spec=self.spec, toll=lambda: toll)
        self.limits: list[Any] = []

    def cancelled(self, _mechanism: str, limits: object, steer: Callable[[Journey], None]) -> None:
        """Only steer."""
        self.limits.append(limits)
        steer(self.journey)

    def steered(self, _limits: object, steer: Callable[[Journey], None]) -> Any:
        """Steer, then end."""
        steer(self.journey)
        ended = time.monotonic() + self.took
        marks = [Mark(ended, "source", self.says)] if self.says else []
        side = SimpleNamespace(marks=lambda _since: marks)
        move = SimpleNamespace(
            ended=ended + self.returns_late, source=side, destination=side, page_requests=7, samples=[]
        )
        return SimpleNamespace(move=move)

    def record(self, check: Check) -> Check:
        """As an attempt does."""
        return check

    def demand(self, check: Check) -> None:
        """As an attempt does."""
        if not check:
            raise HotPatchFailure(check.name, check.detail)


def judged(journey: ScriptedJourney, took: float = 0.0) -> tuple[Convergence, ScriptedAttempt]:
    """The convergence checks of a scripted attempt, and that attempt."""
    attempt: Any = ScriptedAttempt(journey, took)
    return Convergence(attempt), attempt


def test_precopy_with_as_much_remaining_as_before_does_not_converge() -> None:
    """Lose this and the test does not show that the guest needs postcopy."""
    convergence, attempt = judged(ScriptedJourney(lambda _passes: 32 * MIB))
    assert convergence.precopy_is_hopeless()
    assert attempt.journey.passes == PASSES


def test_precopy_with_less_remaining_converges() -> None:
    """Lose this and a guest that precopy could move counts as one that needs postcopy."""
    convergence, _attempt = judged(ScriptedJourney(lambda passes: 32 * MIB - passes * 4 * MIB))
    assert not convergence.precopy_is_hopeless()


def test_one_late_look_proves_nothing() -> None:
    """Lose this and a busy test host sees a precopy that converges, and calls the build flaky."""
    convergence, _attempt = judged(ScriptedJourney(lambda passes: (25 if passes == PASSES else 32) * MIB))
    assert convergence.precopy_is_hopeless()


def test_long_first_pass_proves_nothing() -> None:
    """Lose this and a precopy that does not converge seems to, because more remained after its first pass."""
    convergence, _attempt = judged(ScriptedJourney(lambda passes: (48 if passes < 3 else 32) * MIB))
    assert convergence.precopy_is_hopeless()


def test_precopy_is_not_judged_until_it_has_sent_all_memory() -> None:
    """Lose this and short passes make a precopy seem not to converge before it has sent all memory."""
    convergence, attempt = judged(ScriptedJourney(lambda _passes: 32 * MIB, each_pass=RAM // 16))
    assert convergence.precopy_is_hopeless()
    assert attempt.journey.passes == 17


def test_postcopy_that_takes_no_longer_than_its_bytes_is_bounded() -> None:
    """Lose this and the cost of postcopy is unknown."""
    convergence, attempt = judged(ScriptedJourney(lambda _passes: TIGHT.bandwidth), took=1.0)
    convergence.ended_by_postcopy()
    assert attempt.figures["longest access ms"] == 12.5
    assert attempt.figures["page requests"] == 7
    assert attempt.figures["remaining MiB at the switch"] == TIGHT.bandwidth / MIB


def test_postcopy_that_takes_longer_fails() -> None:
    """Lose this and the duration of postcopy has no limit."""
    journey = ScriptedJourney(lambda _passes: TIGHT.bandwidth)
    convergence, _attempt = judged(journey, took=1.5 + MARGIN_SECONDS)
    with pytest.raises(HotPatchFailure, match="at full bandwidth"):
        convergence.ended_by_postcopy()


@pytest.mark.parametrize("says", ["completed", "job completed"])
def test_call_that_returns_late_is_not_postcopy_that_takes_long(says: str) -> None:
    """Lose this and an overloaded machine makes a build slow."""
    convergence, attempt = judged(ScriptedJourney(lambda _passes: TIGHT.bandwidth), took=1.0)
    attempt.says, attempt.returns_late = says, 60.0
    convergence.ended_by_postcopy()


@pytest.fixture(autouse=True)
def no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine does meanwhile changes no bandwidth."""
    monkeypatch.setattr("fixtures.attempt.convergence.overload", lambda: 1.0)


def writing(rate: float) -> tuple[Convergence, ScriptedAttempt, list[Any]]:
    """The checks of a guest that writes at `rate` MiB/s, its attempt, and the loads that it is asked for."""
    convergence, attempt = judged(ScriptedJourney(lambda _passes: 32 * MIB))
    loads: list[Any] = []
    attempt.guest.writes = loads.append
    attempt.guest.written_rate = lambda: rate
    return convergence, attempt, loads


def test_all_is_slower_on_a_slow_host() -> None:
    """Lose this and no guest of an emulated host can write as fast as a test of convergence demands."""
    convergence, _attempt, loads = writing(LOAD.rate / 4)
    with stretched_by(4.0):
        assert convergence.guest_outruns_it()
        assert (on_this_host(TIGHT).bandwidth, on_this_host(TIGHT).downtime_ms) == (8 * MIB, 800)
    assert [load.rate for load in loads] == [LOAD.rate / 4]


def test_migration_is_slower_if_a_busy_host_slows_the_guest() -> None:
    """Lose this and tests of convergence end as `error` on a host with a load of 12."""
    convergence, attempt, _loads = writing(28.0)
    assert convergence.guest_outruns_it()
    convergence.precopy_is_hopeless()
    assert [(each.bandwidth, each.downtime_ms) for each in attempt.limits] == [(16 * MIB, 400)]


def test_migration_is_slower_if_others_want_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and load that rises while memory is sent makes a precopy converge, and the build flaky."""
    monkeypatch.setattr("fixtures.attempt.convergence.overload", lambda: 2.0)
    convergence, attempt, _loads = writing(LOAD.rate)
    assert convergence.guest_outruns_it()
    convergence.precopy_is_hopeless()
    assert [(each.bandwidth, each.downtime_ms) for each in attempt.limits] == [(16 * MIB, 400)]


def test_bandwidth_shrinks_with_a_heavy_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a precopy converges because its guest gets no core, and the build is flaky."""
    monkeypatch.setattr("fixtures.attempt.convergence.overload", lambda: 4.0)
    convergence, attempt, _loads = writing(LOAD.rate)
    assert convergence.guest_outruns_it()
    convergence.precopy_is_hopeless()
    assert [(each.bandwidth, each.downtime_ms) for each in attempt.limits] == [(8 * MIB, 800)]


def test_bandwidth_of_an_emulated_host_is_small_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that writes little never moves there while the machine is busy."""
    monkeypatch.setattr("fixtures.attempt.convergence.overload", lambda: 2.0)
    convergence, attempt, _loads = writing(LOAD.rate / 4)
    attempt.spec.on_emulated_host = True
    with stretched_by(4.0):
        assert convergence.guest_outruns_it()
        convergence.precopy_is_hopeless()
    assert [each.bandwidth for each in attempt.limits] == [8 * MIB]


def test_guest_that_hardly_writes_outruns_nothing() -> None:
    """Lose this and a guest whose writers hang counts as one that precopy cannot move."""
    assert not writing(LOAD.rate / 8)[0].guest_outruns_it()
    assert not writing(0.0)[0].guest_outruns_it()


def test_limits_stay_as_they_are_if_the_guest_writes_as_asked() -> None:
    """Lose this and figures of an idle host change."""
    convergence, attempt, _loads = writing(LOAD.rate)
    assert convergence.guest_outruns_it()
    convergence.precopy_is_hopeless()
    assert [(each.bandwidth, each.downtime_ms) for each in attempt.limits] == [(32 * MIB, 200)]
