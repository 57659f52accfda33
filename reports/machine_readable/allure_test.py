# SPDX-License-Identifier: Apache-2.0
"""One cell as an Allure test: labels to find it, and a step with the evidence for each run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import allure
from allure_commons.types import AttachmentType, Severity

from fixtures.evidence.harm import Harm
from fixtures.matrix.sweep_plan import SweepPlan
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord, worst_harm

KINDS = {
    ".txt": AttachmentType.TEXT,
    ".json": AttachmentType.JSON,
    ".jsonl": AttachmentType.TEXT,
}


SEVERITIES = {
    Harm.LOST: Severity.BLOCKER,
    Harm.STRANDED: Severity.CRITICAL,
    Harm.CHANGED: Severity.NORMAL,
    Harm.SLOW: Severity.MINOR,
}
"""Allure's severity of each harm."""


def attach_to_allure(result: CellResult, report: Path, pair: tuple[str, str]) -> None:
    """Describe `result` in the Allure test that runs now."""
    title = f"{result.arch} {result.machine}: {result.path} {result.mechanism}, {result.subject}"
    allure.dynamic.title(title)
    allure.dynamic.epic(f"{pair[0]} → {pair[1]}")
    allure.dynamic.feature(result.suite)
    allure.dynamic.story(f"{result.path} {result.mechanism}")
    allure.dynamic.tag(str(result.outcome))
    for name in ("arch", "machine", "path", "mechanism", "subject"):
        allure.dynamic.parameter(name, getattr(result, name))
    _rate(result.harm)
    # Facts that differ from run to run are not part of the test's history id.
    for name in ("outcome", "harm", "harm_proof", "blackout_ms", "downtime_ms", "total_ms", "accelerator"):
        allure.dynamic.parameter(name, getattr(result, name), excluded=True)
    for name, value in result.runs[0].figures.items() if result.runs else ():
        allure.dynamic.parameter(name, value, excluded=True)
    full = failures_of(result.runs)
    for run in result.runs:
        _attach_run(run, report, full=run in full)


def _rate(harm: Harm | None) -> None:
    """Set Allure's severity of the test; its default is `normal`."""
    if harm is not None:
        allure.dynamic.severity(SEVERITIES[harm])


def failures_of(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The first run of each direction that did not pass.

    Only their evidence is copied into Allure's report, which is one file: all evidence of a run's guests, a
    third of a megabyte for each, made it 34 MB.
    """
    first: dict[tuple[str, str], RunRecord] = {}
    for run in runs:
        if run.result != "pass":
            first.setdefault((run.source, run.destination), run)
    return list(first.values())


def attach_sweep_to_allure(
    cells: Sequence[CellResult],
    suite: str,
    plan: SweepPlan,
    figures: str,
    report: Path,
    pair: tuple[str, str],
) -> None:
    """Describe a sweep in the Allure test that runs now: a list of its cells, and a step for each failure."""
    allure.dynamic.title(plan.title)
    allure.dynamic.epic(f"{pair[0]} → {pair[1]}")
    allure.dynamic.feature(suite)
    allure.dynamic.story(plan.part)
    allure.dynamic.parameter("arch", plan.arch)
    harmed = worst_harm(cells)
    _rate(harmed.harm if harmed is not None else None)
    lines = [
        f"{cell.outcome}\t{cell.harm or ''}\t{cell.machine}\t{cell.subject}\t{cell.reason}" for cell in cells
    ]
    allure.attach("\n".join([figures, *lines]), name="cells.txt", attachment_type=AttachmentType.TEXT)
    for cell in cells:
        if cell.outcome is not Outcome.PASS and cell.runs:
            with allure.step(f"{cell.machine} {cell.subject}: {cell.outcome}: {cell.reason}"):
                _attach_run(cell.runs[0], report, full=True)


def _attach_run(run: RunRecord, report: Path, *, full: bool) -> None:
    with allure.step(f"{run.source} → {run.destination}: {run.result} {run.reason}".strip()):
        if not full and run.evidence:
            text = "\n".join(["Files in the directory of this run:", *run.evidence])
            allure.attach(text, name="evidence.txt", attachment_type=AttachmentType.TEXT)
            return
        for name in run.evidence:
            path = report / name
            kind = KINDS.get(path.suffix)
            if kind is not None and path.is_file():
                allure.attach.file(path, name=path.name, attachment_type=kind)
