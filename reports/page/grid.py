# SPDX-License-Identifier: Apache-2.0
"""The page of many pairs: a grid old × new of verdicts, and the times of each mechanism for each pair.

Each pair's own page is in a folder below.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.outcome.outcome import Outcome, RunResult, Verdict
from reports import words
from reports.changes import Changes
from reports.figures import MechanismFigures, by_mechanism
from reports.files import write_atomically
from reports.page.render import environment
from reports.why import judged_words, remarks, why

SCHEMA = 1


@dataclass(frozen=True)
class PairReport:
    """One pair of the grid."""

    run: RunResult
    changes: Changes
    folder: str
    """The folder of its own report, below the grid's."""

    @property
    def against(self) -> int:
        """Cells that count against the update."""
        return sum(cell.counts for cell in self.run.cells)


@dataclass(frozen=True)
class MechanismRow:
    """One mechanism of one architecture and path, for all pairs; None for a pair without figures of it."""

    arch: str
    path: str
    mechanism: str
    by_pair: list[MechanismFigures | None]


def verdict_of_all(reports: Iterable[PairReport]) -> Verdict:
    """The worst verdict of all pairs: unsafe before undecided before safe."""
    seen = {report.run.verdict for report in reports}
    return next((each for each in (Verdict.UNSAFE, Verdict.UNDECIDED) if each in seen), Verdict.SAFE)


def write_grid(reports: Sequence[PairReport], directory: Path) -> Path:
    """Write `directory`/index.html and verdict.json; the page's path.

    Raises OSError if the directory cannot be written.
    """
    data = _data(reports)
    write_atomically(directory / "verdict.json", json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    made = environment()
    made.globals |= {"symbol": words.SYMBOLS.__getitem__, "tone": words.tone}
    page = made.get_template("grid.html.j2").render(_content(reports))
    return write_atomically(directory / "index.html", page)


def _data(reports: Sequence[PairReport]) -> dict[str, Any]:
    """The verdicts for scripts."""
    return {
        "schema": SCHEMA,
        "verdict": str(verdict_of_all(reports)),
        "pairs": [
            {
                "old": report.run.old.name,
                "new": report.run.new.name,
                "verdict": str(report.run.verdict),
                "counts": {str(outcome): report.run.counts.get(str(outcome), 0) for outcome in Outcome},
                "notes": report.run.notes,
                "report": f"{report.folder}/verdict.json",
            }
            for report in reports
        ],
    }


def _content(reports: Sequence[PairReport]) -> dict[str, Any]:
    olds = dict.fromkeys(report.run.old.name for report in reports)
    news = dict.fromkeys(report.run.new.name for report in reports)
    by_pair = {(report.run.old.name, report.run.new.name): report for report in reports}
    return {
        "verdict": verdict_of_all(reports),
        "reports": reports,
        "news": list(news),
        "rows": [(old, [by_pair.get((old, new)) for new in news]) for old in olds],
        "mechanisms": _mechanisms(reports),
        "why": why,
        "judged": judged_words,
        "remarks": remarks,
        "outcomes": list(Outcome),
    }


def _mechanisms(reports: Sequence[PairReport]) -> list[MechanismRow]:
    figures = [
        {(each.arch, each.path, each.mechanism): each for each in by_mechanism(report.run.cells)}
        for report in reports
    ]
    names = sorted({name for of_pair in figures for name in of_pair})
    return [MechanismRow(*name, [of_pair.get(name) for of_pair in figures]) for name in names]
