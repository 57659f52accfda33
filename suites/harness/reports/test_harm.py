# SPDX-License-Identifier: Apache-2.0
"""Each report says what a failure did to guests, and what shows it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from unittest.mock import MagicMock
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from fixtures.evidence.harm import Harm
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord, RunResult
from reports.changes import NOTHING_BEFORE
from reports.machine_readable import allure_test
from reports.machine_readable.junit import write_junit
from reports.machine_readable.verdict_json import verdict_data
from reports.page.page import write_page
from reports.terminal.summary import write_summary
from reports.terminal.table import print_table
from reports.words import HARM_MEANINGS, harm_tone
from suites.harness.support.html_page import Page
from suites.harness.support.report_samples import make_cell, make_run, make_swept

CONT, BEATS = "the source refuses `cont`", "it beats on at the source"


@pytest.fixture
def cells() -> list[CellResult]:
    """One defect that loses a guest in postcopy and leaves it at the source in precopy."""
    return [
        harmed(1, Harm.STRANDED, BEATS, mechanism="precopy"),
        harmed(2, Harm.LOST, CONT, path="libvirt"),
    ]


@pytest.fixture
def run(cells: list[CellResult]) -> RunResult:
    """A run with this defect and a guest that passed."""
    return make_run(*cells, make_cell(3))


def harmed(number: int, harm: Harm | None, proof: str, **more: str) -> CellResult:
    """A cell that failed with this harm."""
    cell = make_cell(number, Outcome.REGRESSION, reason="migrate: VQ 0; both controls pass", **more)
    failed = RunRecord("debian-12", "debian-13", "fail", "migrate: VQ 0", "migrate: vq N", harm=harm)
    cell.runs, failed.harm_proof = [failed], proof
    return cell.note_harm()


def test_verdict_json_has_the_harm_of_each_way(run: RunResult) -> None:
    """Lose this and a script cannot tell which mechanism loses guests."""
    [finding] = verdict_data(run)["findings"]
    assert finding["harm"] == "lost"
    seen = [(each["harm"], each["proof"], each["ways"]) for each in finding["harms"]]
    assert seen == [("lost", CONT, ["libvirt postcopy"]), ("stranded", BEATS, ["qmp precopy"])]
    assert [cell["harm"] for cell in verdict_data(run)["cells"]] == ["stranded", "lost", None]


def test_page_says_with_which_mechanism_a_guest_is_lost(run: RunResult, tmp_path: Path) -> None:
    """Lose this and a reader of the page sees the same defect twice, or only half of it."""
    text = Page(write_page(run, tmp_path)).text
    for harm, way, proof in ((Harm.LOST, "libvirt postcopy", CONT), (Harm.STRANDED, "qmp precopy", BEATS)):
        assert f"{harm} with {way} (1 of 2): {HARM_MEANINGS[harm]}. Seen: {proof}" in text


def test_page_says_that_a_comparison_moved_no_guest(tmp_path: Path) -> None:
    """Lose this and a finding about what two builds offer tells of guests that moved and of controls."""
    words = "a guest sees another pvpanic: property events was 3 and is 7"
    cell = make_swept("pc-q35-7.2", "sees:pvpanic", Outcome.REGRESSION, words, mechanism="compare")
    cell.runs[0].harm = Harm.CHANGED
    text = Page(write_page(make_run(cell.note_harm()), tmp_path)).text
    assert "The two builds offer guests different things: the update changes it." in text
    assert "a guest that is moved, or its next boot, sees something else" in text
    assert "both controls pass" not in text.partition("What the outcomes mean")[0]


def test_terminal_says_the_harm(run: RunResult) -> None:
    """Lose this and whoever reads the log of a CI job takes a lost guest for one that runs on."""
    text = io.StringIO()
    print_table(run, Console(file=text, width=200))
    assert f"harm: lost (1 of 2 cells, with libvirt postcopy): {CONT}" in " ".join(text.getvalue().split())


def test_summary_says_the_harm(run: RunResult, tmp_path: Path) -> None:
    """Lose this and the comment on a merge request hides that guests are lost."""
    text = write_summary(run, NOTHING_BEFORE, tmp_path).read_text()
    assert "- **lost** with libvirt postcopy, **stranded** with qmp precopy, the update: " in text


@pytest.mark.parametrize("harm", Harm)
def test_junit_has_the_harm_as_a_property(harm: Harm, tmp_path: Path) -> None:
    """Lose this and a CI system cannot sort its failures by what they do to guests."""
    written = write_junit(make_run(harmed(1, harm, "seen")), tmp_path)
    case = ET.fromstring(written.read_text()).find(".//testcase")  # noqa: S314 - our own file
    assert case is not None
    properties = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert properties == {"harm": harm, "harm_proof": "seen"}


SEVERITIES = {
    Harm.LOST: "blocker",
    Harm.STRANDED: "critical",
    Harm.CHANGED: "normal",
    Harm.SLOW: "minor",
}


@pytest.mark.parametrize("harm", Harm)
def test_allure_has_the_harm_as_severity(harm: Harm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and Allure shows a lost guest among changed tables."""
    monkeypatch.setattr(allure_test, "allure", fake := MagicMock())
    allure_test.attach_to_allure(harmed(1, harm, "seen"), tmp_path, ("debian-12", "debian-13"))
    assert fake.dynamic.severity.call_args.args[0].value == SEVERITIES[harm]


def test_cell_without_harm_has_no_severity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a passing test is a blocker."""
    monkeypatch.setattr(allure_test, "allure", fake := MagicMock())
    allure_test.attach_to_allure(make_cell(1), tmp_path, ("debian-12", "debian-13"))
    assert not fake.dynamic.severity.called


@pytest.mark.parametrize("harm", Harm)
def test_harm_has_words_and_a_colour(harm: Harm) -> None:
    """Lose this and a new kind of harm breaks the page."""
    assert HARM_MEANINGS[harm]
    assert harm_tone(harm)


def test_report_of_an_older_run_shows_no_harm(cells: list[CellResult], tmp_path: Path) -> None:
    """Lose this and the report of a run from before harms were measured cannot be made again."""
    old = json.loads(json.dumps(cells[0].to_json()))
    for data in (old, *old["runs"]):
        del data["harm"], data["harm_proof"]
    cell = CellResult.from_json(old)
    assert cell.harm is None
    text = Page(write_page(make_run(cell), tmp_path)).text
    assert "Seen:" not in text
    assert "stranded" not in text


def test_harm_survives_its_file(cells: list[CellResult]) -> None:
    """Lose this and the harm that a worker measured is not in the report of the run."""
    again = CellResult.from_json(json.loads(json.dumps(cells[1].to_json())))
    assert again == cells[1]
    assert again.harm is Harm.LOST
