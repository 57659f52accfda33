# SPDX-License-Identifier: Apache-2.0
"""Is a swept machine that came into the new build moved back?"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fixtures.builds.build import Build
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.qualify.venue import Venue
from fixtures.sweep.forecasts import Judged
from fixtures.sweep.sweep import Sweep

OLD: Any = SimpleNamespace(name="old")
NEW: Any = SimpleNamespace(name="new")


class Moves:
    """A machine whose moves between these builds fail."""

    kept = True

    def __init__(self, *fails: tuple[str, str]) -> None:
        self.fails = fails

    def saved(self, _build: Build) -> None:
        """Every build saves it."""

    def harm(self, _source: Build, *, sends: bool) -> None:
        """Nothing is known of the harm."""

    def run(self, source: Build, destination: Build) -> RunRecord:
        """One move as a record."""
        fails = (source.name, destination.name) in self.fails
        said = "migrate: bad section" if fails else ""
        return RunRecord(source.name, destination.name, "fail" if fails else "pass", said, said)


def judged(*fails: tuple[str, str]) -> Judged:
    """The judgement of such a machine."""
    none: Any = None
    sweep = Sweep(none, none, Path(), "", str)
    sweep.venue = Venue("tcg", OLD, NEW)
    moves: Any = Moves(*fails)
    return sweep.judge(moves)


def test_machine_that_cannot_return_passes_and_says_so() -> None:
    """Lose this and nobody learns that guests cannot leave the new build again, or the update is blamed."""
    found = judged(("new", "old"))
    assert found.outcome is Outcome.PASS
    assert [(run.source, run.result) for run in found.runs] == [("old", "pass"), ("new", "fail")]


def test_machine_that_never_arrived_is_not_moved_back() -> None:
    """Lose this and every failing subject costs two more QEMUs, of which no report says anything."""
    found = judged(("old", "new"))
    assert found.outcome is Outcome.REGRESSION
    assert ("new", "old") not in [(run.source, run.destination) for run in found.runs]
