# SPDX-License-Identifier: Apache-2.0
"""A sequence that fails is found, made as short as it can be, and blamed on the right build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.evidence.harm import Harm, Harmed
from fixtures.matrix.sweep_plan import plans_of
from fixtures.outcome.outcome import CellResult, Outcome
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.venue import Venue
from fixtures.still.life import StepFailed, StillLife
from fixtures.still.steps import KINDS, Step, possible
from fixtures.sweep import sequences as module
from fixtures.sweep.sequences import SequenceSearch
from fixtures.sweep.sweep import Sweep
from suites.harness.support.scripted_attempts import SHIPPED

TYPE = "pc-q35-7.2"
BUSES = dict.fromkeys(KINDS, "at once")
Breaks = Callable[[str, str, Sequence[str]], str]
"""From the old and the new build of a life, and its steps: the check that fails, or nothing."""


def after(steps: Sequence[str], *wanted: str) -> bool:
    """Do these come in this order, each as the beginning of a step?"""
    return any(
        all(step.startswith(word) for step, word in zip(chosen, wanted, strict=True))
        for chosen in combinations(steps, len(wanted))
    )


class Search:
    """Searches while lives end as scripted."""

    def __init__(self, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.report = report
        self.lived: list[str] = []
        self.breaks: Breaks = lambda *_: ""
        monkeypatch.setattr(module, "usable_buses", lambda _life: BUSES)

    def cells(self, breaks: Breaks, *, subject: str | None = None, examples: int = 200) -> list[CellResult]:
        """The cells of a search."""
        self.breaks = breaks
        plan = next(plan for plan in plans_of(SHIPPED) if plan.part == "sequences")
        under_test = cast("PairUnderTest", SimpleNamespace(matrix=SHIPPED))
        nodeid = f"suites/life/test_sequences.py::test[{plan.id}]"
        sweep = Sweep(plan, under_test, self.report, nodeid, str, wanted=subject, place=self.report)
        old, new = (Build(name, Sandbox(self.report), {}) for name in ("old", "new"))
        cast("Any", sweep).venue = Venue("tcg", old, new)
        SequenceSearch(sweep, TYPE, examples).run()
        return sweep.cells


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """A search whose sequences pass unless a test says otherwise."""
    found = Search(tmp_path, monkeypatch)

    def lives(life: StillLife, steps: tuple[Step, ...], buses: Any) -> None:
        assert possible(steps, buses) == steps
        names = [str(step) for step in steps]
        found.lived.append(f"{life.old.name} {life.new.name} {'+'.join(names)}")
        life.lines.append("a script")
        check = found.breaks(life.old.name, life.new.name, names)
        if check:
            raise StepFailed(check, f"step 1, x: {check}", check, Harmed(Harm.CHANGED, "seen"))

    monkeypatch.setattr(StillLife, "lives", lives)
    return found


def test_sequences_that_pass_are_one_cell(search: Search) -> None:
    """Lose this and nobody knows how many sequences a pass stands for, or how to draw them again."""
    (cell,) = search.cells(lambda *_: "", examples=30)
    assert (cell.subject, cell.outcome) == ("steps:random", Outcome.PASS)
    assert cell.reason.startswith(f"{len(search.lived)} sequences passed, ")
    assert "(seed 0)" in cell.reason
    assert 20 < len({*search.lived}) == len(search.lived) <= 30


def test_sequence_that_fails_is_made_as_short_as_it_can_be(search: Search) -> None:
    """Lose this and whoever reads the report has ten steps to think about instead of four."""

    def breaks(_old: str, new: str, steps: Sequence[str]) -> str:
        return "plug" if new == "new" and after(steps, "unplug-", "move", "plug-") else ""

    failed, passed = search.cells(breaks)
    assert failed.subject == "steps:plug-scsi-hd-1+unplug-scsi-1+move+plug-scsi-hd-1"
    assert failed.outcome is Outcome.DEFECT_NEW
    assert failed.reason.endswith(
        "the shortest sequence that fails: plug-scsi-hd-1, unplug-scsi-1, move, plug-scsi-hd-1"
    )
    assert failed.harm is Harm.CHANGED
    assert "a script" in (search.report / failed.evidence[0]).read_text()
    assert passed.subject == "steps:random"


@pytest.mark.parametrize(
    "broken, outcome",
    [
        ({("old", "new")}, Outcome.REGRESSION),
        ({("old", "new"), ("old", "old")}, Outcome.DEFECT_OLD),
        ({("old", "new"), ("new", "new")}, Outcome.DEFECT_NEW),
    ],
)
def test_sequence_that_fails_is_controlled(
    broken: set[tuple[str, str]], outcome: Outcome, search: Search
) -> None:
    """Lose this and an update is blamed for what the old build does to itself."""
    failed = search.cells(
        lambda old, new, steps: "devices" if (old, new) in broken and "save" in steps else ""
    )[0]
    assert (failed.subject, failed.outcome) == ("steps:save", outcome)


def test_other_failure_is_found_behind_the_first(search: Search) -> None:
    """Lose this and one defect hides all others."""

    def breaks(_old: str, new: str, steps: Sequence[str]) -> str:
        if new == "old":
            return ""
        return "runstates" if after(steps, "resume", "move") else "devices" if "save" in steps else ""

    cells = search.cells(breaks)
    assert {cell.subject for cell in cells} == {"steps:resume+move", "steps:save", "steps:random"}


def test_sequence_that_fails_by_chance_is_flaky(search: Search) -> None:
    """Lose this and a defect that strikes by chance passes, because it did not strike again."""
    struck: list[str] = []

    def breaks(_old: str, _new: str, steps: Sequence[str]) -> str:
        if struck or "cancel" not in steps:
            return ""
        struck.append("once")
        return "memory"

    assert search.cells(breaks)[0].outcome is Outcome.FLAKY


def test_shrinking_ends(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and one defect takes the time of the whole night."""
    monkeypatch.setattr(module, "MOST_SHRINKS", 3)
    first = search.cells(lambda _old, new, steps: "plug" if new == "new" and "back" in steps else "")[0]
    assert "back" in first.subject
    began = next(at for at, lived in enumerate(search.lived) if "back" in lived)
    controls = next(at for at, lived in enumerate(search.lived) if lived.startswith("old old"))
    assert controls - began == 4


def test_named_sequence_is_done_alone(search: Search) -> None:
    """Lose this and the command that is to repeat a failure searches anew."""
    (cell,) = search.cells(lambda *_: "", subject=f"{TYPE}/steps:plug-usb-kbd-1+move")
    assert search.lived == ["old new plug-usb-kbd-1+move"]
    assert (cell.subject, cell.outcome) == ("steps:plug-usb-kbd-1+move", Outcome.PASS)
    assert search.cells(lambda *_: "", subject="pc-q35-9.9/steps:move") == []


def test_who_asks_for_random_ones_gets_what_they_find(search: Search) -> None:
    """Lose this and a search that finds something shows nothing."""
    cells = search.cells(
        lambda _old, new, steps: "plug" if new == "new" and "save" in steps else "",
        subject=f"{TYPE}/steps:random",
    )
    assert [cell.subject for cell in cells] == ["steps:save", "steps:random"]
