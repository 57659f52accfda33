# SPDX-License-Identifier: Apache-2.0
"""A run that ends is compared with earlier ones, and added to the history."""

from __future__ import annotations

from pathlib import Path

from fixtures.outcome.history import entries, remember
from fixtures.outcome.outcome import RunResult
from reports.changes import NOTHING_BEFORE, Changes
from reports.finish import finish
from suites.harness.support.history_samples import FAILS, MACHINES, failing, night, passing
from suites.harness.support.report_samples import make_cell


def end(run: RunResult, reports: Path, *, whole: bool = True) -> tuple[Changes, list[str]]:
    """End a run as the suite does."""
    return finish(run, ["a"], reports / "runs" / "1", reports, whole=whole)


def test_incomplete_run_is_not_added_to_the_history(tmp_path: Path) -> None:
    """Lose this and the next run is compared with an interrupted one."""
    end(night(1, make_cell(1)), tmp_path)
    assert end(night(2, make_cell(1, FAILS)), tmp_path, whole=False)[0] == NOTHING_BEFORE
    assert [entry.started for entry in entries(tmp_path, "debian-12", "debian-13")] == [night(1).started]


def test_run_that_is_reported_again_is_not_compared_with_itself(tmp_path: Path) -> None:
    """Lose this and a second merge of the same shards reports nothing as new."""
    end(night(1, *passing(*MACHINES)), tmp_path)
    first, _ = end(night(2, *failing(*MACHINES)), tmp_path)
    again, _ = end(night(2, *failing(*MACHINES)), tmp_path)
    assert again == first
    assert len(again.new) == 1


def test_damaged_history_prevents_only_the_comparison(tmp_path: Path) -> None:
    """Lose this and one damaged file of an earlier run prevents the verdict of this run."""
    file = remember(night(1, make_cell(1)), [], tmp_path)
    file.write_text("{")
    _, remarks = end(night(2, make_cell(1)), tmp_path)
    assert [remark for remark in remarks if str(file) in remark]
    assert (tmp_path / "runs/1/verdict.json").is_file()
