# SPDX-License-Identifier: Apache-2.0
"""Which evidence Allure's report contains: that of failures, so that it stays small enough to open."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import MagicMock

import pytest

from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from reports.machine_readable import allure_test
from suites.harness.support.report_samples import make_cell

PAIR = ("debian-12", "debian-13")


@pytest.fixture
def attached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Stands in for Allure, with a file of evidence for each of four runs."""
    for number in range(4):
        (tmp_path / f"{number}-console.txt").touch()
    fake = MagicMock()
    monkeypatch.setattr(allure_test, "allure", fake)
    return fake


def cell_of(*results: str, outcome: Outcome) -> CellResult:
    """A cell whose runs from the old to the new build ended like this, and a control that passed."""
    runs = [
        RunRecord("old", "new", result, evidence=[f"{number}-console.txt"])
        for number, result in enumerate(results)
    ]
    control = RunRecord("old", "old", "pass", evidence=["3-console.txt"])
    return make_cell(1, outcome=outcome, runs=[*runs, control])


def files_of(cell: CellResult, attached: MagicMock, report: Path) -> list[str]:
    """Names of the files that Allure's report contains."""
    allure_test.attach_to_allure(cell, report, PAIR)
    return [call.args[0].name for call in attached.attach.file.call_args_list]


def test_evidence_of_passed_runs_is_only_named(attached: MagicMock, tmp_path: Path) -> None:
    """Lose this and Allure's file of a qualification has 34 MB, nearly all of it of guests that passed."""
    cell = cell_of("pass", outcome=Outcome.PASS)
    assert files_of(cell, attached, tmp_path) == []
    assert "0-console.txt" in attached.attach.call_args_list[0].args[0]


def test_evidence_of_a_failure_is_there(attached: MagicMock, tmp_path: Path) -> None:
    """Lose this and Allure's report shows a failure without what QEMU and the guest wrote."""
    cell = cell_of("pass", "fail", "fail", outcome=Outcome.FLAKY)
    assert files_of(cell, attached, tmp_path) == ["1-console.txt"]
