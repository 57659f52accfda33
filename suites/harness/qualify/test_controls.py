# SPDX-License-Identifier: Apache-2.0
"""Which controls run after a failure, and which build they show to be at fault."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest

from fixtures.errors import RigError
from fixtures.evidence.checks import Check
from fixtures.hosts.local import LocalHost
from fixtures.machine.probe import Probe
from fixtures.outcome.judgement import CONTROL_RUNS, Judgement
from fixtures.outcome.outcome import Outcome
from suites.harness.support.scripted_attempts import (
    BACK,
    FAIL,
    FORWARD,
    NEW_NEW,
    OLD_OLD,
    OTHER,
    PASS,
    End,
    Script,
    ScriptedPair,
    Stage,
)

BLAMED: dict[str, tuple[Script, Outcome]] = {
    "regression": ({FORWARD: [FAIL]}, Outcome.REGRESSION),
    "defect-new": ({FORWARD: [FAIL], NEW_NEW: [FAIL]}, Outcome.DEFECT_NEW),
    "defect-old": ({FORWARD: [FAIL], OLD_OLD: [FAIL]}, Outcome.DEFECT_OLD),
    "other-in-old": ({FORWARD: [FAIL], OLD_OLD: [OTHER]}, Outcome.REGRESSION),
    "other-in-new": ({FORWARD: [FAIL], NEW_NEW: [OTHER]}, Outcome.REGRESSION),
    "late-in-old": ({FORWARD: [FAIL], OLD_OLD: [PASS, FAIL]}, Outcome.DEFECT_OLD),
    "late-in-new": ({FORWARD: [FAIL], NEW_NEW: [PASS, PASS, FAIL]}, Outcome.DEFECT_NEW),
    "other-then-same-in-old": ({FORWARD: [FAIL], OLD_OLD: [OTHER, FAIL]}, Outcome.DEFECT_OLD),
    "control-errs": ({FORWARD: [FAIL], OLD_OLD: [RigError("no disk")]}, Outcome.ERROR),
    "control-errs-late": ({FORWARD: [FAIL], NEW_NEW: [PASS, RigError("no disk")]}, Outcome.ERROR),
}


@pytest.mark.parametrize("case", BLAMED)
def test_failure_is_blamed_on_the_right_build(case: str, stage: Stage) -> None:
    """Lose this and the report blames the wrong build."""
    ends, outcome = BLAMED[case]
    result = stage.judge(ends)
    assert result.outcome is outcome
    assert "memory: page 7 is wrong" in result.reason


def test_failure_is_controlled_by_each_build_with_itself(stage: Stage) -> None:
    """Lose this and a failure is blamed on the update because one control passed by chance."""
    stage.judge({FORWARD: [FAIL]})
    controls = [*[OLD_OLD] * CONTROL_RUNS, *[NEW_NEW] * CONTROL_RUNS]
    assert stage.moves == [FORWARD, *controls, *[FORWARD] * (CONTROL_RUNS - 1)]


def test_controls_have_the_time_that_their_host_needs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and one control of each build, on an emulated host, decides which one is to blame."""
    made = Mock(wraps=Judgement)
    monkeypatch.setattr("fixtures.qualify.qualification.Judgement", made)
    monkeypatch.setattr(LocalHost, "stretch", 4.0)
    stage.judge({})
    assert made.call_args.kwargs["stretch"] == 4.0


def test_failure_that_is_not_reproduced_is_no_regression(stage: Stage) -> None:
    """Lose this and an intermittent defect is a regression whenever the controls pass by chance."""
    result = stage.judge({FORWARD: [FAIL, FAIL, PASS]})
    assert stage.moves[-2:] == [FORWARD, FORWARD]
    assert result.outcome is Outcome.FLAKY
    assert result.repeats.startswith("1/3 ")


def test_failure_that_looks_different_the_next_time_is_still_one(stage: Stage) -> None:
    """Lose this and an update that breaks each guest in a different way is reported as flaky."""
    assert stage.judge({FORWARD: [FAIL, OTHER]}).outcome is Outcome.REGRESSION


def test_control_that_fails_alike_is_enough(stage: Stage) -> None:
    """Lose this and the run spends time on controls that can no longer change the outcome."""
    stage.judge({FORWARD: [FAIL], NEW_NEW: [FAIL]})
    assert stage.moves == [FORWARD, *[OLD_OLD] * CONTROL_RUNS, NEW_NEW]


ROLES: dict[str, tuple[End, str]] = {
    "destination": (FAIL, "fails as destination too"),
    "source": (PASS, "fails as source"),
    "open": (OTHER, "unclear whether the old build fails"),
}


@pytest.mark.parametrize("case", ROLES)
def test_defect_of_the_old_build_names_its_role(case: str, stage: Stage) -> None:
    """Lose this and the report does not say whether the old build fails as source or as destination."""
    back, role = ROLES[case]
    result = stage.judge({FORWARD: [FAIL], OLD_OLD: [PASS, FAIL], BACK: [back]})
    assert stage.moves == [FORWARD, OLD_OLD, OLD_OLD, NEW_NEW, BACK]
    assert role in result.reason


def test_other_defect_of_a_control_is_reported(stage: Stage) -> None:
    """Lose this and a defect that a control found once in three runs is not reported."""
    assert "itself fails with clock" in stage.judge({FORWARD: [FAIL], NEW_NEW: [PASS, OTHER, PASS]}).reason


def test_check_that_fails_in_the_test_is_its_signature(stage: Stage) -> None:
    """Lose this and a check that also fails in a control does not excuse the update."""
    wrong = Check("runstates", False, "it ended paused")
    result = stage.judge({FORWARD: [wrong], NEW_NEW: [Check("runstates", False, "it never ran")]})
    assert result.outcome is Outcome.DEFECT_NEW
    assert result.runs[0].signature == "runstates"


def test_device_that_fails_is_part_of_the_signature(stage: Stage) -> None:
    """Lose this and a network card that the new build breaks excuses a disk that the update breaks."""
    wrong = Check("devices", False, "ahci: it is gone", "ahci")
    control = Check("devices", False, "e1000: it is gone", "e1000")
    result = stage.judge({FORWARD: [wrong], NEW_NEW: [control]})
    assert result.outcome is Outcome.REGRESSION
    assert result.runs[0].signature == "devices: ahci"


def test_control_without_a_plan_starts_no_guest(
    stage: Stage, probes: dict[str, Probe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest is booted for a control that cannot move it."""
    probes["debian-12"] = replace(probes["debian-12"], version="5.2.0")
    lacking = {"5.2.0": "it needs root"}
    monkeypatch.setattr("fixtures.hosts.local.missing", lacking.get)
    result = stage.judge({FORWARD: [FAIL]})
    assert OLD_OLD not in stage.moves
    assert "it needs root" in next(run.reason for run in result.runs if run.result == "unsupported")


def test_differing_repeats_are_flaky(stage: Stage) -> None:
    """Lose this and a guest that survives two of three moves passes, or its controls decide by chance."""
    result = stage.judge({FORWARD: [PASS, FAIL, PASS]}, repeat=3)
    assert result.outcome is Outcome.FLAKY
    assert result.repeats == "2/3 [0.21, 0.94]"
    assert stage.moves == [*[FORWARD] * 3, *[OLD_OLD] * 3, *[NEW_NEW] * 3]


def test_controls_do_not_count_as_repeats(stage: Stage) -> None:
    """Lose this and the rate of passes includes runs of the controls."""
    assert stage.judge({FORWARD: [PASS, FAIL], NEW_NEW: [FAIL]}, repeat=2).repeats == "1/2 [0.09, 0.91]"


def test_build_against_itself_is_its_own_control(stage: Stage) -> None:
    """Lose this and a defect of one build is blamed on an update, although there is none."""
    result = stage.judge({OLD_OLD: [FAIL]}, under_test=ScriptedPair(OLD_OLD))
    assert result.outcome is Outcome.DEFECT_OLD
