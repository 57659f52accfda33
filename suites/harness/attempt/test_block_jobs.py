# SPDX-License-Identifier: Apache-2.0
"""A guest whose disk a job works on must be moved, or go on with its job and be moved without it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import block_jobs
from fixtures.attempt.block_jobs import BlockJobs
from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.checks import Check
from fixtures.path.qmp.watch import QmpJourney

REFUSED = HotPatchFailure("migrate", "Block inactivate failed during switchover")
SAYS_COMPLETE = "the stream job says that it is complete"


class Stage:
    """An attempt, its guest and its path in one, under a QEMU."""

    def __init__(self) -> None:
        self.guest = self.path = self
        self.setting = SimpleNamespace(new=None, plan=SimpleNamespace(postcopy=False))
        self.said: list[str] = []
        self.checks: list[Check] = []
        self.refusal: HotPatchFailure | None = None
        self.where, self.status = "source", "running"
        self.missing, self.completes = "", ""
        self.machine = SimpleNamespace(status=lambda: self.status)
        self.unfinished: Any = SimpleNamespace(
            whereabouts=lambda: self.where, end_destination=lambda: self.said.append("destination ends")
        )

    def job(self, _machine: object, kind: str) -> Any:
        """The job, which says what the test wants."""
        return SimpleNamespace(
            begin=lambda: self.said.append(f"begin {kind}"),
            missing=lambda: self.missing,
            hurries=lambda: self.completes,
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
        journey.until_resumed = lambda: self.said.append("resumed")
        given[-1](journey)
        return SimpleNamespace(checks=[])

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


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A guest under QEMU whose move is not refused."""
    made = Stage()
    monkeypatch.setattr(block_jobs, "QmpMachine", SimpleNamespace)
    monkeypatch.setattr(block_jobs, "QmpBlockJob", made.job)
    monkeypatch.setattr(block_jobs, "QmpPath", Stage)
    monkeypatch.setattr(block_jobs, "NOTICE_SECONDS", 0.0)
    monkeypatch.setattr(block_jobs, "Before", SimpleNamespace(of=lambda _guest: None))
    monkeypatch.setattr(block_jobs, "demand_goes_on_here", lambda *_: made.said.append("goes on"))
    return made


def test_guest_that_moves_leaves_its_job_behind(stage: Any) -> None:
    """Lose this and the guest is moved without a job, or the job gets no time to do harm."""
    checks: Any = BlockJobs(stage).hot_patch("stream")
    assert stage.said == ["begin stream", "resumed"]
    assert all(checks)


def test_job_that_says_that_it_is_complete_is_found(stage: Any) -> None:
    """Lose this and a copy without the guest's last writes looks complete."""
    stage.completes = SAYS_COMPLETE
    checks: Any = BlockJobs(stage).hot_patch("stream")
    assert checks == [Check("block-job", False, SAYS_COMPLETE, "")]


def test_refused_guest_is_moved_without_its_job(stage: Any) -> None:
    """Lose this and a QEMU that keeps the guest and its job is called broken."""
    stage.refusal = REFUSED
    moved: Any = BlockJobs(stage).hot_patch("commit")
    assert moved == "moved"
    assert stage.said == ["begin commit", "destination ends", "goes on", "end", "moved"]
    assert stage.unfinished is None, "what fails later is no failed move"
    assert all(stage.checks)


def test_job_that_is_gone_after_a_refusal_is_found(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a backup that was broken off in silence passes."""
    stage.refusal = REFUSED
    monkeypatch.setattr(
        block_jobs, "demand_goes_on_here", lambda *_: setattr(stage, "missing", "the backup job is gone")
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


@pytest.mark.parametrize(
    "refusal, where",
    [(REFUSED, "torn"), (REFUSED, "destination"), (HotPatchFailure("alive", "it is silent"), "source")],
)
def test_other_failures_are_no_refusal(stage: Any, refusal: HotPatchFailure, where: Any) -> None:
    """Lose this and a guest that a move has torn apart passes as one that was refused."""
    stage.refusal, stage.where = refusal, where
    with pytest.raises(HotPatchFailure, match=str(refusal)):
        BlockJobs(stage).hot_patch("mirror")
    assert "moved" not in stage.said


def test_job_that_never_runs_is_an_error(stage: Any) -> None:
    """Lose this and a build is blamed for a job that the suite did not begin."""
    stage.missing = "the stream job is gone"
    with pytest.raises(RigError, match="the stream job is gone, before any move"):
        BlockJobs(stage).hot_patch("stream")
