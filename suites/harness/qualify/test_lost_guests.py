# SPDX-License-Identifier: Apache-2.0
"""A guest that an emulated host takes before its move is started once more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.errors import HotPatchFailure
from fixtures.outcome.outcome import Outcome
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
