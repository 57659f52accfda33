# SPDX-License-Identifier: Apache-2.0
"""Which runs belong together: the shards of one run, and the runs of one pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.outcome.journal import PLAN, TESTS
from fixtures.outcome.outcome import BuildInfo
from reports.merge import Part, by_pair, parts_in
from suites.harness.support.run_samples import NEW, OLD, leave_run, make_plan
from suites.harness.support.shard_samples import cells_of, leave_shards


def changed_build(info: BuildInfo, **more: Any) -> dict[str, BuildInfo]:
    """A changed build of a plan."""
    return {"old" if info is OLD else "new": replace(info, **more)}


FOREIGN: dict[str, tuple[dict[str, Any], str]] = {
    "libvirt": (changed_build(NEW, libvirt="11.4.0"), "build debian-13 is different"),
    "digest": (changed_build(NEW, digest="0ther"), "build debian-13 is different"),
    "matrix": ({"matrix": "another"}, "another matrix.yaml"),
    "suite": ({"suite": "another"}, "another version of the suite"),
    "selection": (
        {"selection": {"markexpr": "not slow", "seed": "739001"}},
        r"other tests were selected \(seed\)",
    ),
    "number of shards": ({"shard": "2/3"}, "another number of shards"),
    "whole run": ({"shard": ""}, "another number of shards"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_parts_of_different_runs_are_refused(what: str, tmp_path: Path) -> None:
    """Lose this and a verdict mixes two runs that do not belong together."""
    more, expected = FOREIGN[what]
    runs = [
        leave_run(tmp_path / "first", make_plan(shard="1/2"), []),
        leave_run(tmp_path / "second", make_plan(**{"shard": "2/2"} | more), []),
    ]
    with pytest.raises(UsageError, match=expected) as raised:
        by_pair(parts_in(runs))
    assert str(runs[0]) in str(raised.value)
    assert str(runs[1]) in str(raised.value)


def test_pairs_are_reported_separately(tmp_path: Path) -> None:
    """Lose this and a defect of one update counts against another."""
    newest = BuildInfo("debian-14", "11.1.0")
    leave_shards(tmp_path / "12", cells_of())
    leave_shards(tmp_path / "13", cells_of(), old=NEW, new=newest)
    groups = by_pair(parts_in([tmp_path]))
    assert list(groups) == [("debian-12", "debian-13"), ("debian-13", "debian-14")]
    assert [[part.plan.shard for part in group] for group in groups.values()] == [["1/2", "2/2"]] * 2


def test_build_of_two_pairs_must_be_the_same(tmp_path: Path) -> None:
    """Lose this and a grid compares pairs although a build changed between their runs."""
    leave_run(tmp_path / "1", make_plan(), [])
    leave_run(tmp_path / "2", make_plan(old=replace(NEW, digest="0ther"), new=OLD), [])
    with pytest.raises(UsageError, match="build debian-13 is different"):
        by_pair(parts_in([tmp_path]))


def test_shards_are_in_order(tmp_path: Path) -> None:
    """Lose this and the order of the shards on the command line changes the report."""
    runs = [leave_run(tmp_path / str(n), make_plan(shard=f"{n}/11"), []) for n in (11, 2, 10, 1)]
    (parts,) = by_pair(parts_in(runs)).values()
    assert [part.plan.shard for part in parts] == ["1/11", "2/11", "10/11", "11/11"]


def test_run_that_is_given_twice_is_one(tmp_path: Path) -> None:
    """Lose this and a directory that is named twice shows each of its cells as repeated."""
    run = leave_run(tmp_path / "runs" / "1", make_plan(), [])
    (tmp_path / "latest").symlink_to(run)
    found = parts_in([run, tmp_path / "latest", tmp_path / "runs"])
    assert [part.directory for part in found] == [run]


def test_directory_without_a_run_is_reported(tmp_path: Path) -> None:
    """Lose this and a shard with a failed upload is silently left out."""
    leave_run(tmp_path / "1", make_plan(), [])
    (tmp_path / "2").mkdir()
    with pytest.raises(UsageError, match="no run wrote here") as raised:
        parts_in([tmp_path / "1", tmp_path / "2"])
    assert raised.value.where == str(tmp_path / "2")
    assert PLAN in str(raised.value)


def test_damaged_run_is_not_called_something_else(tmp_path: Path) -> None:
    """Lose this and a run whose plan is lost is said to be a report of other runs."""
    run = leave_run(tmp_path / "1", make_plan(), [])
    (run / TESTS).touch()
    (run / "verdict.json").write_text("{}")
    (run / PLAN).unlink()
    with pytest.raises(UsageError, match=r"the plan of this run \(plan.json\) is missing"):
        parts_in([run])
    with pytest.raises(UsageError, match="there is no such directory"):
        parts_in([tmp_path / "2"])


def test_report_judged_again_is_not_called_an_empty_place(tmp_path: Path) -> None:
    """Lose this and judging `reports/latest` a second time ends with "no run wrote here"."""
    (tmp_path / "verdict.json").write_text("{}")
    with pytest.raises(UsageError, match="a report that was made from other runs"):
        parts_in([tmp_path])


def test_part_has_a_name() -> None:
    """Lose this and a note about a shard does not name its pair."""
    assert Part(Path(), make_plan(shard="2/3"), ()).name == "shard 2/3 of debian-12 → debian-13"
    assert Part(Path(), make_plan(), ()).name == "debian-12 → debian-13"
