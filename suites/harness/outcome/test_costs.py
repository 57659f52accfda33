# SPDX-License-Identifier: Apache-2.0
"""When a difference between figures of two moves counts: it is felt, and it is not chance."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.outcome.costs import COST_LEVEL, COST_REPEATS, COSTS, Cost, rank_test
from fixtures.outcome.outcome import RunRecord

BY_NAME = {cost.name: cost for cost in COSTS}
FELT = {
    "100 ms more": ("blackout ms", 620, 520, True),
    "99 ms more": ("blackout ms", 619, 520, False),
    "twice": ("blackout ms", 104, 52, True),
    "twice of a short stop": ("blackout ms", 44, 22, False),
    "less blackout": ("blackout ms", 100, 900, False),
    "half the speed": ("MiB/s", 40, 80, True),
    "twice the speed": ("MiB/s", 80, 40, False),
    "700 ms at the switchover": ("silence around it ms", 1100, 400, True),
    "600 MiB": ("destination peak MiB", 1600, 1000, True),
    "a tenth of the memory": ("destination peak MiB", 220, 200, False),
    "300 descriptors": ("destination descriptors", 330, 30, True),
    "memory that is no longer shared": ("destination shared MiB", 0, 256, True),
}


@pytest.mark.parametrize("case", FELT)
def test_difference_that_users_feel(case: str) -> None:
    """Lose this and a second more blackout is none, or each millisecond is a finding."""
    name, value, control, felt = FELT[case]
    assert BY_NAME[name].felt(value, control) is felt


def test_clear_difference_is_not_chance() -> None:
    """Lose this and no difference is ever found with the repeats that are made."""
    values, others = [float(n) for n in range(10, 10 + COST_REPEATS)], [1.0] * COST_REPEATS
    assert rank_test(values, others) == pytest.approx(1 / 184756)
    assert rank_test(values, others) < COST_LEVEL


def test_equal_figures_share_the_mean_of_their_ranks() -> None:
    """Lose this and counts, many of which are equal, are compared by another test than the documented one."""
    assert rank_test([0, 0, 2], [1, 1, 1]) == pytest.approx(17 / 20)


def test_equal_figures_are_chance() -> None:
    """Lose this and counts that never vary are a finding."""
    assert rank_test([7.0] * 5, [7.0] * 5) == 1.0


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_probability_is_that_of_dealing_the_figures_by_chance(figures: list[int]) -> None:
    """Lose this and more differences count than the level says: each build fails by chance."""
    deals = [set(chosen) for chosen in combinations(range(6), 3)]
    split = [([figures[n] for n in deal], [figures[n] for n in range(6) if n not in deal]) for deal in deals]
    small = [one for one in split if rank_test(*one) <= 0.1]
    assert len(small) <= len(deals) * 0.1


def run(**figures: float) -> RunRecord:
    """A run with this blackout."""
    return RunRecord("old", "new", "pass", blackout_ms=figures.get("blackout"))


def test_difference_must_be_felt_and_be_no_chance() -> None:
    """Lose this and a slow host makes a finding, or a difference of nothing does."""
    cost = BY_NAME["blackout ms"]
    controls = [run(blackout=500 + n) for n in range(COST_REPEATS)]
    assert cost.worse([run(blackout=1200 + n) for n in range(COST_REPEATS)], controls)
    assert not cost.worse([run(blackout=520 + n) for n in range(COST_REPEATS)], controls)
    assert not cost.worse([run(blackout=ms) for ms in (400, 400, *[1200] * (COST_REPEATS - 2))], controls)


@pytest.mark.parametrize("good", [True, False])
@given(
    deals=st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=COST_REPEATS, max_size=COST_REPEATS
    )
)
def test_repeats_never_end_before_they_show_a_difference(good: bool, deals: list[tuple[int, int]]) -> None:
    """Lose this and a slow build passes, because its repeats were given up."""
    cost = Cost("figure", "one", least=4, good=good)
    pairs = [[with_figure(number) for number in numbers] for numbers in zip(*deals, strict=True)]
    made = [cost.may_be_worse(*(runs[:number] for runs in pairs)) for number in range(COST_REPEATS + 1)]
    assert made[-1] is cost.worse(*pairs)
    assert all(made) or not made[-1]


def test_equal_figures_do_not_end_repeats_that_show_a_difference() -> None:
    """Lose this and a build that starts more threads passes, because its repeats were given up."""
    cost = Cost("figure", "one", least=1)
    values, others = [4, 3, 4, 2, 2, 3, 2, 3, 3, 4], [1, 3, 2, 1, 3, 1, 1, 1, 1, 1]
    pairs = [[with_figure(number) for number in numbers] for numbers in (values, others)]
    assert cost.worse(*pairs)
    assert all(cost.may_be_worse(*(runs[:number] for runs in pairs)) for number in range(COST_REPEATS + 1))


@pytest.mark.parametrize("values, in_doubt", [((140, 140), True), ((180, 80), False), ((180,), True)])
def test_repeats_are_in_doubt_until_their_medians_are_in_bounds(
    values: tuple[float, ...], in_doubt: bool
) -> None:
    """Lose this and each slow look on a busy host costs minutes, or repeats end at the first one."""
    cost = Cost("figure", "one", least=4)
    controls = [with_figure(100) for _ in values]
    assert cost.in_doubt([with_figure(value) for value in values], controls) is in_doubt


@pytest.mark.parametrize("value, suspected", [(660, True), (630, False)])
def test_look_is_out_of_bounds_by_a_part_of_what_users_feel(value: float, suspected: bool) -> None:
    """Lose this and noise of one run hides each second time that is tripled, or each look costs minutes."""
    assert BY_NAME["blackout ms"].suspected(run(blackout=value), run(blackout=600)) is suspected


def with_figure(value: float) -> RunRecord:
    """A run with this figure."""
    return RunRecord("old", "new", "pass", figures={"figure": value})


def test_figure_that_a_path_does_not_report_is_not_compared() -> None:
    """Lose this and a cell of libvirt ends in an error of the suite."""
    cost = BY_NAME["blackout ms"]
    assert not cost.suspected(run(), run(blackout=1))
    assert not cost.worse([run()], [run(blackout=1)])
