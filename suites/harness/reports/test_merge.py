# SPDX-License-Identifier: Apache-2.0
"""Is the report of several hosts the same as that of a single host, and are its gaps reported?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fixtures.matrix.schema import KnownIssue, Match
from fixtures.outcome.journal import Ended, read_ended
from fixtures.outcome.outcome import Outcome, Verdict
from fixtures.outcome.results import run_result
from reports.merge import by_pair, parts_in
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import OLD, leave_run, make_ended, make_plan
from suites.harness.support.shard_samples import cells_of, leave_shards, merge

FAR = date(2999, 1, 1)
ISSUE = KnownIssue(id="bug-1", match=Match(arch="*"), reason="lost pages", link="https://x", expires=FAR)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_shards_are_the_whole_run(number: int, tmp_path: Path) -> None:
    """Lose this and a verdict depends on the number of hosts."""
    plan, runs = leave_shards(tmp_path, cells_of(), number)
    whole = run_result(plan, [make_ended(cell) for cell in cells_of()], (), seconds=66)
    run = merge(tmp_path, *runs)
    merged_cells = {cell.id: cell for cell in run.cells}
    assert merged_cells == {cell.id: cell for cell in whole.cells}
    assert len(run.cells) == len(merged_cells)
    assert (run.verdict, run.counts, run.notes) == (whole.verdict, whole.counts, whole.notes)
    assert (run.old, run.new, run.started) == (whole.old, whole.new, whole.started)


def test_merged_run_took_as_long_as_its_longest_shard(tmp_path: Path) -> None:
    """Lose this and a night on ten hosts seems to have taken ten nights."""
    first, second = (
        leave_run(
            tmp_path / str(at), make_plan([cell.nodeid], f"{number}/2"), [make_ended(cell, seconds=9, at=at)]
        )
        for number, (cell, at) in enumerate(zip(cells_of(2), (40.0, 70.0), strict=True), 1)
    )
    assert merge(tmp_path, first, second).seconds == 70


def test_missing_shard_is_named(tmp_path: Path) -> None:
    """Lose this and an update is safe because the host that would find its defect was off."""
    _, (first, second, third) = leave_shards(tmp_path, cells_of()[1:], 3)
    run = merge(tmp_path, first, third)
    assert run.notes == ["shard 2/3 is missing"]
    assert run.verdict is Verdict.UNDECIDED
    assert second.exists()


def test_shard_without_tests_is_not_missing(tmp_path: Path) -> None:
    """Lose this and a selection of few tests cannot be run on many hosts."""
    _, runs = leave_shards(tmp_path, cells_of()[:2], 3)
    assert [] in [read_ended(run) for run in runs]
    assert merge(tmp_path, *runs).notes == []


def test_finding_of_a_shard_counts_without_the_others(tmp_path: Path) -> None:
    """Lose this and a found defect is not reported because another host crashed."""
    cells = [make_cell(place, Outcome.REGRESSION) for place in range(2)]
    _, (first, _) = leave_shards(tmp_path, cells)
    assert merge(tmp_path, first).verdict is Verdict.UNSAFE


def test_interrupted_shard_is_named(tmp_path: Path) -> None:
    """Lose this and a host that crashed during its run counts as one without findings."""
    cells = cells_of()[1:]
    whole = make_plan([cell.nodeid for cell in cells], "1/1")
    run = merge(tmp_path, leave_run(tmp_path / "night", whole, [make_ended(cells[0])]))
    pair = "debian-12 → debian-13"
    assert run.notes == [f"shard 1/1 of {pair} was interrupted: 4 of 5 tests did not run (night)"]
    assert run.verdict is Verdict.UNDECIDED


def test_shard_that_was_run_again_is_complete(tmp_path: Path) -> None:
    """Lose this and a host that crashed cannot be replaced by another."""
    cells = cells_of()[1:]
    plan = make_plan([cell.nodeid for cell in cells], "1/1")
    cut = leave_run(tmp_path / "cut", plan, [make_ended(cells[0])])
    again = leave_run(tmp_path / "again", plan, [make_ended(cell) for cell in cells])
    run = merge(tmp_path, cut, again)
    assert run.notes == []
    assert run.verdict is Verdict.SAFE
    assert len(run.cells) == len(cells)


def test_error_outside_the_cells_is_reported(tmp_path: Path) -> None:
    """Lose this and a run with errors of the suite has a verdict of safe."""
    plan = make_plan(["a", "b"], "1/1")
    ended = [Ended("a", 1.0, (make_cell(1),)), Ended("b", 1.0, remark="b failed")]
    run = merge(tmp_path, leave_run(tmp_path / "1", plan, ended))
    assert run.notes == ["b failed"]
    assert run.verdict is Verdict.UNDECIDED


def test_hosts_may_have_different_accelerators(tmp_path: Path) -> None:
    """Lose this and hosts with and without KVM cannot share a run, or the report does not show it."""
    kvm = replace(OLD, accelerators={"x86_64": "kvm"}, notes=("another note",))
    runs = [
        leave_run(tmp_path / "1", make_plan(shard="1/2", host={"cores": "2"}), []),
        leave_run(tmp_path / "2", make_plan(shard="2/2", host={"cores": "4"}, old=kvm), []),
    ]
    run = merge(tmp_path, *runs)
    assert run.old.accelerators == {"x86_64": "tcg or kvm"}
    assert run.old.notes == (*OLD.notes, "another note")
    assert run.host == {"cores": "2 | 4"}


def test_shards_may_have_different_architectures(tmp_path: Path) -> None:
    """Lose this and a shard without ppc64le guests is refused, or their package is not in the report."""
    power = replace(OLD, package=f"{OLD.package}, qemu-system-ppc 1:7.2")
    for number, old in (("1", OLD), ("2", power)):
        leave_run(tmp_path / number, make_plan(shard=f"{number}/2", old=old), [])
    assert merge(tmp_path, tmp_path).old.package == power.package


def test_merged_run_started_with_its_first_host(tmp_path: Path) -> None:
    """Lose this and a run is compared with runs that came after it."""
    for shard, hour in (("1/2", 3), ("2/2", 1)):
        leave_run(tmp_path / shard[0], make_plan(shard=shard, started=f"2026-11-22T0{hour}:00:00+00:00"), [])
    assert merge(tmp_path, tmp_path).started == "2026-11-22T01:00:00+00:00"


def test_stale_known_issue_is_reported_only_by_a_complete_run(tmp_path: Path) -> None:
    """Lose this and a shard reports an issue as stale that another needs, or none is ever reported."""
    _, runs = leave_shards(tmp_path, cells_of()[1:])
    stale = "known issue bug-1 no longer matches any failure: remove it from matrix.yaml"
    (first, *_) = by_pair(parts_in(runs)).popitem()[1]
    assert run_result(first.plan, first.ended, [ISSUE], seconds=1).notes == []
    assert merge(tmp_path, *runs, issues=[ISSUE]).notes == [stale]
    assert merge(tmp_path / "cut", runs[0], issues=[ISSUE]).notes == ["shard 2/2 is missing"]
