# SPDX-License-Identifier: Apache-2.0
"""Runs of successive nights, and what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fixtures.outcome.history import entries, remember
from fixtures.outcome.outcome import CellResult, Outcome, RunResult
from reports.changes import Changes, changes
from suites.harness.support.report_samples import CPU_FAILS, make_run, make_swept

FAILS = Outcome.REGRESSION
MACHINES = [f"pseries-3.{number}" for number in range(4)]


def night(number: int, *cells: CellResult) -> RunResult:
    """The run of one night."""
    run = make_run(*cells)
    run.started = f"2026-11-{number:02}T01:00:00+00:00"
    return run


def compared(tmp_path: Path, *runs: RunResult) -> Changes:
    """The changes of the last of these runs, after the others were added to the history."""
    for run in runs[:-1]:
        remember(run, [], tmp_path)
    return changes(runs[-1], entries(tmp_path, "debian-12", "debian-13"))


def failing(*machines: str, reason: str = CPU_FAILS) -> list[CellResult]:
    """Cells of these machine types, all failing for one reason."""
    return [make_swept(machine, "machine", FAILS, reason) for machine in machines]


def passing(*machines: str) -> list[CellResult]:
    """The same cells, which pass."""
    return [make_swept(machine, "machine") for machine in machines]


def ids(cells: Sequence[CellResult]) -> list[str]:
    """The cells' machine types, which identify the cells of these tests."""
    return sorted(cell.machine for cell in cells)
