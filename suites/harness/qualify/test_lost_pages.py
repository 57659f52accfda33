# SPDX-License-Identifier: Apache-2.0
"""A written page that is lost once under TCG: the guest is moved more often before it counts."""

from __future__ import annotations

import pytest

from fixtures.errors import HotPatchFailure
from fixtures.outcome.outcome import Outcome
from fixtures.outcome.tcg_race import lost_written_page
from fixtures.qualify import lost_pages
from fixtures.qualify.lost_pages import LEAST_MOVES, MOST_MOVES
from suites.harness.support.scripted_attempts import PASS, ScriptedPair, Stage

LOST = HotPatchFailure("beats", "beat 534 was followed by 534")
OTHER = HotPatchFailure("clock", "it goes back")
SELF = ("debian-13", "debian-13")


@pytest.mark.parametrize(
    "reason, lost",
    [
        ("beats: beat 534 was followed by 534", True),
        ("beats: second move, new → new: beat 534 was followed by 521", True),
        ("beats: beat 534 was followed by 1", False),
        ("beats: beat 534 was followed by 536", False),
        ("beats: beat 534 was followed by 534; the guest reset itself", False),
        ("memory: 2 of 8192 pages damaged", True),
        ("memory: 7 of 8192 pages damaged", False),
    ],
)
def test_a_counter_that_falls_back_is_a_lost_page(reason: str, lost: bool) -> None:
    """Lose this and a reset guest, or a lost beat, passes for a page that TCG lost."""
    assert lost_written_page(reason) == lost


@pytest.mark.parametrize(
    "later, outcome, moves",
    [
        ([PASS], Outcome.UNSUPPORTED, 2 + MOST_MOVES),
        ([PASS, PASS, LOST], Outcome.FLAKY, 4),
        ([PASS, PASS, PASS, OTHER], Outcome.FLAKY, 5),
    ],
)
def test_guest_is_moved_more_often(
    later: list[HotPatchFailure], outcome: Outcome, moves: int, stage: Stage
) -> None:
    """Lose this and TCG makes one of twenty runs unsafe, or a build that loses pages now and then passes."""
    result = stage.judge({SELF: [LOST, *later]}, under_test=ScriptedPair(SELF))
    assert result.outcome is outcome
    assert stage.moves == [SELF] * moves
    assert ("none of 8 more moves lost one" in result.reason) == (outcome is Outcome.UNSUPPORTED)


def test_slow_guest_is_not_excused_by_a_few_moves(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and no move at all excuses a guest that takes minutes."""
    monkeypatch.setattr(lost_pages, "MOST_SECONDS", 0.0)
    assert LEAST_MOVES > 0
    result = stage.judge({SELF: [LOST, PASS]}, under_test=ScriptedPair(SELF))
    assert result.outcome is Outcome.FLAKY


def test_another_failure_is_moved_no_more(stage: Stage) -> None:
    """Lose this and every flaky cell takes minutes longer."""
    result = stage.judge({SELF: [OTHER, PASS]}, under_test=ScriptedPair(SELF))
    assert result.outcome is not Outcome.UNSUPPORTED
    assert stage.moves == [SELF] * 2
