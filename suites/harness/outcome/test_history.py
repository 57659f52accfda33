# SPDX-License-Identifier: Apache-2.0
"""Earlier runs of a pair are kept, and read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.outcome.history import KEPT, Entry, Past, entries, history_dir, remember, tried_tests
from fixtures.outcome.outcome import Outcome
from suites.harness.support.history_samples import FAILS, MACHINES, failing, night
from suites.harness.support.report_samples import CPU_FAILS, make_cell, make_run


def test_run_is_added_to_the_history(tmp_path: Path) -> None:
    """Lose this and every run is compared with nothing."""
    failed = failing(MACHINES[0])[0]
    run = night(1, failed, make_cell(1, blackout_ms=41.5))
    remember(run, ["a", "b"], tmp_path)
    (entry,) = entries(tmp_path, "debian-12", "debian-13")
    signature = failed.runs[0].signature
    assert entry == Entry(
        run.started,
        "unsafe",
        ("a", "b"),
        {
            failed.id: Past(FAILS, f"regression | {signature}", CPU_FAILS, accelerator="tcg"),
            make_cell(1).id: Past(Outcome.PASS, blackout_ms=41.5, accelerator="tcg"),
        },
    )


def test_each_pair_has_its_own_history(tmp_path: Path) -> None:
    """Lose this and a finding counts as new because another pair does not have it."""
    remember(night(1, *failing(*MACHINES)), ["a"], tmp_path)
    assert entries(tmp_path, "debian-13", "debian-12") == entries(tmp_path, "debian-12", "debian-14") == []
    assert tried_tests(tmp_path, "debian-13", "debian-12") == frozenset()


def test_newest_run_comes_first_and_the_oldest_is_removed(tmp_path: Path) -> None:
    """Lose this and the history fills the disk, or a run is compared with one of last month."""
    for month in (11, 12):
        for day in range(1, 29):
            run = make_run(make_cell(1))
            run.started = f"2026-{month}-{day:02}T01:00:00+00:00"
            remember(run, [], tmp_path)
    kept = [entry.started for entry in entries(tmp_path, "debian-12", "debian-13")]
    assert len(kept) == KEPT
    assert kept[0] == "2026-12-28T01:00:00+00:00"
    assert kept == sorted(kept, reverse=True)


def test_history_lists_the_tests_of_all_runs(tmp_path: Path) -> None:
    """Lose this and `--only-new` repeats tests that an earlier run has done."""
    remember(night(1), ["a", "b"], tmp_path)
    remember(night(2), ["b", "c"], tmp_path)
    assert tried_tests(tmp_path, "debian-12", "debian-13") == {"a", "b", "c"}


HEAD = '{"schema": 1, "started": "", "verdict": "", "tests": []'
DAMAGED = {
    "cut": '{"schema": 1, "cel',
    "nothing": "null",
    "no cells": HEAD + "}",
    "unknown outcome": HEAD + ', "cells": {"a": {"outcome": "odd"}}}',
    "another version": '{"schema": 2}',
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_history_is_reported(damage: str, tmp_path: Path) -> None:
    """Lose this and a damaged history file ends each run in a traceback without a verdict."""
    file = history_dir(tmp_path, "debian-12", "debian-13") / "20261101T010000.json"
    file.parent.mkdir(parents=True)
    file.write_text(DAMAGED[damage])
    with pytest.raises(UsageError, match="what to do: remove") as raised:
        entries(tmp_path, "debian-12", "debian-13")
    assert raised.value.where == str(file)


def test_reruns_push_no_night_out_of_memory(tmp_path: Path) -> None:
    """Lose this and thirty looks at one cell make the next night compare with nothing."""
    night = make_run(make_cell(1))
    remember(night, ["a"], tmp_path)
    for minute in range(KEPT + 5):
        rerun = replace(night, started=f"2027-01-01T00:{minute:02}:00+00:00")
        remember(rerun, ["a"], tmp_path, rerun=True)
    remembered = entries(tmp_path, night.old.name, night.new.name)
    assert len(remembered) == KEPT + 1
    assert remembered[-1].started == night.started
