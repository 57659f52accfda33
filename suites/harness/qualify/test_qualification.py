# SPDX-License-Identifier: Apache-2.0
"""From the runs of a cell to its result: its outcome, the outcome of each end, the evidence kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fixtures.attempt.attempt import Attempt
from fixtures.builds.build import Build
from fixtures.errors import HotPatchFailure, Refused, RigError, Unsupported, UsageError
from fixtures.evidence.checks import Check
from fixtures.evidence.harm import Harm, Harmed
from fixtures.hosts.interface import ProgramHost
from fixtures.hosts.local import LocalHost
from fixtures.machine.probe import Probe
from fixtures.matrix.firmwares import UEFI_FIRMWARE
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.matrix.schema import KnownIssue, Match
from fixtures.outcome.blame import failure_of
from fixtures.outcome.by_design import LOST_BY_DESIGN
from fixtures.outcome.outcome import Outcome
from fixtures.outcome.tcg_race import OVERLOAD
from fixtures.path.interface import negotiated
from suites.harness.support.scripted_attempts import (
    BACK,
    CELL,
    FAIL,
    FORWARD,
    NEW_NEW,
    OLD_OLD,
    PASS,
    End,
    ScriptedAttempt,
    ScriptedPair,
    Stage,
    probe,
)


def test_pass_needs_no_control(stage: Stage) -> None:
    """Lose this and a passing run takes three times as long."""
    result = stage.judge({})
    assert result.outcome is Outcome.PASS
    assert stage.moves == [FORWARD]


def test_passing_cell_says_that_its_guest_is_lost_by_design(stage: Stage) -> None:
    """Lose this and a reader takes a clean loss for a guest that lives on."""
    result = stage.judge({}, cell=replace(CELL, aspect="fault-source-killed-in-postcopy"))
    assert result.outcome is Outcome.PASS
    assert result.reason.startswith(f"{LOST_BY_DESIGN}: ")


def test_build_without_the_guests_firmware_starts_none(stage: Stage) -> None:
    """Lose this and a build without the package ovmf is blamed for a guest that cannot start."""
    cell = replace(CELL, options=replace(CELL.options, firmware=UEFI_FIRMWARE))
    result = stage.judge({}, cell=cell)
    assert (result.outcome, stage.moves) == (Outcome.UNSUPPORTED, [])
    assert result.reason == "the old build has no UEFI firmware (package ovmf)"


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
    """Lose this and a new build whose QEMU crashes whenever a guest on it is ended passes."""
    stage.last_end = HotPatchFailure("exit-status", "exit status 139")
    result = stage.judge({})
    assert result.outcome is Outcome.DEFECT_OLD
    assert "exit-status: exit status 139" in result.reason


LOST = HotPatchFailure("memory", "2 pages were damaged when overwritten; first 7: wrong lap in lap 9")
SELF_PAIR = ("debian-12", "debian-12")


@pytest.mark.parametrize(
    "pair, accelerator, overload, outcome",
    [
        (SELF_PAIR, "tcg", 4.0, Outcome.UNSUPPORTED),
        (FORWARD, "tcg", 4.0, Outcome.UNSUPPORTED),
        (SELF_PAIR, "tcg", 1.0, Outcome.FLAKY),
        (SELF_PAIR, "kvm", 4.0, Outcome.FLAKY),
    ],
)
def test_page_lost_once_is_no_verdict_only_by_tcg_on_an_overloaded_machine(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    pair: tuple[str, str],
    accelerator: str,
    overload: float,
    outcome: Outcome,
) -> None:
    """Lose this and TCG's race makes an update unsafe, or KVM's lost page passes for it."""
    monkeypatch.setattr("fixtures.qualify.records.overload", lambda: overload)
    monkeypatch.setattr(ScriptedPair, "accelerator", lambda *_: accelerator)
    assert stage.judge({pair: [LOST, PASS]}, under_test=ScriptedPair(pair)).outcome is outcome


def test_failure_on_a_host_that_failed_is_no_verdict(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host that ran out of memory makes a regression of the update."""

    def check(_host: LocalHost) -> None:
        raise RigError("the emulated host ran out of memory")

    monkeypatch.setattr(LocalHost, "check", check)
    result = stage.judge({FORWARD: [FAIL]})
    assert result.outcome is Outcome.ERROR
    assert "the emulated host ran out of memory; then " in result.reason


@pytest.mark.parametrize("compared,outcome", [(True, Outcome.REGRESSION), (False, Outcome.PASS)])
def test_cost_is_compared_if_the_cell_is_about_it(compared: bool, outcome: Outcome, stage: Stage) -> None:
    """Lose this and no cell compares what moves cost, or each one does."""
    stage.figures = {FORWARD: {"destination descriptors": 330}}
    stage.figures |= {pair: {"destination descriptors": 30} for pair in (OLD_OLD, NEW_NEW)}
    result = stage.judge({}, cell=replace(CELL, compared=compared))
    assert result.outcome is outcome
    assert (failure_of(result.runs) is not None) == compared
    assert {OVERLOAD in run.figures for run in result.runs} == {compared}


def test_page_lost_while_costs_are_compared_is_no_verdict_by_tcg_on_an_overloaded_machine(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and TCG's race makes an update unsafe in a cell that repeats its move to compare costs."""
    monkeypatch.setattr("fixtures.qualify.records.overload", lambda: 4.0)
    stage.figures = {FORWARD: {"destination descriptors": 330}, OLD_OLD: {"destination descriptors": 30}}
    result = stage.judge({FORWARD: [PASS, LOST, PASS]}, cell=replace(CELL, compared=True))
    assert result.outcome is Outcome.UNSUPPORTED


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


@pytest.mark.parametrize("check", ["launch", "firmware", "memory"])
def test_new_build_that_does_not_start_its_guests_fails_its_control(check: str, stage: Stage) -> None:
    """Lose this and a new build that starts no guest is no defect of its own, because no control runs."""

    def starts_badly(attempt: Attempt) -> None:
        failure = HotPatchFailure(check, "it starts otherwise", "it starts otherwise")
        if attempt.setting.old.name == "debian-13":
            raise failure
        attempt.began = True
        if attempt.setting.new.name == "debian-13":
            raise failure

    result = stage.qualification(ScriptedPair()).judge(starts_badly, repeat=1)
    assert result.outcome is (Outcome.ERROR if check == "memory" else Outcome.DEFECT_NEW)


@pytest.mark.parametrize("case", ["refused", "unsupported", "rig", "assertion"])
def test_result_without_a_failure_needs_no_control(case: str, stage: Stage) -> None:
    """Lose this and a cell that ends in an error of the suite is repeated again and again."""
    stage.judge({FORWARD: [ENDS[case][0]]})
    assert stage.moves == [FORWARD]


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

    def counted(mechanism: str, old: Build, new: Build, arch: str, programs: ProgramHost) -> MigrationPlan:
        asked.append((old.name, new.name))
        return negotiated(mechanism, old, new, arch, programs)

    monkeypatch.setattr("fixtures.qualify.qualification.negotiated", counted)
    stage.judge({FORWARD: [FAIL]}, repeat=2)
    assert asked == [FORWARD, OLD_OLD, NEW_NEW]


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
    failed = sum(run.result == "fail" for run in result.runs)
    assert len(listed) == len(set(listed)) == 2 * len(result.runs) + failed
    assert [path for path in listed if path.endswith("/beats.csv")]
    assert all((stage.report / path).is_file() and not Path(path).is_absolute() for path in listed)


def test_evidence_of_the_cell_is_that_of_the_failure(stage: Stage) -> None:
    """Lose this and the report links a flaky cell to the evidence of a run that passed."""
    result = stage.judge({FORWARD: [PASS, FAIL]}, repeat=2)
    assert result.evidence == result.runs[1].evidence
    assert f"evidence/{CELL.id}/2/checks.json" in result.evidence


def test_run_that_did_not_boot_leaves_evidence_too(stage: Stage) -> None:
    """Lose this and the cause of an error cannot be found."""
    assert stage.judge({FORWARD: [RigError("the guest did not boot")]}).evidence


@pytest.mark.parametrize("harm", [Harm.LOST, Harm.STRANDED])
def test_harm_of_a_failure_reaches_the_cell(
    harm: Harm, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and what was measured of the guest is in no report."""
    monkeypatch.setattr(ScriptedAttempt, "harmed", Harmed(harm, "asked and seen"))
    result = stage.judge({FORWARD: [FAIL]})
    assert (result.harm, result.harm_proof) == (harm, "asked and seen")
    checks = next(path for path in result.runs[0].evidence if path.endswith("checks.json"))
    written = json.loads((stage.report / checks).read_text())
    assert (written["harm"], written["proof of the harm"]) == (harm, "asked and seen")


def test_pass_has_no_harm(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a report names a harm of guests that moved well."""
    monkeypatch.setattr(ScriptedAttempt, "harmed", Harmed(Harm.LOST, "never asked"))
    assert stage.judge({}).harm is None


def test_guest_of_a_removed_type_is_stranded(stage: Stage, probes: dict[str, Probe]) -> None:
    """Lose this and a removed machine type is reported without what it does to its guests."""
    probes["debian-13"] = probe("pc-q35-10.0")
    assert stage.judge({}).harm is Harm.STRANDED
