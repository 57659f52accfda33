# SPDX-License-Identifier: Apache-2.0
"""The result of a cell that several hosts or several sweeps have reported."""

from __future__ import annotations

from datetime import date

import pytest

from fixtures.evidence.harm import Harm
from fixtures.matrix.quick import LEFT_OUT
from fixtures.matrix.schema import KnownIssue, Match
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord, Verdict
from fixtures.outcome.results import combined, interrupted, run_result
from suites.harness.support.report_samples import make_cell, make_swept
from suites.harness.support.run_samples import make_ended, make_plan


def outcome_of(*outcomes: Outcome) -> CellResult:
    """The result of one cell that several hosts reported with these outcomes."""
    runs = [RunRecord("debian-12", "debian-13", str(outcome)) for outcome in outcomes]
    ended = [
        make_ended(make_cell(1, outcome, reason=f"said {place}", runs=[run], evidence=[f"{place}.log"]))
        for place, (outcome, run) in enumerate(zip(outcomes, runs, strict=True))
    ]
    (cell,) = run_result(make_plan(), ended, (), seconds=1).cells
    return cell


def test_hosts_that_disagree_make_a_cell_flaky() -> None:
    """Lose this and the outcome of an intermittent defect depends on which host's report is read."""
    cell = outcome_of(Outcome.PASS, Outcome.REGRESSION, Outcome.PASS)
    assert cell.outcome is Outcome.FLAKY
    assert cell.repeats == "2/3 [0.21, 0.94]"
    assert cell.reason == "3 test hosts disagree: pass: said 0; regression: said 1; pass: said 2"
    assert cell.evidence == ["0.log", "1.log", "2.log"]
    assert [run.result for run in cell.runs] == ["pass", "regression", "pass"]


def test_result_has_the_seed_of_its_plan() -> None:
    """Lose this and no report has the seed that reproduces the run's random machines."""
    assert run_result(make_plan(), [], (), seconds=1).seed == "739000"


AGREED = [
    ((Outcome.PASS, Outcome.PASS), Outcome.PASS),
    ((Outcome.REGRESSION, Outcome.REGRESSION), Outcome.REGRESSION),
    ((Outcome.DEFECT_OLD, Outcome.REGRESSION), Outcome.FLAKY),
    ((Outcome.REFUSED, Outcome.PASS), Outcome.FLAKY),
    ((Outcome.PASS, Outcome.ERROR), Outcome.ERROR),
    ((Outcome.ERROR, Outcome.ERROR), Outcome.ERROR),
    ((Outcome.ERROR, Outcome.DEFECT_OLD), Outcome.ERROR),
    ((Outcome.ERROR, Outcome.REGRESSION), Outcome.REGRESSION),
    ((Outcome.PASS, Outcome.ERROR, Outcome.REGRESSION), Outcome.FLAKY),
    ((Outcome.PASS, Outcome.KNOWN), Outcome.KNOWN),
    ((Outcome.KNOWN, Outcome.REGRESSION), Outcome.FLAKY),
    ((Outcome.UNSUPPORTED, Outcome.PASS), Outcome.PASS),
    ((Outcome.UNSUPPORTED, Outcome.REGRESSION), Outcome.REGRESSION),
    ((Outcome.UNSUPPORTED, Outcome.UNSUPPORTED), Outcome.UNSUPPORTED),
]


@pytest.mark.parametrize(
    "outcomes,agreed", AGREED, ids=lambda value: "-".join([value] if isinstance(value, str) else value)
)
def test_outcome_of_several_hosts(outcomes: tuple[Outcome, ...], agreed: Outcome) -> None:
    """Lose this and an error of the suite hides a defect, or counts as a defect or a pass."""
    assert outcome_of(*outcomes).outcome is agreed
    assert outcome_of(*reversed(outcomes)).outcome is agreed


def test_cell_of_two_sweeps_does_not_depend_on_their_order() -> None:
    """Lose this and a subject of two sweeps counts twice, or its result depends on the shards."""
    one = make_swept("pc-q35-7.2", "device:a", nodeid="suites/compat/test_a.py::test[a]")
    other = make_swept("pc-q35-7.2", "device:a", nodeid="suites/compat/test_b.py::test[b]")
    ended = [make_ended(one), make_ended(other)]
    assert combined(ended) == combined(reversed(ended)) == [one]


def test_worst_result_of_two_portions_counts() -> None:
    """Lose this and a failure is dropped because another portion of its sweep tried the same and passed."""
    one = make_swept("pc-q35-7.2", "device:a", nodeid="suites/compat/test_a.py::test[a]")
    other = make_swept(
        "pc-q35-7.2", "device:a", Outcome.REGRESSION, nodeid="suites/compat/test_b.py::test[b]"
    )
    assert [cell.outcome for cell in combined([make_ended(one), make_ended(other)])] == [Outcome.REGRESSION]


def test_known_issue_explains_what_hosts_disagree_on() -> None:
    """Lose this and a known failure that strikes on one of two hosts counts against the update."""
    failed = RunRecord("debian-12", "debian-13", "fail", "lost", "memory", harm=Harm.CHANGED, harm_proof="x")
    passed = RunRecord("debian-12", "debian-13", "pass")
    ended = [
        make_ended(make_cell(1, outcome, runs=[run]))
        for outcome, run in ((Outcome.PASS, passed), (Outcome.FLAKY, failed))
    ]
    (cell,) = run_result(make_plan(), ended, (), seconds=1).cells
    assert (cell.outcome, cell.harm) == (Outcome.FLAKY, Harm.CHANGED)
    match = Match(signature="memory")
    issue = KnownIssue(id="bug-1", match=match, reason="lost pages", link="https://x", expires=date.max)
    (cell,) = run_result(make_plan(), ended, [issue], seconds=1).cells
    assert cell.outcome is Outcome.KNOWN


def test_known_issue_does_not_hide_an_error() -> None:
    """Lose this and a host that failed is forgotten, because others disagree about a known failure."""
    failed = RunRecord("debian-12", "debian-13", "fail", "lost", "memory")
    ended = [
        make_ended(make_cell(1, Outcome.REGRESSION, runs=[failed])),
        make_ended(make_cell(1, Outcome.REFUSED)),
        make_ended(make_cell(1, Outcome.ERROR)),
    ]
    match = Match(signature="memory")
    issue = KnownIssue(id="bug-1", match=match, reason="lost pages", link="https://x", expires=date.max)
    (cell,) = run_result(make_plan(), ended, [issue], seconds=1).cells
    assert cell.outcome is Outcome.ERROR
    (cell,) = run_result(make_plan(), ended, (), seconds=1).cells
    assert cell.outcome is Outcome.FLAKY


def test_portion_that_could_not_try_a_cell_says_nothing() -> None:
    """Lose this and a move that passed does not count because another sweep could not try it."""
    tests = ("suites/compat/test_a.py::test[a]", "suites/compat/test_b.py::test[b]")
    ended = [
        make_ended(make_swept("pc-q35-7.2", "device:a", outcome, nodeid=test))
        for outcome, test in zip((Outcome.UNSUPPORTED, Outcome.PASS), tests, strict=True)
    ]
    assert [cell.outcome for cell in combined(ended)] == [Outcome.PASS]


def test_cells_are_in_the_order_of_the_plan() -> None:
    """Lose this and two runs of a pair cannot be compared, because tests end in varying order."""
    cells = [make_cell(number) for number in range(4)]
    plan = make_plan([cell.nodeid for cell in cells])
    ended = [make_ended(cells[place]) for place in (2, 0, 3, 1)]
    assert run_result(plan, ended, (), seconds=1).cells == cells


GLOBS = [
    ("device:none", "", True),
    ("device:e*", "", False),
    ("pc-q35-7.2/device:e1000", "", False),
    ("device:none", "1/2", False),
]


CHOSEN = [
    ({"markexpr": "not harness and not slow", "tests": "suites", "arch": "None", "quick": "True"}, ""),
    ({"markexpr": "postcopy", "tests": "suites", "keyword": "x86_64"}, "-m 'postcopy', -k 'x86_64'"),
    ({"tests": "suites/compat", "short": "True", "lf": "False"}, "their ids or files, --short"),
    ({"cells": "a b", "deselect": "['c']"}, "--cells, --deselect '['c']'"),
]


@pytest.mark.parametrize("selection,words", CHOSEN)
def test_run_of_some_tests_says_how_they_were_chosen(selection: dict[str, str], words: str) -> None:
    """Lose this and a run of one cell says that it left out only what nightly runs have."""
    plan = make_plan(selection=selection)
    assert run_result(plan, [make_ended(make_cell(1))], (), seconds=1).chosen == words


@pytest.mark.parametrize("glob,shard,reported", GLOBS)
def test_subject_that_matches_nothing_is_reported(glob: str, shard: str, reported: bool) -> None:
    """Lose this and a typo in `--subject` ends with `safe`, because nothing failed."""
    plan = make_plan(shard=shard, selection={"subject": glob})
    run = run_result(plan, [make_ended(make_swept("pc-q35-7.2", "device:e1000"))], (), seconds=1)
    assert any(f"--subject {glob}" in note for note in run.notes) == reported


def test_subject_of_a_sweep_that_could_not_run_is_not_called_unmatched() -> None:
    """Lose this and a build without the QEMU of an architecture is reported as a slip in `--subject`."""
    plan = make_plan(selection={"subject": "device:e1000"})
    whole = make_swept("newest", "devices", Outcome.UNSUPPORTED, "no QEMU for ppc64le")
    assert run_result(plan, [make_ended(whole)], (), seconds=1).notes == []


def test_test_that_did_not_run_is_counted() -> None:
    """Lose this and an interrupted run looks like one without findings."""
    plan = make_plan([make_cell(number).nodeid for number in range(3)])
    ended = [make_ended(make_cell(1))]
    assert interrupted(plan, ended) == [
        "2 of 3 tests did not run: the run was interrupted; continue it with --resume"
    ]
    assert interrupted(plan, [make_ended(make_cell(number)) for number in range(3)]) == []


def test_single_test_that_did_not_run_has_no_plural() -> None:
    """Lose this and a run of one cell that was killed reports "1 of 1 tests"."""
    (line,) = interrupted(make_plan([make_cell(1).nodeid]), [])
    assert line.startswith("1 of 1 test did not run")


def test_result_of_a_quick_run_says_what_it_leaves_out() -> None:
    """Lose this and reports of a quick run do not differ from those of a whole one."""
    for option, left_out in (("True", LEFT_OUT), ("False", ())):
        run = run_result(make_plan(selection={"quick": option}), [], (), seconds=1)
        assert run.left_out == left_out


@pytest.mark.parametrize("quick, notes", [("True", 0), ("False", 1)])
def test_quick_run_reports_no_known_issue_as_stale(quick: str, notes: int) -> None:
    """Lose this and a quick run is undecided, because it left out the cell that a known issue is about."""
    issue = KnownIssue(
        id="bug-1", match=Match(arch="*"), reason="lost pages", link="https://x", expires=date.max
    )
    plan, ended = make_plan(selection={"quick": quick}), [make_ended(make_cell(1))]
    assert len(run_result(plan, ended, [issue], seconds=1).notes) == notes


@pytest.mark.parametrize("shard, named", [("", 1), ("1/2", 0)], ids=["whole", "shard"])
def test_known_issue_that_was_not_tried_is_no_failure(shard: str, named: int) -> None:
    """Lose this and a run of some cells is undecided, or says nothing of the waivers that it did not try."""
    issue = KnownIssue(
        id="bug-1", match=Match(arch="ppc64le"), reason="lost pages", link="https://x", expires=date.max
    )
    run = run_result(make_plan(shard=shard), [make_ended(make_cell(1))], [issue], seconds=1)
    assert (run.verdict, run.notes, len(run.untried)) == (Verdict.SAFE, [], named)
