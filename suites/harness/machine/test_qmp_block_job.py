# SPDX-License-Identifier: Apache-2.0
"""How a job on a guest's disk is begun, asked for, hurried and ended by QMP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.machine import qmp_block_job
from fixtures.machine.block_job import BlockJobKind
from fixtures.machine.qmp_block_job import JOB, QmpBlockJob
from suites.harness.support.scripted_qmp import Answer, connected, refuses, returns

SPEED, CANCEL = "block-job-set-speed", "block-job-cancel"
MERGED: dict[str, Any] = {"device": JOB, "len": 8, "offset": 8}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmp_block_job, "ENDS_SECONDS", 0.0)
    monkeypatch.setattr(qmp_block_job, "JOB_SECONDS", 0.0)


def _job(monitor: object, kind: BlockJobKind = "stream") -> QmpBlockJob:
    programs = SimpleNamespace(make_file=lambda *_: None)
    host = SimpleNamespace(attempt_dir=Path("/place"), programs=programs)
    machine: Any = SimpleNamespace(monitor=monitor, host=host)
    return QmpBlockJob(machine, kind)


def _jobs(*statuses: str) -> Answer:
    return returns([{"id": JOB, "status": status} for status in statuses])


def _ends(name: str = "BLOCK_JOB_COMPLETED", **data: object) -> Answer:
    def answer(qemu: Any, command: Mapping[str, Any]) -> None:
        qemu.event_of(time.time(), name, **data)
        returns({})(qemu, command)

    return answer


@pytest.mark.parametrize("kind", ["stream", "commit", "mirror", "backup"])
def test_job_is_begun_as_slow_as_can_be(kind: BlockJobKind) -> None:
    """Lose this and the job has ended before the guest is moved, or QEMU knows no target."""
    given: list[Any] = []

    def note(qemu: Any, command: Mapping[str, Any]) -> None:
        given.append((command["execute"], command["arguments"]))
        returns({})(qemu, command)

    names = ("blockdev-add", "blockdev-mirror", "blockdev-backup", "block-commit", "block-stream")
    with connected(dict.fromkeys(names, note)) as (monitor, _):
        _job(monitor, kind).begin()
    name, words = given.pop()
    assert name.endswith(kind)
    assert (words["job-id"], words["device"], words["speed"]) == (JOB, "io-image", 1)
    assert [words["node-name"] for _, words in given] == [words[key] for key in ("target",) if key in words]


def test_job_that_qemu_refuses_is_no_fault_of_the_update() -> None:
    """Lose this and an update is blamed for what the old build cannot do."""
    with (
        connected({"block-stream": refuses("the node is busy")}) as (monitor, _),
        pytest.raises(RigError, match=r"cannot be started before any move: .*the node is busy"),
    ):
        _job(monitor).begin()


@pytest.mark.parametrize(
    "statuses, problem",
    [
        (["running"], ""),
        (["ready"], ""),
        (["aborting"], "the stream job is aborting"),
        (["concluded"], "the stream job is concluded"),
        ([], "the stream job is gone"),
    ],
)
def test_only_a_job_that_goes_on_is_kept(statuses: list[str], problem: str) -> None:
    """Lose this and a copy that the refused move has broken off passes."""
    with connected({"query-jobs": _jobs(*statuses)}) as (monitor, _):
        assert _job(monitor).missing() == problem


@pytest.mark.parametrize(
    "speed, claims",
    [
        (_ends(**MERGED), True),
        (_ends("BLOCK_JOB_READY", **MERGED), True),
        (_ends(**MERGED, error="inactive"), False),
        (_ends(**MERGED | {"device": "another"}), False),
        (returns({}), False),
        (refuses("no such job"), False),
    ],
    ids=["complete", "ready", "error", "another", "silent", "gone"],
)
def test_job_must_not_claim_to_be_complete_without_its_guest(speed: Answer, claims: bool) -> None:
    """Lose this and a copy without the guest's last writes looks complete."""
    with connected({SPEED: speed, "query-jobs": _jobs("running")}) as (monitor, _):
        said = _job(monitor).claims_without_guest()
    assert said.startswith("the stream job claims to be complete, without the guest: BLOCK_JOB_") == claims
    assert bool(said) == claims


def test_job_that_was_complete_before_the_guest_left_claims_nothing() -> None:
    """Lose this and QEMU is blamed for a job that has ended well before the switchover."""
    with connected({SPEED: returns({}), "query-jobs": _jobs("running")}) as (monitor, qemu):
        qemu.event_of(time.time() - 10, "BLOCK_JOB_READY", **MERGED)
        assert _job(monitor).claims_without_guest() == ""


def _works(*progress: int) -> Answer:
    """A job that has done so much when it is asked for, one time after another."""
    left = list(progress)

    def answer(qemu: Any, command: Mapping[str, Any]) -> None:
        done = left.pop(0) if len(left) > 1 else left[0]
        returns([{"id": JOB, "status": "running", "current-progress": done}])(qemu, command)

    return answer


def test_job_that_works_after_a_refusal_is_not_stuck() -> None:
    """Lose this and each refused move fails."""
    with connected({SPEED: returns({}), "query-jobs": _works(4, 8)}) as (monitor, _):
        assert _job(monitor).stuck() == ""


def test_job_that_ends_well_after_a_refusal_is_not_stuck() -> None:
    """Lose this and a job that is quick fails."""
    with connected({SPEED: _ends(**MERGED), "query-jobs": _jobs()}) as (monitor, _):
        assert _job(monitor).stuck() == ""


@pytest.mark.parametrize(
    "jobs, words",
    [
        (_works(4), "the stream job is there, but does nothing"),
        (_jobs(), "the stream job is gone"),
    ],
    ids=["idle", "gone"],
)
def test_job_that_does_nothing_after_a_refusal_is_stuck(jobs: Answer, words: str) -> None:
    """Lose this and a job passes whose image the refused move has taken away for good."""
    with connected({SPEED: returns({}), "query-jobs": jobs}) as (monitor, _):
        assert _job(monitor).stuck() == words


@pytest.mark.parametrize("answer", [returns({}), refuses("no such job")], ids=["ends", "gone"])
def test_job_that_is_gone_has_ended(answer: Answer) -> None:
    """Lose this and a job that ends by itself fails the guest that was refused a move."""
    with connected({CANCEL: answer, "query-jobs": _jobs()}) as (monitor, _):
        _job(monitor).end()


def test_job_that_does_not_end_is_a_failure() -> None:
    """Lose this and the guest's next move is refused for a job that nobody names."""
    with (
        connected({CANCEL: returns({}), "query-jobs": _jobs("aborting")}) as (monitor, _),
        pytest.raises(HotPatchFailure, match="the stream job does not end: it is aborting") as raised,
    ):
        _job(monitor).end()
    assert raised.value.check == "block-job"
