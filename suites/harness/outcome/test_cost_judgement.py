# SPDX-License-Identifier: Apache-2.0
"""How often moves are run to compare their cost, and which build is blamed. The runs are scripted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.outcome.cost_judgement import CostJudgement
from fixtures.outcome.costs import COST_REPEATS
from fixtures.outcome.outcome import Outcome, RunRecord

OLD, NEW = (Build(name, Sandbox(Path("/")), {}) for name in ("old", "new"))
LOW, HIGH = 500.0, 1200.0


class Runs:
    """Runs whose blackout depends on their source and destination."""

    def __init__(self, blackouts: dict[tuple[str, str], float], failing: str = "", late: int = 0) -> None:
        """`failing`: the label of a run that fails; `late`: a run by number, from 1, that takes long."""
        self.blackouts = blackouts
        self.figures: dict[str, float] = {}
        self.figures_by_move: dict[tuple[str, str], dict[str, float]] = {}
        self.failing = failing
        self.late = late
        self.records: list[RunRecord] = []

    def __call__(self, old: Build, new: Build, label: str) -> RunRecord:
        """One run."""
        ms = self.blackouts[old.name, new.name]
        failed = self.failing == label
        record = RunRecord(old.name, new.name, "fail" if failed else "pass", "it broke" if failed else "")
        record.blackout_ms = ms + len(self.records)
        record.figures = self.figures_by_move.get((old.name, new.name), self.figures)
        self.records.append(record)
        if len(self.records) == self.late:
            record.blackout_ms = HIGH
        return record

    @property
    def moves(self) -> list[str]:
        """The runs so far."""
        return [f"{record.source} → {record.destination}" for record in self.records]


def first(blackout: float) -> RunRecord:
    """The cell's own run, which passed."""
    return RunRecord("old", "new", "pass", blackout_ms=blackout)


def test_one_look_is_enough_if_nothing_is_out_of_bounds() -> None:
    """Lose this and each cell about costs takes a minute."""
    runs = Runs({("old", "old"): LOW})
    assert CostJudgement(runs, OLD, NEW).outcome(first(LOW + 50)) is None
    assert runs.moves == ["old → old"]


def test_second_look_ends_a_false_alarm() -> None:
    """Lose this and one slow move on a busy host is followed by ten more, or is a regression."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW})
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) is None
    assert runs.moves == ["old → old", "old → new", "old → old"]


def test_another_figure_at_the_second_look_is_a_false_alarm() -> None:
    """Lose this and a busy host, where now one figure is out of bounds and now another, costs a minute."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW}, late=2)
    suspect = replace(first(LOW), figures={"destination threads": 40})
    runs.figures = {"destination threads": 4}
    assert CostJudgement(runs, OLD, NEW).outcome(suspect) is None
    assert len(runs.moves) == 3


def test_looks_alone_decide_nothing() -> None:
    """Lose this and two slow moves on a busy host are a regression."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW}, late=2)
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) is None
    assert len(runs.moves) > 3


def test_repeats_end_when_they_can_show_no_difference_any_more() -> None:
    """Lose this and each two slow moves on a busy host cost a minute more."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW}, late=2)
    CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert runs.moves[3:] == ["old → new", "old → old"] * 2


def test_all_repeats_are_made_if_they_differ() -> None:
    """Lose this and too few repeats show that a difference is no chance."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): HIGH})
    CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert runs.moves[3:] == ["old → new", "old → old"] * COST_REPEATS + ["new → new"] * COST_REPEATS


@pytest.mark.parametrize("itself,outcome", [(LOW, Outcome.REGRESSION), (HIGH, Outcome.DEFECT_NEW)])
def test_build_is_blamed_by_what_its_own_moves_cost(itself: float, outcome: Outcome) -> None:
    """Lose this and nobody knows whether the new build is slow, or only the way into it."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): itself})
    found = CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert found is not None
    assert found[0] is outcome
    assert "cost: blackout ms 12" in found[1]
    assert "old→old 5" in found[1]


def test_build_is_blamed_if_its_own_moves_show_part_of_the_cost() -> None:
    """Lose this and the update is blamed for a slow build, because one figure of its own moves was noisy."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): HIGH})
    runs.figures_by_move = {("old", "new"): {"STOP to RESUME ms": 900}}
    runs.figures = {"STOP to RESUME ms": 100}
    found = CostJudgement(runs, OLD, NEW).outcome(replace(first(HIGH), figures={"STOP to RESUME ms": 900}))
    assert found is not None
    assert found[0] is Outcome.DEFECT_NEW
    assert "new → itself costs as much in blackout ms (12" in found[1]


def test_slow_build_does_not_excuse_what_only_the_update_leaks() -> None:
    """Lose this and threads that only the update leaks are reported as the new build's, with its slowness."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): HIGH})
    runs.figures_by_move = {("old", "new"): {"destination threads": 40}}
    runs.figures = {"destination threads": 4}
    found = CostJudgement(runs, OLD, NEW).outcome(replace(first(HIGH), figures={"destination threads": 40}))
    assert found is not None
    assert found[0] is Outcome.REGRESSION
    assert "new → itself costs as much in blackout ms (12" in found[1]


def test_costly_runs_are_failures_of_the_cost() -> None:
    """Lose this and the report shows a finding without a failed run, or a known issue does not match it."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): HIGH})
    CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    failed = [record for record in runs.records if record.result == "fail"]
    assert {(record.source, record.destination) for record in failed} == {("old", "new")}
    assert {record.signature for record in failed} == {"cost: blackout ms"}
    assert len(failed) == COST_REPEATS


@pytest.mark.parametrize("label", ["cost-1", "cost-4"])
def test_move_that_fails_while_it_is_repeated_is_flaky(label: str) -> None:
    """Lose this and a guest that is lost in the third repeat is not reported."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH}, failing=label)
    found = CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert found == (Outcome.FLAKY, "outcomes differ between repeats: it broke")


def noisy(random: Random) -> RunRecord:
    """A move whose times vary as much as on a host with many other processes."""
    slow = random.lognormvariate(0, 0.3)
    blackout, silence, total = (ms * slow * random.lognormvariate(0, 0.3) for ms in (900, 200, 1800))
    figures = {"silence around it ms": silence, "MiB/s": 1e5 / total}
    return RunRecord("old", "new", "pass", blackout_ms=blackout, total_ms=total, figures=figures)


def test_noise_is_hardly_ever_a_finding() -> None:
    """Lose this and a busy host makes a slow build of every hundredth one."""
    random, judged = Random(1), 1000
    compared = [CostJudgement(lambda *_: noisy(random), OLD, NEW) for _ in range(judged)]
    found = [each.outcome(noisy(random)) for each in compared]
    assert judged - found.count(None) <= 3


def test_nothing_is_compared_with_a_control_that_fails() -> None:
    """Lose this and a cell errs because its control has a defect of its own."""
    runs = Runs({("old", "old"): LOW}, failing="cost-control-0")
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) is None


def test_build_is_not_compared_with_itself() -> None:
    """Lose this and a build against itself fails by chance."""
    runs = Runs({})
    assert CostJudgement(runs, OLD, OLD).outcome(first(HIGH)) is None
    assert runs.moves == []
