# SPDX-License-Identifier: Apache-2.0
"""How often a cell and its controls run, with and without repeats. The runs are scripted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.evidence.blocks import NEVER_AFTER_PAUSE
from fixtures.outcome import judgement
from fixtures.outcome.judgement import CONTROL_RUNS, FEW_RUNS, Judgement
from fixtures.outcome.outcome import Outcome, RunRecord

OLD, NEW = (Build(name, Sandbox(Path("/")), {}) for name in ("old", "new"))
FORWARD, OLD_OLD, NEW_NEW, BACK = "old→new", "old→old", "new→new", "new→old"


SIGNATURES = {
    "g": "a broken guest",
    "q": "migrate: bad section",
    "c": "migrate: qemu ended with exit status N",
    "m": "a broken guest: memory",
    "v": "a broken guest: vcpus: a vCPU that does not beat",
    "d": f"disk-requests: {NEVER_AFTER_PAUSE}",
}


@dataclass
class Script:
    """How the runs of each move end, a letter each: pass, guest, qemu, crash, error. The last repeats."""

    ends: Mapping[str, str]
    seconds: float = 0.0
    """How long each run takes."""
    moves: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def run(self, source: Build, destination: Build, label: str) -> RunRecord:
        """The next run of this move."""
        move = f"{source.name}→{destination.name}"
        ends = self.ends.get(move, "p")
        self.moves.append(move)
        self.labels.append(label)
        end = ends[min(self.moves.count(move), len(ends)) - 1]
        record = RunRecord(source.name, destination.name, "pass", seconds=self.seconds)
        if end == "e":
            record.result, record.reason = "error", "no disk"
        elif end in SIGNATURES:
            record.result, record.reason = "fail", f"{end} was seen"
            record.signature = SIGNATURES[end]
        return record

    def outcome(self, repeat: int, new: Build = NEW) -> Outcome:
        """Judge the cell."""
        return Judgement(self.run, OLD, new).outcome(repeat)[0]

    def judged(self) -> tuple[Outcome, str]:
        """Judge the cell without repeats; with the reason."""
        return Judgement(self.run, OLD, NEW).outcome()

    def after_crash(self, new: Build = NEW) -> tuple[Outcome, str]:
        """Judge the cell of a sweep, where runs are cheap, so that a crash is tried six times."""
        return Judgement(self.run, OLD, new, crash_runs=6).outcome()


def times(**numbers: int) -> list[str]:
    """The moves in order, each repeated this many times."""
    names = {"forward": FORWARD, "old": OLD_OLD, "new": NEW_NEW, "back": BACK}
    return [names[name] for name, number in numbers.items() for _ in range(number)]


def test_repeats_that_pass_need_no_control() -> None:
    """Lose this and a passing run with repeats takes three times as long."""
    script = Script({})
    assert script.outcome(10) is Outcome.PASS
    assert script.moves == times(forward=10)


def test_control_that_breaks_the_guest_otherwise_each_time_does_not_excuse() -> None:
    """Lose this and an update that damages memory ships, if the old build stops a vCPU."""
    script = Script({FORWARD: "m", OLD_OLD: "v"})
    outcome, reason = script.judged()
    assert outcome is Outcome.REGRESSION
    assert "another defect: old → itself fails with v was seen" in reason
    assert script.moves.count(OLD_OLD) == script.moves.count(FORWARD) == CONTROL_RUNS


def test_other_defect_of_a_control_is_named_if_the_cell_fails_only_sometimes() -> None:
    """Lose this and a defect that a control has shown is in no report, because another one is flaky."""
    outcome, reason = Script({FORWARD: "gp", OLD_OLD: "q"}).judged()
    assert outcome is Outcome.FLAKY
    assert reason.endswith("a failure: g was seen; another defect: old → itself fails with q was seen")


def test_failure_that_a_run_hardly_misses_needs_few_controls() -> None:
    """Lose this and a disk that hangs after one of 500 pauses costs two minutes of the default run."""
    script = Script({FORWARD: "d", NEW_NEW: "d"})
    assert script.outcome(1) is Outcome.DEFECT_NEW
    assert script.moves == times(forward=1, old=FEW_RUNS, new=1)


@pytest.mark.parametrize("forward", ["mv", "vm", "mp"])
def test_control_that_breaks_the_guest_otherwise_excuses_what_the_rates_do_not_distinguish(
    forward: str,
) -> None:
    """Lose this and a page that the old build loses is a regression, as it damages each guest differently."""
    outcome, reason = Script({FORWARD: forward, OLD_OLD: "v", NEW_NEW: "p"}).judged()
    assert outcome is Outcome.DEFECT_OLD, reason


def test_new_build_that_breaks_the_guest_otherwise_is_to_blame() -> None:
    """Lose this and a defect of the new build with varying symptoms is a regression of the update."""
    assert Script({FORWARD: "mvmv", NEW_NEW: "v"}).outcome(1) is Outcome.DEFECT_NEW


def test_control_that_shows_the_same_symptom_needs_no_further_runs() -> None:
    """Lose this and each broken guest of the old build costs a dozen runs."""
    script = Script({FORWARD: "m", OLD_OLD: "vm"})
    assert script.outcome(1) is Outcome.DEFECT_OLD
    assert script.moves == times(forward=1, old=2, new=1, back=1)


def test_control_of_a_build_that_is_right_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and most seeded defects take twice the time."""
    monkeypatch.setattr(judgement, "OLD_CONTROL_RUNS", 1)
    script = Script({FORWARD: "m", NEW_NEW: "pm"})
    assert script.outcome(1) is Outcome.DEFECT_NEW
    assert script.moves == times(forward=1, old=1, new=2)


def test_build_against_itself_may_break_the_guest_in_two_ways() -> None:
    """Lose this and a defect of one build is a regression, although there is no update."""
    assert Script({OLD_OLD: "mv"}).outcome(1, OLD) is Outcome.DEFECT_OLD
    assert Script({OLD_OLD: "mv"}).outcome(2, OLD) is Outcome.DEFECT_OLD


def test_one_failure_among_repeats_runs_both_controls_as_often() -> None:
    """Lose this and the compared rates come from different numbers of runs."""
    script = Script({FORWARD: "ggggppppppp", NEW_NEW: "gp"})
    script.outcome(10)
    assert script.moves == times(forward=10, old=10, new=10)


def test_failure_of_the_old_build_is_followed_by_as_many_rollbacks() -> None:
    """Lose this and one lucky rollback clears the old build as a destination."""
    script = Script({FORWARD: "gp", OLD_OLD: "pg"})
    assert script.outcome(5) is Outcome.DEFECT_OLD
    assert script.moves == times(forward=5, old=5, new=5, back=5)


def test_guest_that_breaks_each_time_is_run_until_the_rates_are_clear() -> None:
    """Lose this and `--repeat 2` reports as flaky what a run without repeats reports as a regression."""
    script = Script({FORWARD: "g"})
    assert script.outcome(2) is Outcome.REGRESSION
    assert script.moves == times(forward=CONTROL_RUNS, old=CONTROL_RUNS, new=CONTROL_RUNS)


def test_guest_that_breaks_sometimes_is_run_as_often_as_requested() -> None:
    """Lose this and every flaky cell costs more runs than the user requested."""
    script = Script({FORWARD: "pg"})
    assert script.outcome(2) is Outcome.FLAKY
    assert script.moves == times(forward=2, old=2, new=2)


def test_one_failure_that_qemu_did_not_explain_gets_more_runs() -> None:
    """Lose this and two guests that died in different ways are too few runs for a verdict."""
    script = Script({FORWARD: "qg"})
    assert script.outcome(2) is Outcome.REGRESSION
    assert script.moves[:CONTROL_RUNS] == times(forward=CONTROL_RUNS)


def test_first_pass_ends_the_additional_runs() -> None:
    """Lose this and a flaky cell is run until its failures look deterministic."""
    script = Script({FORWARD: "ggp"})
    assert script.outcome(2) is Outcome.FLAKY
    assert script.moves == times(forward=3, old=3, new=3)


@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_what_qemu_refuses_each_time_is_a_regression_at_any_number(repeat: int) -> None:
    """Lose this and more repeats turn a clear regression into an unclear result."""
    script = Script({FORWARD: "q"})
    assert script.outcome(repeat) is Outcome.REGRESSION
    assert script.moves == times(forward=repeat, old=repeat, new=repeat)


def test_error_among_repeats_needs_no_control() -> None:
    """Lose this and a cell that ends in an error of the suite is repeated again and again."""
    script = Script({FORWARD: "gep"})
    assert script.outcome(3) is Outcome.ERROR
    assert script.moves == times(forward=3)


def test_error_in_an_additional_run_is_an_error() -> None:
    """Lose this and a late error of the suite is reported as a verdict on QEMU."""
    assert Script({FORWARD: "gge"}).outcome(2) is Outcome.ERROR


def test_error_of_a_control_ends_that_control() -> None:
    """Lose this and a control that ends in an error of the suite is repeated as often as the cell."""
    script = Script({FORWARD: "gp", OLD_OLD: "pe"})
    assert script.outcome(5) is Outcome.ERROR
    assert script.moves == times(forward=5, old=2, new=5)


def test_build_against_itself_is_its_own_control_with_repeats_too() -> None:
    """Lose this and a defect of one build is blamed on an update, although there is none."""
    broken, differing = Script({OLD_OLD: "g"}), Script({OLD_OLD: "gp"})
    assert broken.outcome(3, OLD) is Outcome.DEFECT_OLD
    assert differing.outcome(3, OLD) is Outcome.FLAKY
    assert (len(broken.moves), len(differing.moves)) == (4, 3)


def test_every_run_has_a_label_of_its_own() -> None:
    """Lose this and one run's evidence overwrites another's."""
    script = Script({FORWARD: "g", OLD_OLD: "g"})
    script.outcome(2)
    assert len(script.labels) == len(set(script.labels)) == 4 * CONTROL_RUNS


@pytest.mark.parametrize(
    "ends,outcome,said",
    [
        ("cpcpcp", Outcome.DEFECT_OLD, "old → itself fails by chance: 3/6 fail [0.19, 0.81]"),
        ("c", Outcome.DEFECT_OLD, "old → itself fails each time: 6/6 fail [0.61, 1.00]"),
        ("cp", Outcome.FLAKY, "old → itself fails by chance: 1/12 fail [0.01, 0.35]"),
    ],
)
def test_crash_of_a_build_against_itself_says_how_often(ends: str, outcome: Outcome, said: str) -> None:
    """Lose this and a build that crashes in half of the moves looks like one that always does."""
    judged, reason = Script({OLD_OLD: ends}).after_crash(OLD)
    assert judged is outcome
    assert said in reason


def test_crash_that_strikes_the_old_build_by_chance_is_not_the_updates() -> None:
    """Lose this and an update is blamed whenever a crash of the old build spares the one control."""
    outcome, reason = Script({FORWARD: "cpc", OLD_OLD: "pppcpc"}).after_crash()
    assert outcome is Outcome.DEFECT_OLD
    assert "by chance: old→new 5/6 fail [0.44, 0.97], old→old 2/6" in reason


def test_crash_in_each_move_to_the_new_build_is_a_regression() -> None:
    """Lose this and an update that crashes is called flaky."""
    assert Script({FORWARD: "c"}).after_crash()[0] is Outcome.REGRESSION


def test_what_qemu_explains_is_not_tried_again() -> None:
    """Lose this and every refused device costs a sweep two dozen moves."""
    script = Script({FORWARD: "q"})
    script.after_crash()
    assert script.moves == times(forward=1, old=1, new=1)


def test_control_that_failed_only_later_says_how_often() -> None:
    """Lose this and a defect of the old build that strikes by chance looks like a certain one."""
    _, reason = Judgement(Script({FORWARD: "g", OLD_OLD: "ppg"}).run, OLD, NEW).outcome()
    assert "by chance: old → itself 1/3 fail [0.06, 0.79]" in reason


def test_crash_of_a_booted_guest_runs_more_than_one_control() -> None:
    """Lose this and one control that passes by chance blames the update for a crash of the old build."""
    script = Script({FORWARD: "c", OLD_OLD: "pc"})
    assert script.outcome(1) is Outcome.DEFECT_OLD


@pytest.mark.parametrize("new_new", ["g", "p"])
def test_runs_that_take_over_a_minute_are_made_twice(new_new: str) -> None:
    """Lose this and a defect that shows after a minute ends in a timeout of pytest, without an outcome."""
    script = Script({FORWARD: "g", NEW_NEW: new_new}, seconds=75)
    script.judged()
    rest = times(new=1) if new_new == "g" else times(new=2, forward=1)
    assert script.moves == times(forward=1, old=2) + rest


def test_runs_on_a_slow_host_are_made_as_often_as_here() -> None:
    """Lose this and a guest that the old build loses by chance, on an emulated host, blames the update."""
    script = Script({FORWARD: "g", OLD_OLD: "ppg"}, seconds=75)
    assert Judgement(script.run, OLD, NEW, stretch=4.0).outcome()[0] is Outcome.DEFECT_OLD
    assert script.moves == times(forward=1, old=3, new=1, back=1)


def test_one_slow_failure_is_repeated_before_the_update_is_blamed() -> None:
    """Lose this and a failure by chance, on a host so busy that a run takes minutes, blames the update."""
    script = Script({FORWARD: "gp"}, seconds=150)
    assert script.judged()[0] is Outcome.FLAKY


def test_rates_of_runs_that_take_over_a_minute_need_two() -> None:
    """Lose this and eight more runs of a minute follow one failure."""
    script = Script({FORWARD: "m", OLD_OLD: "v"}, seconds=75)
    assert script.judged()[0] is not Outcome.REGRESSION
    assert script.moves.count(OLD_OLD) == script.moves.count(FORWARD) == 2
