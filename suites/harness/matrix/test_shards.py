# SPDX-License-Identifier: Apache-2.0
"""Do the shards of a run have every test once, and end at about the same time?"""

from __future__ import annotations

import random
from collections.abc import Hashable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fixtures.errors import UsageError
from fixtures.matrix.shards import AFFINITY, Shard, parse_shard, shares

UNEVEN = 1.15
"""How much longer than the mean a shard may be where no test is long."""
LONGEST_SHARE = 0.1
"""Of a fair share, what the longest test of a real run is at most."""
ROUNDING = 1 + 1e-9

numbers = st.integers(1, 12)
tests = st.text("abc[]-12", min_size=1, max_size=6)
seconds = st.sampled_from((1.0, 20.0)) | st.floats(0.1, 600)
durations = st.dictionaries(tests, seconds, max_size=30)
real_durations = st.lists(st.floats(1, 60), min_size=100, max_size=120).map(
    lambda some: {f"test-{place}": took for place, took in enumerate(some)}
)
shuffled = st.randoms(use_true_random=False)


def need(test: str) -> Hashable:
    """What a test needs, shown by the first letter of its name."""
    return test[0]


def lengths(parts: list[list[str]], took: dict[str, float]) -> list[float]:
    """How long each part takes."""
    return [sum(took[test] for test in part) for part in parts]


@pytest.mark.parametrize(
    "text,shard", [("1/1", Shard(1, 1)), ("2/3", Shard(2, 3)), ("7/1000", Shard(7, 1000))]
)
def test_shard_is_understood(text: str, shard: Shard) -> None:
    """Lose this and a machine of the nightly runs another part than it was given."""
    assert parse_shard(text) == shard
    assert str(shard) == text


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "0/0", "1/1001", "-1/2", "1/2/3", " 1/2", "a/b", "1 / 2", "1/2\n"]
)
def test_no_shard_is_refused(text: str) -> None:
    """Lose this and a mistake in a CI file leaves part of the tests unrun."""
    with pytest.raises(UsageError, match="is not one part of several") as message:
        parse_shard(text)
    assert message.value.where == "--shard"


@settings(deadline=None)
@given(durations, numbers)
def test_every_test_is_in_one_shard(took: dict[str, float], number: int) -> None:
    """Lose this and a test runs on no machine, or on two, and the merged verdict does not show it."""
    parts = shares(took, number, need)
    assert len(parts) == number
    assert sorted(test for part in parts for test in part) == sorted(took)


@settings(deadline=None)
@given(durations, numbers, shuffled)
def test_machines_agree_on_the_shards(took: dict[str, float], number: int, order: random.Random) -> None:
    """Lose this and a test host that lists the tests in another order deals them differently."""
    items = list(took.items())
    order.shuffle(items)
    one, other = shares(took, number, need), shares(dict(items), number, need)
    assert [set(part) for part in one] == [set(part) for part in other]


@settings(deadline=None)
@given(durations, numbers)
def test_order_within_a_shard_is_the_given_one(took: dict[str, float], number: int) -> None:
    """Lose this and a guest that many tests share is booted again and again."""
    place = {test: place for place, test in enumerate(took)}
    for part in shares(took, number, need):
        assert part == sorted(part, key=place.__getitem__)


@settings(deadline=None)
@given(durations, numbers)
def test_no_shard_waits_for_more_than_one_test(took: dict[str, float], number: int) -> None:
    """Lose this and one machine works for hours while the others have long ended."""
    assume(took)
    fair = sum(took.values()) / number
    most = max(fair * (1 + AFFINITY), fair + max(took.values()))
    assert max(lengths(shares(took, number, need), took)) <= most * ROUNDING


@settings(deadline=None)
@given(real_durations, st.integers(1, 6), st.integers(1, 4))
def test_shards_are_about_equally_long(took: dict[str, float], number: int, kinds: int) -> None:
    """Lose this and another machine makes the nightly hardly shorter."""
    fair = sum(took.values()) / number
    assume(max(took.values()) <= LONGEST_SHARE * fair)
    parts = shares(took, number, lambda test: int(test.removeprefix("test-")) % kinds)
    assert max(lengths(parts, took)) <= UNEVEN * fair


def test_tests_with_the_same_needs_stay_together() -> None:
    """Lose this and every machine boots both architectures' guests and makes both images."""
    took = {f"{need}{number}": 10.0 for number in range(10) for need in "ab"}
    parts = shares(took, 2, need)
    assert sorted({test[0] for test in part} for part in parts) == [{"a"}, {"b"}]


def test_needs_do_not_make_a_shard_long() -> None:
    """Lose this and one machine runs all guests of the slow architecture, while the other is idle."""
    took = {f"a{number}": 10.0 for number in range(18)} | {"b1": 10.0, "b2": 10.0}
    assert lengths(shares(took, 2, need), took) == [100.0, 100.0]


def test_more_shards_than_tests_leave_some_empty() -> None:
    """Lose this and a short selection cannot be given to the machines of the nightly."""
    assert sorted(shares({"a": 1.0}, 3)) == [[], [], ["a"]]
