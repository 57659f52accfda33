# SPDX-License-Identifier: Apache-2.0
"""A guest whose run tried nothing is started once more.

That is one that an emulated host takes before its move, or that moved before the suite asked for postcopy.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.outcome.outcome import Outcome
from fixtures.path.interface import TOO_LATE
from fixtures.qualify.venue import Place
from suites.harness.support.scripted_attempts import FORWARD, ScriptedPair, Stage

SILENT = HotPatchFailure("agent", "waited 196.1 s for the agent's answer to `clocks`; last seen: 26 ok")


@pytest.mark.parametrize(
    "place, lost, outcome",
    [
        ("emulated", 0, Outcome.PASS),
        ("emulated", 1, Outcome.PASS),
        ("emulated", 2, Outcome.ERROR),
        ("tcg", 1, Outcome.ERROR),
    ],
)
def test_guest_is_started_once_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, place: Place, lost: int, outcome: Outcome
) -> None:
    """Lose this and one fault of the emulator ends a run undecided, or guests are started without end."""
    under_test = ScriptedPair()
    here = under_test.venue
    monkeypatch.setattr(under_test, "venue", lambda *of, **how: replace(here(*of, **how), place=place))
    started = []

    def moved(attempt: object) -> None:
        started.append(attempt)
        if len(started) <= lost:
            raise SILENT

    qualification = stage.qualification(under_test)
    result = qualification.judge(moved, repeat=1)
    assert result.outcome is outcome
    assert len(started) == (1 if place == "tcg" else min(lost, 1) + 1)
    again = [run.reason for run in result.runs if "another guest was started" in run.reason]
    assert len(again) == len(started) - 1
    assert {(run.source, run.destination) for run in result.runs} == {FORWARD}


@pytest.mark.parametrize("late, outcome", [(0, Outcome.PASS), (1, Outcome.PASS), (2, Outcome.ERROR)])
def test_guest_that_moved_too_early_is_followed_by_another(stage: Stage, late: int, outcome: Outcome) -> None:
    """Lose this and a busy machine ends a run undecided, because the suite got no core for a moment."""
    started = []

    def moved(attempt: object) -> None:
        started.append(attempt)
        if len(started) <= late:
            raise RigError(f"{TOO_LATE}: completed")

    result = stage.qualification(ScriptedPair()).judge(moved, repeat=1)
    assert result.outcome is outcome
    assert len(started) == min(late, 1) + 1
    untried = [run.reason for run in result.runs if run.reason.startswith("another guest was moved: ")]
    assert len(untried) == len(started) - 1
