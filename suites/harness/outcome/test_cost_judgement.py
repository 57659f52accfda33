# SPDX-License-Identifier: Apache-2.0
"""How often moves are run to compare their cost, and which build is blamed. The runs are scripted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.evidence.memory_cost import OF_BOTH
from fixtures.outcome.cost_judgement import MOST_LOOKS, CostJudgement
from fixtures.outcome.costs import COST_REPEATS, MEMORY_COSTS, TELLING
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.outcome.tcg_race import OVERLOAD

OLD, NEW = (Build(name, Sandbox(Path("/")), {}) for name in ("old", "new"))
LOW, HIGH = 500.0, 1200.0
FOR_BLAME = MOST_LOOKS + COST_REPEATS
"""Number of the first runs that are made for the blame."""


class Runs:
    """Runs whose blackout depends on their source and destination."""

    def __init__(
        self,
        blackouts: dict[tuple[str, str], float],
        ends: Mapping[str, Collection[str]] | None = None,
        *,
        late: int = 0,
    ) -> None:
        """`ends`: labels of runs by how they end; `late`: a run by number, from 1, that takes long."""
        self.blackouts = blackouts
        self.figures: dict[str, float] = {}
        self.figures_by_move: dict[tuple[str, str], dict[str, float]] = {}
        self.ends = {label: result for result, labels in (ends or {}).items() for label in labels}
        self.late = late
        self.records: list[RunRecord] = []
        self.labels: list[str] = []
        self.busy_after = 0
        """Number of runs after which the host is so busy that each move takes longer; 0: never."""

    def __call__(self, old: Build, new: Build, label: str) -> RunRecord:
        """One run."""
        ms = self.blackouts[old.name, new.name]
        result = self.ends.get(label, "pass")
        record = RunRecord(old.name, new.name, result, "" if result == "pass" else f"{result} was seen")
        self.labels.append(label)
        record.blackout_ms = ms + len(self.records)
        record.figures = self.figures_by_move.get((old.name, new.name), self.figures)
        self.records.append(record)
        if len(self.records) == self.late:
            record.blackout_ms = HIGH
        if self.busy_after and len(self.records) > self.busy_after:
            record.blackout_ms += HIGH
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
    assert CostJudgement(runs, OLD, NEW).outcome(first(LOW + 30)) is None
    assert runs.moves == ["old → old"]


def test_first_repeats_end_a_false_alarm() -> None:
    """Lose this and one slow move on a busy host is followed by twenty more, or is a regression."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW})
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) is None
    assert runs.moves == ["old → old", *["old → new", "old → old"] * TELLING]


def test_another_figure_in_the_repeats_is_a_false_alarm() -> None:
    """Lose this and a busy host, where now one figure is out of bounds and now another, costs minutes."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW}, late=2)
    suspect = replace(first(LOW), figures={"destination threads": 40})
    runs.figures = {"destination threads": 4}
    assert CostJudgement(runs, OLD, NEW).outcome(suspect) is None
    assert len(runs.moves) == 1 + 2 * TELLING


def test_only_memory_is_compared_if_that_is_asked_for() -> None:
    """Lose this and cells about memory are repeated for minutes because a busy host made one move slow."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW})
    runs.figures = {OF_BOTH: 594.0}
    suspect = replace(first(HIGH), figures={OF_BOTH: 600.0})
    assert CostJudgement(runs, OLD, NEW, MEMORY_COSTS).outcome(suspect) is None
    assert runs.moves == ["old → old"]


UNSEEN: dict[str, tuple[dict[str, float], dict[str, float], str]] = {
    "of the move": ({}, {OF_BOTH: 594.0}, "old → new"),
    "of the control": ({OF_BOTH: 594.0}, {}, "old → old"),
    "of both": ({}, {}, "old → new and old → old"),
}


@pytest.mark.parametrize("which", UNSEEN)
def test_missing_figure_of_memory_is_said(which: str) -> None:
    """Lose this and a move whose memory nobody has seen passes as one that takes no more than before."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW})
    of_move, of_control, moves = UNSEEN[which]
    runs.figures_by_move = {("old", "new"): of_move, ("old", "old"): of_control}
    assert CostJudgement(runs, OLD, NEW, MEMORY_COSTS).outcome(replace(first(LOW), figures=of_move)) == (
        Outcome.PASS,
        f"costs were not compared: memory of both MiB of {moves} was not measured",
    )
    assert runs.moves == ["old → old", "old → new", "old → old"], "one more look, no repeats"


def test_figure_of_memory_that_is_seen_in_the_second_look_is_compared() -> None:
    """Lose this and a source of libvirt that is gone too early hides what a move costs."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW})
    runs.figures = {OF_BOTH: 594.0}
    assert CostJudgement(runs, OLD, NEW, MEMORY_COSTS).outcome(first(LOW)) is None
    assert len(runs.moves) == 3


def test_new_build_that_doubles_the_memory_of_a_move_is_blamed() -> None:
    """Lose this and hosts run out of memory when their guests get the update."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): LOW, ("new", "new"): LOW})
    runs.figures = {OF_BOTH: 1200.0}
    runs.figures_by_move = {("old", "old"): {OF_BOTH: 594.0}}
    found = CostJudgement(runs, OLD, NEW, MEMORY_COSTS).outcome(
        replace(first(LOW), figures={OF_BOTH: 1200.0})
    )
    assert found is not None
    assert found[0] is Outcome.DEFECT_NEW
    assert "cost: memory of both MiB 1200, old→old 594" in found[1]


def test_all_repeats_are_made_if_they_differ() -> None:
    """Lose this and too few repeats show that a difference is no chance."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): HIGH})
    CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    compared, for_blame = (["old → new", "old → old"], ["new → new", "old → old"])
    assert runs.moves[1:] == compared * COST_REPEATS + for_blame * COST_REPEATS


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


NOT_AGAIN = {
    "the second look": {"cost-1", "cost-control-0"},
    "the third repeat": {"cost-4"},
}
"""Labels of runs that do not pass."""


@pytest.mark.parametrize("labels", NOT_AGAIN.values(), ids=NOT_AGAIN)
def test_move_that_fails_while_it_is_repeated_is_flaky(labels: set[str]) -> None:
    """Lose this and a guest that is lost in the third repeat is not reported."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH}, {"fail": labels})
    found = CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert found is not None
    assert found[0] is Outcome.FLAKY
    assert found[1].startswith("outcomes differ between repeats")
    assert "fail was seen" in found[1]


@pytest.mark.parametrize("labels", NOT_AGAIN.values(), ids=NOT_AGAIN)
def test_move_that_could_not_be_repeated_is_an_error(labels: set[str]) -> None:
    """Lose this and a full disk is a flaky build, which makes the update unsafe."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH}, {"error": labels})
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) == (Outcome.ERROR, "error was seen")


@pytest.mark.parametrize("end", ["error", "fail"])
def test_second_look_decides_if_the_first_has_no_control(end: str) -> None:
    """Lose this and a slow build passes because one control failed, or needs one more for no reason."""
    slow = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): LOW}, {end: ["cost-control-0"]})
    found = CostJudgement(slow, OLD, NEW).outcome(first(HIGH))
    assert found is not None
    assert found[0] is Outcome.REGRESSION
    even = Runs({("old", "old"): LOW, ("old", "new"): LOW}, {end: ["cost-control-0"]})
    assert CostJudgement(even, OLD, NEW).outcome(first(LOW)) is None
    assert even.labels == ["cost-control-0", "cost-1", "cost-control-1"]


LOST = {
    "at both looks": ("cost-control-0", "cost-control-1"),
    "in a repeat": ("cost-control-4",),
}


@pytest.mark.parametrize("when", LOST)
def test_control_that_could_not_run_leaves_the_cost_unknown(when: str) -> None:
    """Lose this and a slow build is safe because the disk was full."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH}, {"error": LOST[when]})
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) == (
        Outcome.ERROR,
        "costs could not be compared, a control could not run: error was seen",
    )


@pytest.mark.parametrize("end, said", [("fail", "fails"), ("refused", "is refused")])
@pytest.mark.parametrize("when", LOST)
def test_control_that_fails_is_named_as_why_nothing_was_compared(when: str, end: str, said: str) -> None:
    """Lose this and a move passes as if its cost were known, or the update is blamed for a defect of old."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH}, {end: LOST[when]})
    assert CostJudgement(runs, OLD, NEW).outcome(first(HIGH)) == (
        Outcome.PASS,
        f"costs were not compared: old → itself {said}: {end} was seen",
    )


BLAMES: dict[str, tuple[dict[str, list[str]], Outcome, str]] = {
    "new→new did not run": (
        {"error": [f"cost-control-new-{FOR_BLAME + 2}"]},
        Outcome.ERROR,
        "blame is unclear",
    ),
    "old→old did not run": ({"error": [f"cost-control-{FOR_BLAME + 1}"]}, Outcome.ERROR, "blame is unclear"),
    "new→new fails": (
        {"fail": [f"cost-control-new-{FOR_BLAME}"]},
        Outcome.REGRESSION,
        "another defect: new → itself fails: fail was seen",
    ),
}


@pytest.mark.parametrize("case", BLAMES)
def test_run_for_the_blame_that_does_not_pass(case: str) -> None:
    """Lose this and runs that failed are compared, or a build is blamed that was not measured."""
    ends, outcome, said = BLAMES[case]
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): HIGH}, ends)
    found = CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert found is not None
    assert found[0] is outcome
    assert "cost: blackout ms 12" in found[1]
    assert said in found[1]


def test_build_is_blamed_by_controls_that_ran_beside_its_own_moves() -> None:
    """Lose this and a host that became busy after the repeats makes an update's defect the new build's."""
    runs = Runs({("old", "old"): LOW, ("old", "new"): HIGH, ("new", "new"): LOW})
    runs.busy_after = 1 + 2 * COST_REPEATS
    found = CostJudgement(runs, OLD, NEW).outcome(first(HIGH))
    assert found is not None
    assert found[0] is Outcome.REGRESSION


STRETCHED = {
    "700 ms": (HIGH, 3.0, Outcome.REGRESSION),
    "four times as long": (4 * LOW, 9.0, Outcome.REGRESSION),
    "200 ms": (LOW + 200, 3.0, Outcome.ERROR),
    "200 ms on a quiet machine": (LOW + 200, 1.0, Outcome.REGRESSION),
}


@pytest.mark.parametrize("case", STRETCHED)
def test_times_of_an_overloaded_machine_count_as_far_as_they_are_felt_on_a_quiet_one(case: str) -> None:
    """Lose this and 20 ms more are a finding on a busy machine, or 700 ms more are hidden by it."""
    blackout, overload, outcome = STRETCHED[case]
    runs = Runs({("old", "old"): LOW, ("old", "new"): blackout, ("new", "new"): LOW})
    runs.figures = {OVERLOAD: overload}
    found = CostJudgement(runs, OLD, NEW).outcome(first(blackout))
    assert found is not None
    assert found[0] is outcome
    assert ("run it again on a quieter machine" in found[1]) is (outcome is Outcome.ERROR)


def noisy(random: Random, longer: float = 1, slower: float = 1) -> RunRecord:
    """A move whose times vary as much as on a host with many other processes.

    `longer`: how many times longer its blackout is, `slower`: how many times longer it takes in all.
    """
    slow = random.lognormvariate(0, 0.3)
    blackout, silence, total = (ms * slow * random.lognormvariate(0, 0.3) for ms in (900, 200, 1800))
    figures = {"silence around it ms": silence * longer, "MiB/s": 1e5 / total / slower}
    record = RunRecord("old", "new", "pass", figures=figures)
    record.blackout_ms, record.total_ms = blackout * longer, total * slower
    return record


def findings(judged: int, longer: float = 1, slower: float = 1) -> int:
    """How many of so many comparisons are a finding."""
    random = Random(1)

    def run(old: Build, new: Build, label: str) -> RunRecord:
        return noisy(random, longer, slower) if new is NEW else noisy(random)

    compared = [CostJudgement(run, OLD, NEW).outcome(noisy(random, longer, slower)) for _ in range(judged)]
    return judged - compared.count(None)


def test_noise_is_hardly_ever_a_finding() -> None:
    """Lose this and a busy host makes a slow build of every hundredth one."""
    assert findings(1000) <= 2


@pytest.mark.parametrize("costs, found", [({"longer": 3}, 95), ({"slower": 3}, 78)], ids=["blackout", "all"])
def test_noise_hides_hardly_any_tripled_time(costs: dict[str, float], found: int) -> None:
    """Lose this and an update that triples the blackout, or the time of a move, is safe by luck."""
    assert findings(100, **costs) >= found


def test_build_is_not_compared_with_itself() -> None:
    """Lose this and a build against itself fails by chance."""
    runs = Runs({})
    assert CostJudgement(runs, OLD, OLD).outcome(first(HIGH)) is None
    assert runs.moves == []
