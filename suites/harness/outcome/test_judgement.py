# SPDX-License-Identifier: Apache-2.0
"""How often a cell and its controls are run, with repeats and without. The runs are scripted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.outcome.judgement import CONTROL_RUNS, Judgement
from fixtures.outcome.outcome import Outcome, RunRecord

OLD, NEW = (Build(name, Sandbox(Path("/")), {}) for name in ("old", "new"))
FORWARD, OLD_OLD, NEW_NEW, BACK = "old→new", "old→old", "new→new", "new→old"


@dataclass
class Script:
    """How the runs of each move end, a letter each, the last one for ever: pass, guest, qemu, error."""

    ends: Mapping[str, str]
    moves: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def run(self, source: Build, destination: Build, label: str) -> RunRecord:
        """The next run of this move."""
        move = f"{source.name}→{destination.name}"
        ends = self.ends.get(move, "p")
        self.moves.append(move)
        self.labels.append(label)
        end = ends[min(self.moves.count(move), len(ends)) - 1]
        record = RunRecord(source.name, destination.name, "pass")
        if end == "e":
            record.result, record.reason = "error", "no disk"
        elif end in "gq":
            record.result, record.reason = "fail", f"{end} was seen"
            record.signature = {"g": "a broken guest", "q": "migrate: bad section"}[end]
        return record

    def outcome(self, repeat: int, new: Build = NEW) -> Outcome:
        """Judge the cell."""
        return Judgement(self.run, OLD, new).outcome(repeat)[0]


def times(**numbers: int) -> list[str]:
    """The moves in order, each so many times."""
    names = {"forward": FORWARD, "old": OLD_OLD, "new": NEW_NEW, "back": BACK}
    return [names[name] for name, number in numbers.items() for _ in range(number)]


def test_repeats_that_pass_need_no_control() -> None:
    """Lose this and a green run with repeats takes three times as long."""
    script = Script({})
    assert script.outcome(10) is Outcome.PASS
    assert script.moves == times(forward=10)


def test_one_failure_among_repeats_runs_both_controls_as_often() -> None:
    """Lose this and rates are compared that rest on different numbers of runs."""
    script = Script({FORWARD: "ggggppppppp", NEW_NEW: "gp"})
    script.outcome(10)
    assert script.moves == times(forward=10, old=10, new=10)


def test_excuse_of_the_old_build_is_followed_by_as_many_ways_back() -> None:
    """Lose this and one lucky way back acquits the old build as a destination."""
    script = Script({FORWARD: "gp", OLD_OLD: "pg"})
    assert script.outcome(5) is Outcome.DEFECT_OLD
    assert script.moves == times(forward=5, old=5, new=5, back=5)


def test_guest_that_breaks_each_time_is_run_until_the_rates_tell() -> None:
    """Lose this and `--repeat 2` calls flaky what a plain run calls a regression."""
    script = Script({FORWARD: "g"})
    assert script.outcome(2) is Outcome.REGRESSION
    assert script.moves == times(forward=CONTROL_RUNS, old=CONTROL_RUNS, new=CONTROL_RUNS)


def test_guest_that_breaks_now_and_then_is_run_as_often_as_was_asked_for() -> None:
    """Lose this and every flaky cell costs runs that nobody asked for."""
    script = Script({FORWARD: "pg"})
    assert script.outcome(2) is Outcome.FLAKY
    assert script.moves == times(forward=2, old=2, new=2)


def test_one_failure_that_qemu_did_not_explain_wants_more_runs() -> None:
    """Lose this and two guests that died in two ways are too few to tell."""
    script = Script({FORWARD: "qg"})
    assert script.outcome(2) is Outcome.REGRESSION
    assert script.moves[:CONTROL_RUNS] == times(forward=CONTROL_RUNS)


def test_first_pass_ends_the_runs_beyond_what_was_asked_for() -> None:
    """Lose this and a flaky cell is run until it looks certain."""
    script = Script({FORWARD: "ggp"})
    assert script.outcome(2) is Outcome.FLAKY
    assert script.moves == times(forward=3, old=3, new=3)


@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_what_qemu_refuses_each_time_is_a_regression_at_any_number(repeat: int) -> None:
    """Lose this and more evidence makes a clear case doubtful."""
    script = Script({FORWARD: "q"})
    assert script.outcome(repeat) is Outcome.REGRESSION
    assert script.moves == times(forward=repeat, old=repeat, new=repeat)


def test_error_among_repeats_needs_no_control() -> None:
    """Lose this and a broken rig is tried over and over again."""
    script = Script({FORWARD: "gep"})
    assert script.outcome(3) is Outcome.ERROR
    assert script.moves == times(forward=3)


def test_error_beyond_the_repeats_is_one_too() -> None:
    """Lose this and a rig that breaks late passes for a verdict on QEMU."""
    assert Script({FORWARD: "gge"}).outcome(2) is Outcome.ERROR


def test_error_of_a_control_ends_that_control() -> None:
    """Lose this and a broken rig is tried as often as there are repeats."""
    script = Script({FORWARD: "gp", OLD_OLD: "pe"})
    assert script.outcome(5) is Outcome.ERROR
    assert script.moves == times(forward=5, old=2, new=5)


def test_build_against_itself_is_its_own_control_with_repeats_too() -> None:
    """Lose this and a build is blamed on an update that there is not."""
    broken, differing = Script({OLD_OLD: "g"}), Script({OLD_OLD: "gp"})
    assert broken.outcome(3, OLD) is Outcome.DEFECT_OLD
    assert differing.outcome(3, OLD) is Outcome.FLAKY
    assert (len(broken.moves), len(differing.moves)) == (4, 3)


def test_every_run_has_a_label_of_its_own() -> None:
    """Lose this and one run's evidence overwrites another's."""
    script = Script({FORWARD: "g", OLD_OLD: "g"})
    script.outcome(2)
    assert len(script.labels) == len(set(script.labels)) == 4 * CONTROL_RUNS
