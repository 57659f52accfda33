# SPDX-License-Identifier: Apache-2.0
"""After a host crashes: can its finished results be read, and can the run be resumed?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.outcome.journal import (
    PLAN,
    TESTS,
    Ended,
    append,
    drop_cut_line,
    read_ended,
    read_plan,
    write_plan,
)
from fixtures.outcome.outcome import Outcome, RunRecord
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import leave_run, make_ended, make_plan

PLANNED = make_plan(["suites/hotpatch/test_qmp.py::test_survives[a]"], "2/3")
FAILED = make_cell(
    1,
    Outcome.REGRESSION,
    reason="migrate: bad byte \ufffd, then\nanother line",
    evidence=["evidence/1/console.log"],
    runs=[RunRecord("debian-12", "debian-13", "fail", "bad", "migrate: bad", figures={"iterations": 3.0})],
)
DONE = [make_ended(make_cell(0), FAILED), Ended("suites/harness/test_x.py::test", 0.5, remark="it failed")]


def cut(directory: Path) -> None:
    """Simulate a crash of the host while it writes the line of another test."""
    append(make_ended(make_cell(2)), directory)
    file = directory / TESTS
    file.write_bytes(file.read_bytes()[:-30])


def test_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Lose this and a run cannot be resumed, or is resumed with other builds."""
    write_plan(PLANNED, tmp_path / "run")
    assert read_plan(tmp_path / "run") == PLANNED


def test_ended_tests_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Lose this and a merged report lacks details of a cell that the report of its own run has."""
    leave_run(tmp_path, PLANNED, DONE)
    assert read_ended(tmp_path) == DONE


def test_run_without_a_finished_test_has_none(tmp_path: Path) -> None:
    """Lose this and a host that crashed at once prevents the report about all others."""
    write_plan(PLANNED, tmp_path)
    assert read_ended(tmp_path) == []
    drop_cut_line(tmp_path)
    assert not (tmp_path / TESTS).exists()


def test_incomplete_line_is_no_test(tmp_path: Path) -> None:
    """Lose this and a power cut loses a night's results, or an unfinished test counts as finished."""
    cut(leave_run(tmp_path, PLANNED, DONE))
    assert read_ended(tmp_path) == DONE


def test_resumed_run_removes_an_incomplete_line(tmp_path: Path) -> None:
    """Lose this and the first result of a resumed run is lost, appended to an incomplete line."""
    cut(leave_run(tmp_path, PLANNED, DONE))
    drop_cut_line(tmp_path)
    append(make_ended(make_cell(3)), tmp_path)
    assert read_ended(tmp_path) == [*DONE, make_ended(make_cell(3))]


def test_complete_journal_is_not_changed(tmp_path: Path) -> None:
    """Lose this and a resumed run loses the last finished test."""
    leave_run(tmp_path, PLANNED, DONE)
    before = (tmp_path / TESTS).read_bytes()
    drop_cut_line(tmp_path)
    assert (tmp_path / TESTS).read_bytes() == before


def test_directory_without_a_plan_is_reported(tmp_path: Path) -> None:
    """Lose this and a wrong path ends in a traceback."""
    with pytest.raises(UsageError, match="no run wrote here") as raised:
        read_plan(tmp_path)
    assert raised.value.where == str(tmp_path / PLAN)


WHOLE = json.loads(json.dumps(vars(PLANNED) | {"old": vars(PLANNED.old), "new": vars(PLANNED.new)}))
DAMAGED = {
    "cut": '{"schema": 1, "old"',
    "no JSON": "\udc80",
    "no object": '["schema"]',
    "nothing": "null",
    "no tests": json.dumps({key: value for key, value in WHOLE.items() if key != "tests"} | {"schema": 1}),
    "unknown key": json.dumps(WHOLE | {"schema": 1, "of": "tomorrow"}),
    "build without a name": json.dumps(WHOLE | {"schema": 1, "old": {"notes": []}}),
    "no schema": json.dumps(WHOLE),
    "wrong kind of value": json.dumps(WHOLE | {"schema": 1, "shard": 5}),
    "wrong kind of value in a build": json.dumps(WHOLE | {"schema": 1, "old": {"name": 3, "notes": []}}),
    "too many levels": "[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_plan_is_reported(damage: str, tmp_path: Path) -> None:
    """Lose this and a plan that was incomplete when the host crashed ends the report in a traceback."""
    (tmp_path / PLAN).write_text(DAMAGED[damage], errors="surrogateescape")
    with pytest.raises(UsageError, match="not the plan of a run") as raised:
        read_plan(tmp_path)
    assert raised.value.where == str(tmp_path / PLAN)


def test_plan_of_another_version_is_reported(tmp_path: Path) -> None:
    """Lose this and the shards of an older version of the suite are misread."""
    (tmp_path / PLAN).write_text(json.dumps(WHOLE | {"schema": 2}))
    with pytest.raises(UsageError, match="another version of the suite"):
        read_plan(tmp_path)


GARBLED = {
    "no JSON": "{",
    "no text": "\udc80",
    "nothing": "null",
    "no cells": '{"nodeid": "a"}',
    "empty cell": '{"cells": [{}]}',
    "wrong kind of value": '{"nodeid": 4, "seconds": 1.0, "cells": []}',
    "wrong kind of value in a cell": json.dumps(
        {"nodeid": "a", "seconds": 1.0, "cells": [make_cell(1).to_json() | {"blackout_ms": "long"}]}
    ),
}


@pytest.mark.parametrize("damage", GARBLED)
def test_damaged_line_is_reported(damage: str, tmp_path: Path) -> None:
    """Lose this and a file damaged by a failing disk ends the report in a traceback."""
    leave_run(tmp_path, PLANNED, DONE)
    with (tmp_path / TESTS).open("a", errors="surrogateescape") as stream:
        stream.write(f"{GARBLED[damage]}\n")
    with pytest.raises(UsageError, match="not the line of a test") as raised:
        read_ended(tmp_path)
    assert raised.value.where == f"{tmp_path / TESTS}, line 3"
