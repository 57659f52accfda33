# SPDX-License-Identifier: Apache-2.0
"""Which runs are kept, and which one `reports/latest` is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.outcome import report_dirs
from fixtures.outcome.journal import PLAN
from fixtures.outcome.report_dirs import (
    KEPT_OTHERS,
    KEPT_RUNS,
    PIN,
    hold,
    is_rerun,
    is_running,
    new_report_dir,
    point_latest_at,
    run_of,
    shown_place,
)
from fixtures.places import ROOT

HOLD = "import sys, pathlib; from fixtures.outcome.report_dirs import hold; hold(pathlib.Path(sys.argv[1]))"
MANY = KEPT_RUNS + 10


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of reports of the test's own."""
    monkeypatch.setattr(report_dirs, "REPORTS", tmp_path)
    return tmp_path


def left_behind(reports: Path, number: int, *, kind: str = "runs", judged: bool = True) -> Path:
    """The directory of an earlier run."""
    run = reports / kind / f"20261126T{number:06}-{number}"
    run.mkdir(parents=True)
    if judged:
        (run / PLAN).touch()
    return run


def runs_left(reports: Path, kind: str = "runs") -> int:
    """How many runs of this kind are there."""
    return len(list((reports / kind).iterdir()))


def test_newest_runs_are_kept(reports: Path) -> None:
    """Lose this and the reports fill the disk, or the one that is looked at is removed."""
    runs = [left_behind(reports, number) for number in range(MANY)]
    new_report_dir()
    assert [run.exists() for run in runs] == [number > MANY - KEPT_RUNS for number in range(MANY)]


def test_reruns_push_out_no_run(reports: Path) -> None:
    """Lose this and looking at one cell twenty times removes the qualification that it is of."""
    run = left_behind(reports, 0)
    for number in range(1, MANY):
        left_behind(reports, number, kind="reruns")
        new_report_dir(rerun=True)
    assert run.exists()
    assert runs_left(reports, "reruns") == KEPT_RUNS - 1, "one more makes the number"


def test_runs_that_judged_nothing_push_out_no_run(reports: Path) -> None:
    """Lose this and twenty runs of the suite's own tests remove every qualification."""
    run = left_behind(reports, 0)
    for number in range(1, MANY):
        left_behind(reports, number, judged=False)
    new_report_dir()
    assert run.exists()
    assert runs_left(reports) == KEPT_OTHERS


def test_pinned_run_stays(reports: Path) -> None:
    """Lose this and a run that a person wants to keep is gone after twenty others."""
    runs = [left_behind(reports, number) for number in range(MANY)]
    (runs[0] / PIN).touch()
    new_report_dir()
    assert runs[0].exists()
    assert not runs[1].exists()


def test_run_in_progress_stays(reports: Path) -> None:
    """Lose this and a long run loses its report while it writes it."""
    runs = [left_behind(reports, number) for number in range(MANY)]
    lock = hold(runs[0])
    new_report_dir()
    assert lock is not None
    assert runs[0].exists()


def test_killed_run_is_not_in_progress(tmp_path: Path) -> None:
    """Lose this and what a killed run left behind stays for ever, and cannot be resumed."""
    subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, check=True)
    assert not is_running(tmp_path)
    lock = hold(tmp_path)
    assert is_running(tmp_path)
    assert lock is not None
    lock.release()
    assert not is_running(tmp_path)


def test_run_that_latest_points_to_stays(reports: Path) -> None:
    """Lose this and twenty interrupted runs leave `reports/latest` pointing nowhere."""
    runs = [left_behind(reports, number) for number in range(MANY)]
    point_latest_at(runs[0])
    new_report_dir()
    assert (reports / "latest").resolve() == runs[0]


def test_rerun_moves_no_link_of_runs(reports: Path) -> None:
    """Lose this and after a rerun of one cell `reports/latest` is no longer the run under triage."""
    run, rerun = left_behind(reports, 1), left_behind(reports, 2, kind="reruns")
    point_latest_at(run)
    point_latest_at(rerun)
    assert (reports / "latest").resolve() == run
    assert (reports / "latest-rerun").resolve() == rerun
    assert str(shown_place(rerun)).endswith(f"reruns/{rerun.name}")
    assert str(shown_place(run)).endswith("/latest")


def test_run_of_a_process_is_found_among_reruns(reports: Path) -> None:
    """Lose this and `make nightly ARGS="-k …"` finds no run of the pytest that it started."""
    run, rerun = left_behind(reports, 1), left_behind(reports, 2, kind="reruns")
    assert (run_of(1, reports), run_of(2, reports), run_of(3, reports)) == (run, rerun, None)


SELECTIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "all": ({}, False),
    "a folder": ({"args": ["suites/compat"]}, False),
    "markers": ({"markexpr": "postcopy"}, False),
    "a test": ({"args": ["suites/compat/test_x.py::test_y[z]"]}, True),
    "a list": ({"cells": "FILE"}, True),
    "a subject": ({"subject": "machine"}, True),
    "words": ({"keyword": "256mib"}, True),
    "the red ones": ({"lf": True}, True),
    "a shard of a list": ({"cells": "FILE", "shard": "1/2"}, False),
}


@pytest.mark.parametrize("what", SELECTIONS)
def test_selection_of_some_tests_is_a_rerun(what: str) -> None:
    """Lose this and a look at one cell counts as a qualification, or a shard is not merged."""
    given, expected = SELECTIONS[what]
    config: Any = SimpleNamespace(option=SimpleNamespace(**given), args=given.get("args", ["suites"]))
    assert is_rerun(config) is expected
