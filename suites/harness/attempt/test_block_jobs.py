# SPDX-License-Identifier: Apache-2.0
"""A guest whose disk a job works on must be moved, or go on with its job and be moved without it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import block_jobs
from fixtures.attempt.block_jobs import BlockJobs
from fixtures.errors import HotPatchFailure, Refused, RigError
from fixtures.evidence.checks import Check
from fixtures.machine.monitor import MonitorClosed
from fixtures.path.qmp.watch import QmpJourney

REFUSED = HotPatchFailure("migrate", "Block inactivate failed during switchover")
CLAIMS = "the stream job claims to be complete"
WITHOUT_THE_JOB = ["destination ends", "goes on", "stuck?", "end", "moved"]


class Stage:
    """An attempt, its guest and its path in one."""

    def __init__(self, evidence: Path) -> None:
        self.guest = self.path = self
        host = SimpleNamespace(evidence=evidence)
        self.setting = SimpleNamespace(
            new=None, plan=SimpleNamespace(postcopy=False, mechanism="precopy"), host=host
        )
        self.said: list[str] = []
        self.checks: list[Check] = []
        self.refusal: Exception | None = None
        self.where, self.status = "source", "running"
        self.missing, self.stuck, self.claims = "", "", ""
        self.machine = SimpleNamespace(
            status=lambda: self.status, state=lambda: self.status, last_words=lambda: "it crashed"
        )
        self.is_direct = False
        self.asked: Any = None
        self.unfinished: Any = SimpleNamespace(
            whereabouts=lambda: self.where, end_destination=lambda: self.said.append("destination ends")
        )

    def job(self, _machine: object, kind: str) -> Any:
        """The job, which says what the test wants."""

        def stuck() -> str:
            self.said.append("stuck?")
            return self.stuck

        def claims() -> str:
            self.said.append("claims?")
            return self.claims

        return SimpleNamespace(
            begin=lambda: self.said.append(f"begin {kind}"),
            missing=lambda: self.missing,
            stuck=stuck,
            claims_without_guest=claims,
            end=lambda: self.said.append("end"),
        )

    def judged(self, move: Any) -> Any:
        """The checks of the move."""
        return move().checks

    def steered(self, *given: Any) -> Any:
        """A move with a journey, unless it is refused."""
        if self.refusal is not None:
            raise self.refusal
        journey: Any = object.__new__(QmpJourney)
        for step in ("until_resumed", "switch_to_postcopy", "hurry_in_postcopy"):
            setattr(journey, step, lambda step=step: self.said.append(step))
        given[-1](journey)
        return SimpleNamespace(checks=[])

    def move(self, *given: Any) -> Any:
        """A move by libvirt."""
        if self.refusal is not None:
            raise self.refusal
        given[-1](None)
        return SimpleNamespace(checks=[])

    def begin(self, _there: object, asked: object) -> None:
        """Remember what libvirt is asked for."""
        self.asked = asked

    def watched(self, *_: object) -> list[object]:
        """No samples."""
        return []

    def hot_patch(self) -> str:
        """The move without the job."""
        self.said.append("moved")
        return "moved"

    def record(self, check: Check) -> Check:
        """Keep the check."""
        self.checks.append(check)
        return check

    def demand(self, check: Check) -> None:
        """As an attempt does."""
        if not check:
            raise HotPatchFailure(check.name, check.detail, check.what)


class OfTheOtherPath:
    """What no machine of the test is."""


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    """A guest under QEMU whose move is not refused."""
    made = Stage(tmp_path)
    monkeypatch.setattr(block_jobs, "QmpMachine", SimpleNamespace)
    monkeypatch.setattr(block_jobs, "QmpBlockJob", made.job)
    monkeypatch.setattr(block_jobs, "QmpPath", Stage)
    monkeypatch.setattr(block_jobs, "NOTICE_SECONDS", 0.0)
    monkeypatch.setattr(block_jobs, "Before", SimpleNamespace(of=lambda _guest: None))
    monkeypatch.setattr(block_jobs, "demand_goes_on_here", lambda *_: made.said.append("goes on"))
    monkeypatch.setattr(block_jobs, "until_sent", lambda _journey: made.said.append("sent"))
    return made


@pytest.fixture
def by_libvirt(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The same under libvirt."""
    monkeypatch.setattr(block_jobs, "QmpMachine", OfTheOtherPath)
    monkeypatch.setattr(block_jobs, "Domain", SimpleNamespace)
    monkeypatch.setattr(block_jobs, "LibvirtBlockJob", stage.job)
    monkeypatch.setattr(block_jobs, "LibvirtPath", Stage)
    return stage


@pytest.mark.parametrize(
    "postcopy, steps",
    [
        (False, ["until_resumed", "claims?"]),
        (True, ["sent", "switch_to_postcopy", "until_resumed", "claims?", "hurry_in_postcopy"]),
    ],
)
def test_guest_that_moves_leaves_its_job_behind(stage: Any, postcopy: bool, steps: list[str]) -> None:
    """Lose this and the job has no time to do harm while the source is still needed."""
    stage.setting.plan.postcopy = postcopy
    checks: Any = BlockJobs(stage).hot_patch("stream")
    assert stage.said == ["begin stream", *steps]
    assert all(checks)


def test_job_that_claims_to_be_complete_is_found(stage: Any) -> None:
    """Lose this and a copy without the guest's last writes looks complete."""
    stage.claims = CLAIMS
    checks: Any = BlockJobs(stage).hot_patch("stream")
    assert checks == [Check("block-job", False, CLAIMS, "claims")]


def test_refused_guest_is_moved_without_its_job(stage: Any, tmp_path: Path) -> None:
    """Lose this and a QEMU that keeps the guest and its job is called broken."""
    stage.refusal = REFUSED
    (tmp_path / "destination-stderr.txt").write_text("why")
    moved: Any = BlockJobs(stage).hot_patch("commit")
    assert moved == "moved"
    assert stage.said == ["begin commit", "destination ends", *WITHOUT_THE_JOB]
    assert stage.unfinished is None, "what fails later is no failed move"
    assert all(stage.checks)
    assert [file.name for file in tmp_path.iterdir()] == ["refused-destination-stderr.txt"]


def test_blocker_of_a_job_is_a_refusal_too(stage: Any) -> None:
    """Lose this and a QEMU that refuses such moves at once is not asked to move the guest later."""
    stage.refusal = Refused("disallowing migration blocker: a block job")
    moved: Any = BlockJobs(stage).hot_patch("mirror")
    assert (moved, stage.said[1:]) == ("moved", WITHOUT_THE_JOB)


@pytest.mark.parametrize("problem", ["missing", "stuck"])
def test_job_that_does_not_go_on_after_a_refusal_is_found(
    stage: Any, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    """Lose this and a backup that was broken off in silence passes."""
    stage.refusal = REFUSED
    monkeypatch.setattr(
        block_jobs, "demand_goes_on_here", lambda *_: setattr(stage, problem, "the backup job is gone")
    )
    with pytest.raises(HotPatchFailure, match="the backup job is gone") as raised:
        BlockJobs(stage).hot_patch("backup")
    assert raised.value.check == "block-job"


def test_source_that_stands_still_after_a_refusal_is_found(stage: Any) -> None:
    """Lose this and QEMU 7.2, which stops such a guest for good, passes."""
    stage.refusal, stage.status = REFUSED, "postmigrate"
    with pytest.raises(HotPatchFailure, match="source postmigrate") as raised:
        BlockJobs(stage).hot_patch("backup")
    assert raised.value.check == "runstates"
    assert stage.unfinished is not None, "its harm is that of a failed move"


def test_source_that_a_refused_move_kills_is_found(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a crash looks like a QEMU that hangs."""
    stage.refusal = REFUSED

    def ends(*_: object) -> None:
        raise MonitorClosed("source", "is gone")

    monkeypatch.setattr(block_jobs, "demand_goes_on_here", ends)
    with pytest.raises(HotPatchFailure, match="after the refused move source is gone: it crashed") as raised:
        BlockJobs(stage).hot_patch("backup")
    assert (raised.value.check, raised.value.cause) == ("alive", "source QEMU is gone: it crashed")


@pytest.mark.parametrize(
    "refusal, where",
    [
        (REFUSED, "torn"),
        (REFUSED, "destination"),
        (HotPatchFailure("alive", "it is silent, Block inactivate failed"), "source"),
        (HotPatchFailure("migrate", "the destination has crashed"), "source"),
    ],
)
def test_other_failures_are_no_refusal(stage: Any, refusal: HotPatchFailure, where: Any) -> None:
    """Lose this and a guest that a move has torn apart, or whose move fails by chance, passes."""
    stage.refusal, stage.where = refusal, where
    with pytest.raises(HotPatchFailure, match=str(refusal)):
        BlockJobs(stage).hot_patch("mirror")
    assert "moved" not in stage.said


def test_job_that_never_runs_is_an_error(stage: Any) -> None:
    """Lose this and a build is blamed for a job that the suite did not begin."""
    stage.missing = "the stream job is gone"
    with pytest.raises(RigError, match="the stream job is gone, before any move"):
        BlockJobs(stage).hot_patch("stream")


def test_libvirt_that_moves_a_guest_with_a_job_is_found(by_libvirt: Any) -> None:
    """Lose this and a libvirt that loses each job passes."""
    checks: Any = BlockJobs(by_libvirt).hot_patch("mirror")
    assert [(check.name, check.held, check.what) for check in checks] == [("block-job", False, "not refused")]


def test_libvirt_is_asked_for_the_move_and_nothing_else(by_libvirt: Any) -> None:
    """Lose this and a libvirt passes that refuses only the call before the move, as for a backup."""
    by_libvirt.setting.plan.mechanism = "precopy"
    BlockJobs(by_libvirt).hot_patch("backup")
    assert by_libvirt.asked.downtime_limit_ms is None


def test_guest_that_libvirt_refuses_is_moved_without_its_job(by_libvirt: Any) -> None:
    """Lose this and a libvirt that does right is called broken."""
    by_libvirt.refusal = HotPatchFailure("migrate", "domain has active block job")
    moved: Any = BlockJobs(by_libvirt).hot_patch("commit")
    assert (moved, by_libvirt.said) == ("moved", ["begin commit", "destination ends", *WITHOUT_THE_JOB])
