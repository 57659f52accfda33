# SPDX-License-Identifier: Apache-2.0
"""From the runs of a cell to its outcome: which controls run, the outcome of each end, the evidence kept.

The attempts are scripted: these tests are about the suite's reaction, not about guests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fixtures.attempt.attempt import Attempt
from fixtures.builds.build import Build
from fixtures.errors import HotPatchFailure, Refused, RigError, Unsupported, UsageError
from fixtures.evidence.checks import Check
from fixtures.machine.probe import Probe
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.matrix.schema import KnownIssue, Match
from fixtures.outcome.blame import failure_of
from fixtures.outcome.judgement import CONTROL_RUNS
from fixtures.outcome.outcome import Outcome
from fixtures.path.interface import negotiated
from suites.harness.support.scripted_attempts import (
    BACK,
    CELL,
    FAIL,
    FORWARD,
    NEW_NEW,
    OLD_OLD,
    OTHER,
    PASS,
    End,
    Script,
    ScriptedAttempt,
    ScriptedPair,
    Stage,
    probe,
)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Probe]:
    """The probe results of the builds; a test may change them."""
    said = dict.fromkeys(FORWARD, probe("pc-q35-7.2"))
    for room in ("qualify.qualification", "path.interface"):
        monkeypatch.setattr(f"fixtures.{room}.probed", lambda build, _arch: said[build.name])
    monkeypatch.setattr("fixtures.path.interface.missing", lambda _version: None)
    return said


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probes: dict[str, Probe]) -> Stage:
    """A stage on which every run passes unless a test scripts a different end."""
    stage = Stage(tmp_path)
    monkeypatch.setattr(
        "fixtures.qualify.qualification.Attempt", lambda setting: ScriptedAttempt(stage, setting)
    )
    return stage


def test_pass_needs_no_control(stage: Stage) -> None:
    """Lose this and a passing run takes three times as long."""
    result = stage.judge({})
    assert result.outcome is Outcome.PASS
    assert stage.moves == [FORWARD]


def test_pause_on_purpose_is_no_blackout(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a report shows seconds of blackout that the test itself has made."""
    monkeypatch.setattr(ScriptedAttempt, "paused", True)
    result = stage.judge({})
    assert (result.total_ms, result.blackout_ms) == (55.0, None)


def test_result_carries_the_figures(stage: Stage) -> None:
    """Lose this and a report does not say how long the guest was paused."""
    result = stage.judge({})
    assert (result.total_ms, result.downtime_ms, result.blackout_ms) == (55.0, 12.0, 33.3)
    assert (result.machine, result.accelerator) == ("pc-q35-7.2", "tcg")
    assert result.id == f"hotpatch/{CELL.id}"
    assert result.rerun == "pytest nodeid"


def test_qemu_that_ends_badly_fails_its_cell(stage: Stage) -> None:
    """Lose this and a new build passes whose QEMU crashes whenever a guest on it is ended."""
    stage.last_end = HotPatchFailure("exit-status", "exit status 139")
    result = stage.judge({})
    assert result.outcome is Outcome.DEFECT_OLD
    assert "exit-status: exit status 139" in result.reason


@pytest.mark.parametrize("compared,outcome", [(True, Outcome.REGRESSION), (False, Outcome.PASS)])
def test_cost_is_compared_if_the_cell_is_about_it(compared: bool, outcome: Outcome, stage: Stage) -> None:
    """Lose this and no cell compares what moves cost, or each one does."""
    stage.figures = {FORWARD: {"destination descriptors": 330}}
    stage.figures |= {pair: {"destination descriptors": 30} for pair in (OLD_OLD, NEW_NEW)}
    result = stage.judge({}, cell=replace(CELL, compared=compared))
    assert result.outcome is outcome
    assert (failure_of(result.runs) is not None) == compared


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


ENDS: dict[str, tuple[End, Outcome, str]] = {
    "refused": (Refused("blocked by vhost"), Outcome.REFUSED, "blocked by vhost"),
    "unsupported": (Unsupported("the source lacks it"), Outcome.UNSUPPORTED, "the source lacks it"),
    "rig": (RigError("the guest did not boot"), Outcome.ERROR, "the guest did not boot"),
    "usage": (UsageError("no bwrap"), Outcome.ERROR, "no bwrap"),
    "os": (OSError(24, "Too many open files"), Outcome.ERROR, "Too many open files"),
    "assertion": (AssertionError("1 == 2"), Outcome.ERROR, "not about a check of the guest: 1 == 2"),
    "check": (Check("new-build", False, "it is 7.2"), Outcome.REGRESSION, "new-build: it is 7.2"),
}


@pytest.mark.parametrize("case", ENDS)
def test_every_end_has_its_outcome(case: str, stage: Stage) -> None:
    """Lose this and an error of the suite stops an update, or a defect counts as an error of the suite."""
    end, outcome, expected = ENDS[case]
    result = stage.judge({FORWARD: [end]})
    assert result.outcome is outcome
    assert expected in result.reason


def test_guest_that_fails_before_its_move_is_an_error(stage: Stage) -> None:
    """Lose this and a guest that fails before its move stops an update."""

    def never_moved(_attempt: object) -> None:
        raise FAIL

    result = stage.qualification(ScriptedPair()).judge(never_moved, repeat=1)
    assert result.outcome is Outcome.ERROR
    assert "before the hot patch, on debian-12: memory: page 7 is wrong" in result.reason


@pytest.mark.parametrize("case", ["refused", "unsupported", "rig", "assertion"])
def test_result_without_a_failure_needs_no_control(case: str, stage: Stage) -> None:
    """Lose this and a cell that ends in an error of the suite is repeated again and again."""
    stage.judge({FORWARD: [ENDS[case][0]]})
    assert stage.moves == [FORWARD]


def test_check_that_fails_in_the_test_is_its_signature(stage: Stage) -> None:
    """Lose this and a check that also fails in a control does not excuse the update."""
    wrong = Check("runstates", False, "it ended paused")
    result = stage.judge({FORWARD: [wrong], NEW_NEW: [Check("runstates", False, "it never ran")]})
    assert result.outcome is Outcome.DEFECT_NEW
    assert result.runs[0].signature == "runstates"


@pytest.mark.parametrize("last,outcome", [(False, Outcome.DEFECT_OLD), (True, Outcome.ERROR)])
def test_assertion_is_about_the_last_check(last: bool, outcome: Outcome, stage: Stage) -> None:
    """Lose this and a wrong assertion is blamed on a check that failed earlier in the test."""

    def wrong_test(attempt: Attempt) -> None:
        attempt.hot_patch()
        attempt.checks.record(Check("clock", False, "it went back"))
        attempt.checks.record(Check("memory", last, "20 pages"))
        raise AssertionError("1 == 2")

    result = stage.qualification(ScriptedPair()).judge(wrong_test, repeat=1)
    assert result.outcome is outcome
    assert ("memory: 20 pages" in result.reason) is not last


def test_device_that_fails_is_part_of_the_signature(stage: Stage) -> None:
    """Lose this and a network card that the new build breaks excuses a disk that the update breaks."""
    wrong = Check("devices", False, "ahci: it is gone", "ahci")
    control = Check("devices", False, "e1000: it is gone", "e1000")
    result = stage.judge({FORWARD: [wrong], NEW_NEW: [control]})
    assert result.outcome is Outcome.REGRESSION
    assert result.runs[0].signature == "devices: ahci"


def test_type_that_the_new_build_lacks_is_removed(stage: Stage, probes: dict[str, Probe]) -> None:
    """Lose this and a machine type that the new build removed is reported as `unsupported`."""
    probes["debian-13"] = probe("pc-q35-10.0")
    result = stage.judge({})
    assert result.outcome is Outcome.REMOVED
    assert stage.moves == []
    assert result.machine == "q35.newest-old"


def test_type_that_no_build_has_is_unsupported(stage: Stage, probes: dict[str, Probe]) -> None:
    """Lose this and a machine type that the old build never had stops an update."""
    probes["debian-12"] = probe("none")
    assert stage.judge({}).outcome is Outcome.UNSUPPORTED


def test_repeats_all_run(stage: Stage) -> None:
    """Lose this and `--repeat 3` claims three runs after one."""
    result = stage.judge({}, repeat=3)
    assert stage.moves == [FORWARD] * 3
    assert result.repeats == "3/3 [0.44, 1.00]"


def test_plan_is_negotiated_once_for_each_pair(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a cell is judged by one plan and moved by another."""
    asked: list[tuple[str, str]] = []

    def counted(mechanism: str, old: Build, new: Build, arch: str) -> MigrationPlan:
        asked.append((old.name, new.name))
        return negotiated(mechanism, old, new, arch)

    monkeypatch.setattr("fixtures.qualify.qualification.negotiated", counted)
    stage.judge({FORWARD: [FAIL]}, repeat=2)
    assert asked == [FORWARD, OLD_OLD, NEW_NEW]


def test_control_without_a_plan_starts_no_guest(
    stage: Stage, probes: dict[str, Probe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest is booted for a control that cannot move it."""
    probes["debian-12"] = replace(probes["debian-12"], version="5.2.0")
    lacking = {"5.2.0": "it needs root"}
    monkeypatch.setattr("fixtures.path.interface.missing", lacking.get)
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


def test_guest_that_passes_is_moved_back_without_effect_on_the_outcome(stage: Stage) -> None:
    """Lose this and the report does not show whether a rollback works, or a failed rollback counts."""
    result = stage.judge({BACK: [FAIL]}, cell=replace(CELL, and_back=True))
    assert stage.moves == [FORWARD, BACK]
    assert result.outcome is Outcome.PASS
    assert (result.runs[1].result, result.total_ms) == ("fail", 55.0)


def test_guest_that_was_not_moved_is_not_moved_back(stage: Stage) -> None:
    """Lose this and a rollback is reported for a guest that was never in the new build."""
    stage.judge({FORWARD: [Refused("blocked by vhost")]}, cell=replace(CELL, and_back=True))
    assert stage.moves == [FORWARD]


def test_known_issue_is_applied(stage: Stage) -> None:
    """Lose this and an accepted failure still stops the release."""
    match = Match(mechanism="postcopy", signature="broken guest")
    known = KnownIssue(id="bug-1", match=match, reason="r", link="l", expires=date.max)
    result = stage.judge({FORWARD: [FAIL]}, under_test=ScriptedPair(known=[known]))
    assert result.outcome is Outcome.KNOWN


def test_evidence_is_listed_relative_and_there(stage: Stage) -> None:
    """Lose this and the links of a copied report do not work."""
    result = stage.judge({FORWARD: [FAIL]})
    listed = [path for run in result.runs for path in run.evidence]
    assert len(result.runs) == len(stage.moves)
    assert len(listed) == len(set(listed)) == 2 * len(result.runs)
    assert all((stage.report / path).is_file() and not Path(path).is_absolute() for path in listed)


def test_evidence_of_the_cell_is_that_of_the_failure(stage: Stage) -> None:
    """Lose this and the report links a flaky cell to the evidence of a run that passed."""
    result = stage.judge({FORWARD: [PASS, FAIL]}, repeat=2)
    assert result.evidence == result.runs[1].evidence
    assert f"evidence/{CELL.id}/2/checks.json" in result.evidence


def test_run_that_did_not_boot_leaves_evidence_too(stage: Stage) -> None:
    """Lose this and the cause of an error cannot be found."""
    assert stage.judge({FORWARD: [RigError("the guest did not boot")]}).evidence
