# SPDX-License-Identifier: Apache-2.0
"""What is new since earlier runs of the same pair: new and gone findings, changed blackouts.

Each cell is compared with the last run that had it under the same accelerator, so neither a run of a few
cells nor one on an emulated host affects the comparison.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from fixtures.outcome.findings import FAILING, Finding, cause_of, findings
from fixtures.outcome.history import Entry, Past
from fixtures.outcome.outcome import RANK, CellResult, Outcome, RunResult

LOOKED_BACK = 10
"""Number of earlier runs in which a cell's blackouts are compared."""
FEWEST = 5
"""Earlier blackouts of a cell that are needed to know its noise."""
NOISE = 2.0
"""A blackout has changed if it is over this factor longer than the longest earlier one, or shorter than the
shortest. Equal moves under TCG differ by a factor of two. Of 205 blackouts on an idle host, each compared
with the four others of its kind, two were outside these bounds; with a factor of 1.5 it would be eight."""
LEAST_MS = 30.0
"""Least change in milliseconds; smaller ones can be one beat more or less."""


@dataclass(frozen=True)
class NewFinding:
    """A finding with cells that did not fail for this reason in the last run that had them. No errors."""

    finding: Finding
    cells: list[CellResult]
    """Those cells."""
    first_tried: int
    """How many of them had not run before."""


@dataclass(frozen=True)
class Gone:
    """A reason for which cells failed in the last run that had them, and now do not. Errors do not count."""

    outcome: Outcome
    reason: str
    cells: list[CellResult]
    """Their results in this run."""


@dataclass(frozen=True)
class Blackout:
    """A blackout that changed by more than noise."""

    cell: CellResult
    now: float
    """Milliseconds."""
    middle: float
    low: float
    high: float
    """Bounds of the noise, from earlier runs, in milliseconds."""
    runs: int


@dataclass(frozen=True)
class Changes:
    """The differences from earlier runs."""

    since: str
    """When the last comparable run before this one started; empty if there was none."""
    verdict_then: str = ""
    """Its verdict; empty if some of its cells ran under another accelerator than now."""
    new: list[NewFinding] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    blackouts: list[Blackout] = field(default_factory=list)
    flaky: list[CellResult] = field(default_factory=list)
    """Wavering cells: they failed, passed and failed again, or the reverse."""
    first_tried: int = 0
    """Cells that no earlier run had under this accelerator."""

    @property
    def any(self) -> bool:
        """Is there any change to report?"""
        return bool(self.new or self.gone or self.blackouts or self.flaky)


NOTHING_BEFORE = Changes("")
"""The changes of a first run."""


def changes(run: RunResult, earlier: Sequence[Entry]) -> Changes:
    """The changes of this run since the `earlier` ones, newest first."""
    last = next((entry for entry in earlier if any(_compared(run.cells, entry))), None)
    if last is None:
        return NOTHING_BEFORE
    before = _before(run.cells, earlier)
    return Changes(
        since=last.started,
        verdict_then=last.verdict if all(_compared(run.cells, last)) else "",
        new=_new(run.cells, before),
        gone=_gone(run.cells, before),
        blackouts=[
            change for cell in run.cells if (change := _blackout(cell, before.get(cell.id, []))) is not None
        ],
        flaky=[cell for cell in run.cells if _is_wavering(cell, before.get(cell.id, []))],
        first_tried=sum(cell.id not in before for cell in run.cells),
    )


def _compared(cells: Iterable[CellResult], entry: Entry) -> list[bool]:
    """Of each cell that both runs have: are the two results comparable?"""
    return [entry.cells[cell.id].compares_with(cell) for cell in cells if cell.id in entry.cells]


def _before(cells: Iterable[CellResult], earlier: Sequence[Entry]) -> dict[str, list[Past]]:
    """The comparable earlier results of each cell that has any, newest first."""
    before: dict[str, list[Past]] = defaultdict(list)
    for cell in cells:
        for entry in earlier:
            past = entry.cells.get(cell.id)
            if past is not None and past.compares_with(cell):
                before[cell.id].append(past)
    return before


def _new(cells: Iterable[CellResult], before: dict[str, list[Past]]) -> list[NewFinding]:
    found = []
    for finding in findings(cell for cell in cells if cell.outcome is not Outcome.ERROR):
        new = [cell for cell in finding.cells if _last(before, cell).cause != cause_of(cell)]
        if new:
            found.append(NewFinding(finding, new, sum(cell.id not in before for cell in new)))
    return found


def _gone(cells: Iterable[CellResult], before: dict[str, list[Past]]) -> list[Gone]:
    groups: dict[tuple[Outcome, str], list[CellResult]] = defaultdict(list)
    reasons: dict[tuple[Outcome, str], str] = {}
    for cell in cells:
        last = _last(before, cell)
        judged = Outcome.ERROR not in {cell.outcome, last.outcome}
        if judged and last.cause and last.cause != cause_of(cell):
            groups[last.outcome, last.cause].append(cell)
            reasons.setdefault((last.outcome, last.cause), last.reason)
    found = [Gone(key[0], reasons[key], members) for key, members in groups.items()]
    return sorted(found, key=lambda gone: (RANK[gone.outcome], -len(gone.cells)))


def _last(before: dict[str, list[Past]], cell: CellResult) -> Past:
    """The cell's last result that is not an `error`; the newest `error` if there is none."""
    past = before.get(cell.id, [Past(Outcome.PASS)])
    return next(iter(_judged(past)), past[0])


def _judged(past: Iterable[Past]) -> list[Past]:
    return [one for one in past if one.outcome is not Outcome.ERROR]


def _blackout(cell: CellResult, past: Sequence[Past]) -> Blackout | None:
    """The change of a passing cell's blackout, if it is more than noise."""
    if cell.outcome is not Outcome.PASS or cell.blackout_ms is None:
        return None
    passed = [one.blackout_ms for one in past[:LOOKED_BACK] if one.outcome is Outcome.PASS]
    known = [ms for ms in passed if ms is not None]
    if len(known) < FEWEST:
        return None
    low, high = min(known) / NOISE, max(known) * NOISE
    middle, now = median(known), cell.blackout_ms
    if low <= now <= high or abs(now - middle) < LEAST_MS:
        return None
    return Blackout(cell, now, middle, low, high, len(known))


def _is_wavering(cell: CellResult, past: Sequence[Past]) -> bool:
    """Has it changed from pass to failure and back, or the reverse, in the last LOOKED_BACK runs?"""
    if cell.outcome is Outcome.ERROR:
        return False
    outcomes = (cell.outcome, *(one.outcome for one in _judged(past)[:LOOKED_BACK]))
    failing = [outcome in FAILING for outcome in outcomes]
    turns = sum(now != then for now, then in pairwise(failing))
    return turns >= 2
