# SPDX-License-Identifier: Apache-2.0
"""Is the report of several hosts the same as that of a single host, and are its gaps reported?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import reports.__main__
from fixtures.errors import UsageError
from fixtures.matrix.schema import KnownIssue, Match, load_matrix
from fixtures.matrix.shards import shares
from fixtures.outcome import report_dirs
from fixtures.outcome.journal import PLAN, Ended, RunPlan, read_ended
from fixtures.outcome.outcome import BuildInfo, CellResult, Outcome, RunRecord, RunResult, Verdict
from fixtures.outcome.results import run_result
from fixtures.places import MATRIX_FILE
from reports.changes import NOTHING_BEFORE
from reports.merge import Part, by_pair, merged, parts_in
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import NEW, OLD, leave_run, make_ended, make_plan

FAR = date(2999, 1, 1)
ISSUE = KnownIssue(id="bug-1", match=Match(arch="*"), reason="lost pages", link="https://x", expires=FAR)


def cells_of(number: int = 6) -> list[CellResult]:
    """Cells of guests; one failed."""
    failed = make_cell(0, Outcome.REGRESSION, reason="memory: page 7 is wrong")
    return [failed, *(make_cell(place) for place in range(1, number))]


def leave_shards(
    directory: Path, cells: Sequence[CellResult], number: int = 2, **more: Any
) -> tuple[RunPlan, list[Path]]:
    """The runs of `number` hosts, and the plan of a single host for the same tests."""
    by_test = {cell.nodeid: make_ended(cell) for cell in cells}
    parts = shares(dict.fromkeys(by_test, 11.0), number)
    runs = [
        leave_run(
            directory / str(place), make_plan(part, f"{place}/{number}", **more), [by_test[t] for t in part]
        )
        for place, part in enumerate(parts, 1)
    ]
    return make_plan(list(by_test), **more), runs


def merge(directory: Path, *runs: Path, issues: Sequence[KnownIssue] = ()) -> RunResult:
    """The merged run of one pair."""
    (parts,) = by_pair(parts_in(runs)).values()
    return merged(parts, issues, directory / "merged")


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


def test_stale_known_issue_is_reported_only_by_a_complete_run(tmp_path: Path) -> None:
    """Lose this and a shard reports an issue as stale that another needs, or none is ever reported."""
    _, runs = leave_shards(tmp_path, cells_of()[1:])
    stale = "known issue bug-1 no longer matches any failure: remove it from matrix.yaml"
    (first, *_) = by_pair(parts_in(runs)).popitem()[1]
    assert run_result(first.plan, first.ended, [ISSUE], seconds=1).notes == []
    assert merge(tmp_path, *runs, issues=[ISSUE]).notes == [stale]
    assert merge(tmp_path / "cut", runs[0], issues=[ISSUE]).notes == ["shard 2/2 is missing"]


def test_part_has_a_name() -> None:
    """Lose this and a note about a shard does not name its pair."""
    assert Part(Path(), make_plan(shard="2/3"), ()).name == "shard 2/3 of debian-12 → debian-13"
    assert Part(Path(), make_plan(), ()).name == "debian-12 → debian-13"


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
