# SPDX-License-Identifier: Apache-2.0
"""Which move of a chain fails, what its controls are, and whose fault it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.attempt.attempt import Setting
from fixtures.attempt.chain import SURVIVED
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import HotPatchFailure
from fixtures.machine.probe import Probe
from fixtures.matrix.promises import CHAIN
from fixtures.outcome.outcome import CellResult, Outcome
from fixtures.qualify.chains import ChainQualification
from suites.harness.support.scripted_attempts import (
    CELL,
    FORWARD,
    ScriptedAttempt,
    ScriptedPair,
    probe,
    scenario,
)

FIRST, MIDDLE, LAST = "debian-12", "debian-12-backports", "debian-13"
WHOLE = (FIRST, MIDDLE, LAST)
CONTROL_OF_MIDDLE = (FIRST, MIDDLE, MIDDLE)
CONTROL_OF_LAST = (LAST, LAST, LAST)
ALONE = (MIDDLE, LAST)
FAIL = HotPatchFailure("memory", "page 7 is wrong")
OTHER = HotPatchFailure("clock", "the clock went back")
Ends = Mapping[tuple[str, ...], Exception]
"""By the builds of a run, what becomes of its last move; a run that is not there passes."""


class Stage:
    """Qualifies a chain whose runs end as scripted, and records the builds of each run."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.ends: Ends = {}
        self.survived: dict[tuple[str, ...], int] = {}
        """By the builds of a run, the number of moves before the one that fails; by default all but one."""
        self.last_end = None
        self.figures: dict[tuple[str, str], dict[str, float]] = {}
        self.runs: list[tuple[str, ...]] = []

    def end_of(self, setting: Setting) -> Exception | None:
        """How this run ends."""
        builds = tuple(build.name for build in (setting.old, *setting.route))
        self.runs.append(builds)
        return self.ends.get(builds)

    def judge(self, ends: Ends, through: Sequence[str] = (MIDDLE,), *, repeat: int = 1) -> CellResult:
        """Qualify the chain."""
        self.ends = ends
        pair = ScriptedPair(FORWARD)
        pair.through = tuple(Build(name, Sandbox(Path("/")), {}) for name in through)
        cell = replace(CELL, aspect=CHAIN)
        qualification = ChainQualification(cell, "life", "nodeid", pair, self.report, "pytest nodeid")
        return qualification.judge(scenario, repeat=repeat)


class ScriptedLife(ScriptedAttempt):
    """A guest whose last move ends as scripted."""

    def __init__(self, stage: Stage, setting: Setting) -> None:
        super().__init__(stage, setting)  # type: ignore[arg-type]
        made = len(setting.route)
        failed = stage.survived.get(stage.runs[-1], made - 1)
        self.figures = {SURVIVED: made if self._end is None else failed}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage on which every run passes unless a test scripts a different end."""
    stage, said = Stage(tmp_path), {name: probe("pc-q35-7.2") for name in WHOLE}
    for room in ("qualify.qualification", "qualify.chains", "path.interface"):
        monkeypatch.setattr(f"fixtures.{room}.probed", lambda build, _arch: said[build.name])
    monkeypatch.setattr("fixtures.hosts.local.missing", lambda _version: None)
    monkeypatch.setattr(
        "fixtures.qualify.qualification.Attempt", lambda setting: ScriptedLife(stage, setting)
    )
    return stage


def test_chain_that_holds_names_its_builds(stage: Stage) -> None:
    """Lose this and nobody can tell from a report which builds the guest lived through."""
    result = stage.judge({})
    assert (result.outcome, stage.runs) == (Outcome.PASS, [WHOLE])
    assert result.reason == "one guest lived through debian-12 → debian-12-backports → debian-13"


def test_move_that_fails_is_controlled_by_its_own_builds(stage: Stage) -> None:
    """Lose this and the ends of the chain are asked about a move in which they had no part."""
    result = stage.judge({WHOLE: FAIL})
    assert result.outcome is Outcome.REGRESSION
    assert {*stage.runs} == {WHOLE, CONTROL_OF_MIDDLE, CONTROL_OF_LAST, ALONE}
    assert stage.runs[-1] == ALONE
    names = [(run.source, run.destination) for run in result.runs]
    assert (MIDDLE, MIDDLE) in names
    assert (LAST, LAST) in names


@pytest.mark.parametrize(
    "builds, outcome",
    [(CONTROL_OF_MIDDLE, Outcome.DEFECT_OLD), (CONTROL_OF_LAST, Outcome.DEFECT_NEW)],
)
def test_build_that_fails_alike_is_to_blame(builds: tuple[str, ...], outcome: Outcome, stage: Stage) -> None:
    """Lose this and an update is blamed for a guest that could not have moved anyway."""
    result = stage.judge({WHOLE: FAIL, builds: FAIL})
    assert result.outcome is outcome
    assert f"{builds[-1]} → itself fails alike" in result.reason


def test_first_move_of_a_chain_has_controls_too(stage: Stage) -> None:
    """Lose this and the last build of a chain is blamed for what the second one does."""
    stage.survived[WHOLE] = 0
    result = stage.judge({WHOLE: FAIL, (MIDDLE, MIDDLE): FAIL})
    assert result.outcome is Outcome.DEFECT_NEW
    assert {*stage.runs} == {WHOLE, (FIRST, FIRST), (MIDDLE, MIDDLE)}


@pytest.mark.parametrize(
    "end, words",
    [
        (None, "a guest that debian-12-backports itself has started passes, so the moves before it matter"),
        (FAIL, "a guest that debian-12-backports itself has started fails alike"),
        (OTHER, "a guest that debian-12-backports itself has started ends otherwise: clock: "),
    ],
)
def test_move_alone_tells_whether_the_moves_before_it_matter(
    end: Exception | None, words: str, stage: Stage
) -> None:
    """Lose this and somebody looks for a defect of two builds in the history of one guest."""
    assert words in stage.judge({WHOLE: FAIL} | ({ALONE: end} if end else {})).reason


def test_control_that_fails_before_its_move_is_no_verdict(stage: Stage) -> None:
    """Lose this and a failure of another move excuses the one that is judged."""
    stage.survived[CONTROL_OF_MIDDLE] = 0
    result = stage.judge({WHOLE: FAIL, CONTROL_OF_MIDDLE: FAIL})
    assert result.outcome is Outcome.ERROR
    assert "a move before it failed: memory: page 7 is wrong" in result.reason


def test_chain_of_one_build_is_its_own_control(stage: Stage) -> None:
    """Lose this and one build is blamed on an update, although there is none."""
    builds = (FIRST, FIRST, LAST)
    stage.survived[builds] = 0
    result = stage.judge({builds: FAIL, (FIRST, FIRST): FAIL}, through=(FIRST,))
    assert result.outcome is Outcome.DEFECT_OLD


def test_build_without_the_machine_type_ends_the_chain(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a build that cannot run the guest at all is blamed for losing it."""
    lacking: dict[str, Probe] = {MIDDLE: probe("pc-q35-10.0")}
    monkeypatch.setattr("fixtures.qualify.chains.probed", lambda build, _arch: lacking[build.name])
    result = stage.judge({})
    assert (result.outcome, stage.runs) == (Outcome.UNSUPPORTED, [])
    assert result.reason == "debian-12-backports, through which the chain goes, has no pc-q35-7.2"


def test_repeats_are_whole_chains(stage: Stage) -> None:
    """Lose this and --repeat counts controls, or only the last move."""
    assert stage.judge({}, repeat=3).repeats.startswith("3/3 ")
    assert stage.runs == [WHOLE] * 3
