# SPDX-License-Identifier: Apache-2.0
"""The files of several hosts: evidence, results of Allure, and where the merged report is."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

import reports.__main__
from fixtures.matrix.schema import load_matrix
from fixtures.outcome import report_dirs
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.places import MATRIX_FILE
from reports.changes import NOTHING_BEFORE
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import leave_run, make_ended, make_plan
from suites.harness.support.shard_samples import cells_of, leave_shards, merge


def test_evidence_is_where_the_report_says(tmp_path: Path) -> None:
    """Lose this and the verdict cannot be checked, because files of two hosts have the same names."""
    said = {}
    for shard in ("1/2", "2/2"):
        place = tmp_path / shard[0]
        file = "evidence/hotpatch/console.log"
        run = RunRecord("debian-12", "debian-13", "pass", evidence=[file])
        cell = make_cell(int(shard[0]), evidence=[file], runs=[run])
        leave_run(place, make_plan([cell.nodeid], shard), [make_ended(cell)])
        (place / file).parent.mkdir(parents=True)
        (place / file).write_text(shard)
        said[cell.id] = shard
    for cell in merge(tmp_path, tmp_path / "1", tmp_path / "2").cells:
        assert cell.runs[0].evidence == cell.evidence
        assert (tmp_path / "merged" / cell.evidence[0]).read_text() == said[cell.id]


def test_evidence_of_two_copies_of_a_shard_is_kept(tmp_path: Path) -> None:
    """Lose this and the evidence of a flaky cell is overwritten by the host on which it passed."""
    for place, outcome in (("a", Outcome.PASS), ("b", Outcome.REGRESSION), ("c", Outcome.PASS)):
        cell = make_cell(1, outcome, evidence=["evidence/log"])
        leave_run(tmp_path / place, make_plan([cell.nodeid], "1/1"), [make_ended(cell)])
        (tmp_path / place / "evidence").mkdir()
        (tmp_path / place / "evidence/log").write_text(f"{place} {outcome}")
    (cell,) = merge(tmp_path, *(tmp_path / place for place in "abc")).cells
    assert cell.outcome is Outcome.FLAKY
    contents = [(tmp_path / "merged" / file).read_text() for file in cell.evidence]
    assert contents == ["a pass", "b regression", "c pass"]


def test_results_of_allure_are_merged(tmp_path: Path) -> None:
    """Lose this and Allure's report shows the results of only one host."""
    _, runs = leave_shards(tmp_path, cells_of())
    for run in runs:
        (run / "allure-results").mkdir()
        (run / "allure-results" / f"{run.name}-result.json").touch()
    merge(tmp_path, *runs)
    found = {file.name for file in (tmp_path / "merged/allure-results").iterdir()}
    assert found == {"1-result.json", "2-result.json"}


@pytest.mark.parametrize("kind,link", [("runs", "latest"), ("reruns", "latest-rerun")])
def test_merged_reruns_are_a_rerun(
    kind: str, link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the pictures of a killed rerun cost the user the run under triage."""
    monkeypatch.setattr(report_dirs, "REPORTS", tmp_path)
    monkeypatch.setattr(reports.__main__, "finish", lambda *_, **__: (NOTHING_BEFORE, []))
    plan = make_plan([cells_of()[0].nodeid], matrix=load_matrix(MATRIX_FILE).digest)
    killed = leave_run(tmp_path / kind / "1", plan, [])
    reports.__main__.merge([killed], MATRIX_FILE, Console())
    assert [path.name for path in tmp_path.glob("latest*")] == [link]
    assert (tmp_path / link).readlink().parent.name == kind
