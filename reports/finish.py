# SPDX-License-Identifier: Apache-2.0
"""The end of a run: what is new is found out, the reports are written, and the run is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fixtures.errors import UsageError
from fixtures.outcome.history import entries, history_dir, remember
from fixtures.outcome.outcome import RunResult
from fixtures.outcome.report_dirs import RERUNS
from fixtures.places import NODE_MODULES
from reports.changes import NOTHING_BEFORE, Changes, changes
from reports.timeline.drawing import TimelineDrawer, illustrated
from reports.writer import write_all


def finish(
    run: RunResult,
    tests: Iterable[str],
    directory: Path,
    reports: Path,
    *,
    whole: bool,
    drawer: TimelineDrawer | None = None,
) -> tuple[Changes, list[str]]:
    """Write everything into `directory`. What is new, and a sentence for each thing that could not be made.

    Only a `whole` run is compared with those that `reports` remembers, and remembered for the next: a shard
    or an interrupted run shows too little. Shards may be merged again, and late, so only runs that started
    before this one are earlier ones. `drawer` has been given timelines of this run before its end.
    """
    new = NOTHING_BEFORE
    remarks: list[str] = []
    if whole:
        try:
            new = changes(run, entries(reports, run.old.name, run.new.name, run.started))
            remember(run, tests, reports, rerun=directory.parent.name == RERUNS)
        except (UsageError, OSError) as error:
            remarks.append(f"Could not compare with earlier runs: {error}")
    run, undrawn = illustrated(run, directory, drawer or TimelineDrawer())
    remarks += undrawn
    trends = history_dir(reports, run.old.name, run.new.name) / "allure.jsonl" if whole else None
    remarks += write_all(run, directory, node_modules=NODE_MODULES, changes=new, history=trends)
    return new, remarks
