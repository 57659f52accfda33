# SPDX-License-Identifier: Apache-2.0
"""Is an interrupted run resumed, and only if nothing has changed since?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.outcome.journal import TESTS, RunPlan, append, read_ended
from fixtures.outcome.outcome import BuildInfo
from fixtures.outcome.report_dirs import report_dir
from fixtures.run.resuming import demand_the_same
from fixtures.run.selecting import selection_of, suite_digest
from suites.harness.support.configured import (
    CELLS,
    MATRIX_READ,
    Configure,
    on,
    said_at_the_end,
    selected,
)
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import NEW, OLD, leave_run, make_ended, make_plan


def interrupted(configure: Configure, tmp_path: Path, name: str = "1", **more: Any) -> Path:
    """A run of four tests that was interrupted after one of them."""
    config = configure()
    plan = make_plan(
        on(*CELLS),
        matrix=MATRIX_READ.digest,
        suite=suite_digest(),
        selection=selection_of(config) | {"seed": "6"},
    )
    done = make_ended(make_cell(1, nodeid=on(*CELLS)[0]))
    return leave_run(tmp_path / "runs" / name, replace(plan, **more), [done])


def test_interrupted_run_is_resumed(configure: Configure, tmp_path: Path) -> None:
    """Lose this and a host that crashed must repeat all its tests."""
    run = interrupted(configure, tmp_path)
    with (run / TESTS).open("a") as stream:
        stream.write('{"nodeid": "cut')
    config = configure(resume=True)
    assert report_dir(config) == run
    assert config.option.seed == "6"
    assert selected(config, *on(*CELLS)) == on(*CELLS[1:])
    append(make_ended(make_cell(2)), run)
    assert len(read_ended(run)) == 2


def test_newest_interrupted_run_is_taken(configure: Configure, tmp_path: Path) -> None:
    """Lose this and `--resume` takes an old run, or a complete one."""
    interrupted(configure, tmp_path, "1")
    newer = interrupted(configure, tmp_path, "2")
    interrupted(configure, tmp_path, "3", tests=(on(*CELLS)[0],))
    assert report_dir(configure(resume=True)) == newer


FOREIGN: dict[str, dict[str, Any]] = {
    "pair": {"old": BuildInfo("debian-11")},
    "shard": {"shard": "1/2"},
    "selection": {"selection": {"markexpr": "postcopy"}},
    "complete": {"tests": (on(*CELLS)[0],)},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_run_of_other_tests_is_not_resumed(what: str, configure: Configure, tmp_path: Path) -> None:
    """Lose this and the results of two different runs are reported as one."""
    interrupted(configure, tmp_path, **FOREIGN[what])
    said = said_at_the_end(configure, resume=True)
    assert "--resume: no interrupted run of these tests for debian-12 → debian-13" in said


@pytest.mark.parametrize(
    "field,expected",
    [("matrix", "matrix.yaml changed"), ("suite", "the suite itself changed")],
)
def test_run_of_a_changed_suite_is_not_resumed(
    field: str, expected: str, configure: Configure, tmp_path: Path
) -> None:
    """Lose this and one verdict mixes results of two versions of the checks."""
    interrupted(configure, tmp_path, **{field: "another"})
    assert expected in said_at_the_end(configure, resume=True)


@pytest.mark.parametrize(
    "left,infos,expected",
    [
        (["a", "c"], (OLD, NEW), "other tests were added"),
        (["a"], (OLD, replace(NEW, digest="0ther")), "build debian-13 changed: it was 1:10.0.13"),
    ],
    ids=["tests", "builds"],
)
def test_resumed_run_must_have_the_same_tests_and_builds(
    left: Sequence[str], infos: tuple[BuildInfo, BuildInfo], expected: str
) -> None:
    """Lose this and half of a verdict is about a build that changed in between."""
    plan: RunPlan = make_plan(["a", "b"])
    demand_the_same(plan, ["a"], (OLD, NEW))
    with pytest.raises(UsageError, match=expected):
        demand_the_same(plan, left, infos)
