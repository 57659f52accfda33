# SPDX-License-Identifier: Apache-2.0
"""The benchmark stays within its time and reports what it could not measure."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from fixtures.bench.moves import BenchGuest
from fixtures.bench.results import Bench
from fixtures.bench.run import BenchRun, Budget
from fixtures.errors import HotPatchFailure
from fixtures.matrix.mechanisms import Mechanism
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.waiting import Late
from suites.harness.support.bench_samples import make_bench, make_sample


class FakeGuest:
    """A guest whose moves take ten seconds of a simulated clock; postcopy never works."""

    def __init__(self, clock: list[float], failure: Exception) -> None:
        self._clock = clock
        self._failure = failure

    def measured(self, mechanism: Mechanism) -> object:
        """Stands in for :meth:`BenchGuest.measured`."""
        self._clock[0] += 10
        if mechanism == "postcopy":
            raise self._failure
        return make_sample(5.0)


def rounds_of(seconds: float, failure: Exception, *mechanisms: Mechanism) -> tuple[Bench, list[str]]:
    """The results of a block limited to `seconds`, and the lines that the user sees."""
    clock, said = [0.0], list[str]()
    bench = make_bench()
    bench.left_out = []
    budget = Budget(seconds, now=lambda: clock[0])
    run = BenchRun(cast("PairUnderTest", None), Path("/nowhere"), bench, budget, said.append)
    run._rounds(cast("BenchGuest", FakeGuest(clock, failure)), 256, "idle", list(mechanisms))
    return bench, said


@pytest.mark.parametrize("failure", [HotPatchFailure("migrate", "it broke"), Late("it broke")])
def test_mechanism_that_fails_is_reported_and_the_others_go_on(failure: Exception) -> None:
    """Lose this and one broken mechanism leaves the others without figures."""
    bench, said = rounds_of(1000, failure, "precopy", "postcopy")
    moves = {series.mechanism: len(series.samples) for series in bench.series}
    assert moves == {"precopy": bench.repeats, "postcopy": 0}
    assert bench.left_out == ["postcopy with 256 MiB, idle, after 0 repeats: it broke"]
    assert said == ["left out: postcopy with 256 MiB, idle, after 0 repeats: it broke"]


def test_block_ends_with_its_time_and_says_so() -> None:
    """Lose this and `make bench` does not end within 20 minutes, or hides why there are fewer moves."""
    bench, _ = rounds_of(30, Late(""), "precopy", "multifd")
    assert [len(series.samples) for series in bench.series] == [2, 1]
    assert bench.left_out == [
        "precopy, multifd with 256 MiB, idle: no time left after 1 of 3 repeats",
    ]
