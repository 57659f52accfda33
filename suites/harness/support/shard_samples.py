# SPDX-License-Identifier: Apache-2.0
"""What the hosts of a run leave, and the merged run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fixtures.matrix.schema import KnownIssue
from fixtures.matrix.shards import shares
from fixtures.outcome.journal import RunPlan
from fixtures.outcome.outcome import CellResult, Outcome, RunResult
from reports.merge import by_pair, merged, parts_in
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import leave_run, make_ended, make_plan


def cells_of(number: int = 6) -> list[CellResult]:
    """Cells of guests; one failed."""
    failed = make_cell(0, Outcome.REGRESSION, reason="memory: page 7 is wrong")
    return [failed, *(make_cell(place) for place in range(1, number))]


def leave_shards(
    directory: Path, cells: Sequence[CellResult], number: int = 2, **more: Any
) -> tuple[RunPlan, list[Path]]:
    """The runs of `number` hosts, and the plan of a single host for the same tests."""
    by_test = {cell.nodeid: make_ended(cell) for cell in cells}
    parts = shares(dict.fromkeys(by_test, 11.0), number)
    runs = [
        leave_run(
            directory / str(place), make_plan(part, f"{place}/{number}", **more), [by_test[t] for t in part]
        )
        for place, part in enumerate(parts, 1)
    ]
    return make_plan(list(by_test), **more), runs


def merge(directory: Path, *runs: Path, issues: Sequence[KnownIssue] = ()) -> RunResult:
    """The merged run of one pair."""
    (parts,) = by_pair(parts_in(runs)).values()
    return merged(parts, issues, directory / "merged")
