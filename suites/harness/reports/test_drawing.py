# SPDX-License-Identifier: Apache-2.0
"""Timelines are drawn during the tests and after them, and appear on the page and in Allure's report."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fixtures.evidence.timeline import Timeline
from fixtures.outcome.outcome import RunRecord, RunResult
from reports.machine_readable.allure_pictures import attach_pictures
from reports.timeline.drawing import DATA, PICTURE, TimelineDrawer, illustrated, timelines_of
from suites.harness.support.report_samples import make_cell, make_run, make_timeline

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")

CELL_DIR = "evidence/cell/1"


def leave_timeline(directory: Path, length: float = 2.0) -> Path:
    """Write a timeline as a run does; return its file."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / DATA
    file.write_text(json.dumps(make_timeline(length).to_json()))
    return file


@pytest.fixture
def run(tmp_path: Path) -> RunResult:
    """A run of one cell with a timeline in its evidence."""
    leave_timeline(tmp_path / CELL_DIR)
    names = [f"{CELL_DIR}/{name}" for name in ("checks.json", DATA, "vmstate.json")]
    record = RunRecord("debian-12", "debian-13", "pass", evidence=names)
    return make_run(replace(make_cell(1), evidence=names, runs=[record]))


def test_a_timeline_is_the_same_after_its_file_was_read() -> None:
    """Lose this and the picture of a hot patch differs from the measured data."""
    timeline = make_timeline()
    assert Timeline.from_json(json.loads(json.dumps(timeline.to_json()))) == timeline
    nothing = Timeline("nothing happened")
    assert Timeline.from_json(json.loads(json.dumps(nothing.to_json()))) == nothing


@needs_matplotlib
def test_each_picture_is_evidence_next_to_its_data(run: RunResult, tmp_path: Path) -> None:
    """Lose this and no cell shows its timeline on the page."""
    shown, remarks = illustrated(run, tmp_path, TimelineDrawer())
    names = [f"{CELL_DIR}/{name}" for name in ("checks.json", DATA, PICTURE, "vmstate.json")]
    assert (remarks, shown.cells[0].evidence, shown.cells[0].runs[0].evidence) == ([], names, names)
    assert (tmp_path / CELL_DIR / PICTURE).read_text().startswith("<?xml")


@pytest.fixture
def drawn(run: RunResult, tmp_path: Path) -> RunResult:
    """The same run with its picture, which was drawn while it ran."""
    for name in timelines_of(run.cells[0]):
        (tmp_path / name).with_name(PICTURE).write_text("<svg/>")
    return run


def test_what_was_drawn_during_the_run_is_not_drawn_again(drawn: RunResult, tmp_path: Path) -> None:
    """Lose this and every run ends with a wait of a second for each cell."""
    again = TimelineDrawer()
    illustrated(drawn, tmp_path, again)
    assert again._process is None


@needs_matplotlib
def test_a_picture_older_than_its_data_is_drawn_again(run: RunResult, tmp_path: Path) -> None:
    """Lose this and a resumed run shows the timeline of the attempt that was interrupted."""
    picture = tmp_path / CELL_DIR / PICTURE
    picture.write_text("of an earlier attempt")
    leave_timeline(tmp_path / CELL_DIR)
    illustrated(run, tmp_path, TimelineDrawer())
    assert picture.read_text().startswith("<?xml")


@needs_matplotlib
def test_a_damaged_timeline_is_named_and_loses_no_other(run: RunResult, tmp_path: Path) -> None:
    """Lose this and one incomplete file prevents the pictures of all cells."""
    damaged = leave_timeline(tmp_path / "evidence" / "aaa")
    damaged.write_text('{"title": "cut')
    shown, remarks = illustrated(run, tmp_path, TimelineDrawer())
    assert len(remarks) == 1
    assert f"Could not draw {damaged}: JSONDecodeError" in remarks[0]
    assert f"{CELL_DIR}/{PICTURE}" in shown.cells[0].evidence


@needs_matplotlib
def test_a_drawing_process_that_dies_is_reported(run: RunResult, tmp_path: Path) -> None:
    """Lose this and a host without memory for matplotlib silently loses pictures, or the whole report."""
    drawer = TimelineDrawer()
    drawer.draw(tmp_path / CELL_DIR / DATA)
    assert drawer._process is not None
    drawer._process.kill()
    _shown, remarks = illustrated(run, tmp_path, drawer)
    assert remarks == ["Could not draw all timelines: the drawing process ended with status -9"]


def test_machine_without_matplotlib_says_so_once(
    run: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a POWER machine ends each run with a status of a process that nobody knows."""
    monkeypatch.setattr("reports.timeline.drawing.LIBRARY", "no_such_library")
    leave_timeline(tmp_path / "evidence" / "another")
    shown, remarks = illustrated(run, tmp_path, TimelineDrawer())
    assert remarks == ["Could not draw all timelines: this machine has no no_such_library"]
    assert f"{CELL_DIR}/{DATA}" in shown.cells[0].evidence


@pytest.fixture
def allure_results(tmp_path: Path) -> Path:
    """Allure's result of the cell: a step for its run, with the run's timeline attached."""
    results = tmp_path / "allure-results"
    leave_timeline(results).rename(results / "7-attachment.json")
    attached = [{"name": DATA, "source": "7-attachment.json", "type": "application/json"}]
    result = {"name": "a cell", "steps": [{"name": "old → new", "attachments": attached}]}
    (results / "1-result.json").write_text(json.dumps(result))
    (results / "2-result.json").write_text('{"name": "a sweep"}')
    return results


def attachments(results: Path) -> list[dict[str, Any]]:
    """The attachments of the run of the cell."""
    attached: list[dict[str, Any]] = json.loads((results / "1-result.json").read_text())["steps"][0][
        "attachments"
    ]
    return attached


def test_allure_shows_each_timeline(drawn: RunResult, tmp_path: Path, allure_results: Path) -> None:
    """Lose this and the Allure report shows the figures of a hot patch without its picture."""
    illustrated(drawn, tmp_path, TimelineDrawer())
    attach_pictures(allure_results, tmp_path)
    picture = attachments(allure_results)[1]
    assert picture == {"name": PICTURE, "source": "7-attachment.svg", "type": "image/svg+xml"}
    content = (tmp_path / CELL_DIR / PICTURE).read_bytes()
    assert (allure_results / "7-attachment.svg").read_bytes() == content


def test_merged_shards_show_each_timeline_once(
    drawn: RunResult, tmp_path: Path, allure_results: Path
) -> None:
    """Lose this and each merge adds the same picture to Allure's report again."""
    illustrated(drawn, tmp_path, TimelineDrawer())
    attach_pictures(allure_results, tmp_path)
    attach_pictures(allure_results, tmp_path)
    assert len(attachments(allure_results)) == 2


def test_a_timeline_without_a_picture_is_not_changed(tmp_path: Path, allure_results: Path) -> None:
    """Lose this and a run that could not draw pictures has no Allure report."""
    attach_pictures(allure_results, tmp_path)
    assert [attachment["name"] for attachment in attachments(allure_results)] == [DATA]
