# SPDX-License-Identifier: Apache-2.0
"""The end of a run: compare it with earlier runs, write the reports, and add it to the history."""

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
    """Write all reports into `directory`. Returns the changes, and a sentence for each report that failed.

    Only a `whole` run is compared with the history in `reports` and added to it: the results of a shard
    or an interrupted run are incomplete. Shards may be merged late, or again, so only runs that started
    before this one count as earlier. `drawer` may have drawn some timelines during the run.
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
