# SPDX-License-Identifier: Apache-2.0
"""Can a finding be accepted by pasting what the page offers into matrix.yaml?"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from fixtures.matrix.schema import KnownIssue, Pair, load_matrix
from fixtures.outcome.findings import findings
from fixtures.outcome.known import apply
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from fixtures.places import MATRIX_FILE
from reports.known_issue_entry import entry_for
from reports.page.page import write_page
from suites.harness.support.html_page import Page
from suites.harness.support.report_samples import CPU_FAILS, make_cell, make_run, make_swept

PAIR = Pair(old="debian-12", new="debian-13")
DAY = date(2027, 2, 20)
"""90 days after the sample run."""
SHIPPED_ENTRIES = re.compile(r"^known_issues:.*\n(?:[ ].*\n)*", re.MULTILINE)
HOSTILE = "migrate: \"' : #{}[]&*!|>%@` \\\\ .+?(a|b)^$ <script>"


def pasted(text: str, directory: Path) -> tuple[KnownIssue, ...]:
    """The known issues of matrix.yaml with this entry in place of those that it has."""
    file = directory / "matrix.yaml"
    whole, places = SHIPPED_ENTRIES.subn(lambda _found: f"known_issues:\n{text}\n", MATRIX_FILE.read_text())
    assert places == 1
    file.write_text(whole)
    return load_matrix(file).known_issues


def failed(signature: str, number: int = 1) -> CellResult:
    """A regression with this signature."""
    runs = [RunRecord("debian-12", "debian-13", "fail", "reason", signature)]
    return make_cell(number, Outcome.REGRESSION, reason='said: "x" #1', runs=runs)


def accepts(text: str, cell: CellResult, directory: Path) -> bool:
    """Does the entry make this cell a known one?"""
    return apply(pasted(text, directory), PAIR, cell, DAY).outcome is Outcome.KNOWN


CASES = {
    "one cell": [failed("migrate: bad section footer")],
    "hostile text": [failed(HOSTILE)],
    "many machine types": [
        make_swept(f"pseries-3.{n}", "machine", Outcome.REGRESSION, CPU_FAILS) for n in (1, 2)
    ],
    "no signature": [
        make_swept("pc-q35-7.2", f"sees:[{n}]*", Outcome.REGRESSION, "differs", runs=[], mechanism="compare")
        for n in (1, 2)
    ],
    "removed": [make_swept("pc-q35-7.2", "device:e1000", Outcome.REMOVED, "the new build has none")],
    "flaky": [make_cell(1, Outcome.FLAKY, runs=[*failed("beats").runs, *failed("a (b)").runs])],
    "old": [make_swept("pc-q35-7.2", "device:a", Outcome.DEFECT_OLD, "bad; debian-12 fails too")],
}


@pytest.mark.parametrize("case", CASES)
def test_pasted_entry_accepts_every_cell_of_the_finding(case: str, tmp_path: Path) -> None:
    """Lose this and the entry on the page is refused, or accepts nothing."""
    run = make_run(*CASES[case])
    for finding in findings(run.cells):
        text = entry_for(finding, run)
        assert all(accepts(text, CellResult.from_json(cell.to_json()), tmp_path) for cell in finding.cells)


def test_pasted_entry_accepts_no_other_failure(tmp_path: Path) -> None:
    """Lose this and accepting one failure hides another of the same guest."""
    run = make_run(failed("migrate: a.c"))
    (finding,) = findings(run.cells)
    assert not accepts(entry_for(finding, run), failed("migrate: abc"), tmp_path)
    assert not accepts(entry_for(finding, run), failed("migrate: a.c", number=2), tmp_path)


def test_entry_expires(tmp_path: Path) -> None:
    """Lose this and an accepted failure is accepted for ever."""
    run = make_run(failed("beats"))
    (issue,) = pasted(entry_for(findings(run.cells)[0], run), tmp_path)
    assert issue.expires == DAY


def test_entries_of_two_findings_have_different_ids(tmp_path: Path) -> None:
    """Lose this and matrix.yaml with two pasted entries is refused."""
    run = make_run(failed("beats"), failed("memory"))
    text = "".join(entry_for(finding, run) for finding in findings(run.cells))
    assert len({issue.id for issue in pasted(text, tmp_path)}) == 2


def test_each_entry_has_the_reason_of_its_cells(tmp_path: Path) -> None:
    """Lose this and the waiver of one device gives another one as its reason."""
    cells = [
        make_swept(
            "pc-q35-7.2", f"sees:{n}", Outcome.REGRESSION, f"{n} differs", runs=[], mechanism="compare"
        )
        for n in ("a", "b")
    ]
    run = make_run(*cells)
    text = "".join(entry_for(finding, run) for finding in findings(run.cells))
    assert [issue.reason for issue in pasted(text, tmp_path)] == [cell.reason for cell in cells]


def test_error_cannot_be_accepted() -> None:
    """Lose this and the page offers an entry that does nothing."""
    run = make_run(make_cell(1, Outcome.ERROR, reason="no disk"))
    assert entry_for(findings(run.cells)[0], run) == ""


def test_page_offers_the_entry(tmp_path: Path) -> None:
    """Lose this and a user who accepts a failure must write the entry by hand."""
    run = make_run(failed(HOSTILE))
    page = Page(write_page(run, tmp_path))
    assert " ".join(entry_for(findings(run.cells)[0], run).split()) in page.text
    assert "script" not in page.tags


def test_entry_for_a_removed_machine_type_accepts_no_other(tmp_path: Path) -> None:
    """Lose this and accepting one removed machine type makes every later removal safe."""
    removed = [make_swept(f"pc-i440fx-1.{n}", "machine", Outcome.REMOVED, "it is gone") for n in (4, 5)]
    [finding] = findings(removed)
    entry = entry_for(finding, make_run(*removed))
    assert all(accepts(entry, cell, tmp_path) for cell in removed)
    other = make_swept("pc-i440fx-2.0", "machine", Outcome.REMOVED, "it is gone too")
    assert not accepts(entry, other, tmp_path)
