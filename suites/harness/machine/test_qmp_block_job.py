# SPDX-License-Identifier: Apache-2.0
"""How a job on a guest's disk is begun, asked for, hurried and ended by QMP."""

from __future__ import annotations

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
MERGED = {"device": JOB, "len": 8, "offset": 8}


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


def _ends(**data: object) -> Answer:
    def answer(qemu: Any, command: Mapping[str, Any]) -> None:
        qemu.event("BLOCK_JOB_COMPLETED", **data)
        returns({})(qemu, command)

    return answer


@pytest.mark.parametrize("kind, commands", [("stream", 1), ("commit", 1), ("mirror", 2), ("backup", 2)])
def test_job_that_copies_gets_a_target_first(kind: BlockJobKind, commands: int) -> None:
    """Lose this and QEMU refuses the job before any move."""
    names = ("blockdev-add", "blockdev-mirror", "blockdev-backup", "block-commit", "block-stream")
    with connected({name: returns({}) for name in names}) as (monitor, qemu):
        _job(monitor, kind).begin()
        asked = qemu.commands[1:]
    assert len(asked) == commands
    assert asked[-1].endswith(kind)


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
    "speed, says_so",
    [
        (_ends(**MERGED), True),
        (_ends(**MERGED, error="inactive"), False),
        (_ends(**MERGED | {"device": "another"}), False),
        (returns({}), False),
        (refuses("no such job"), False),
    ],
    ids=["complete", "error", "another", "silent", "gone"],
)
def test_job_must_not_say_that_it_is_complete_without_its_guest(speed: Answer, says_so: bool) -> None:
    """Lose this and a copy without the guest's last writes looks complete."""
    with connected({SPEED: speed, "query-jobs": _jobs("running")}) as (monitor, _):
        said = _job(monitor).hurries()
    assert said == (
        "the stream job says that it is complete, without the guest: 8 of 8 bytes" if says_so else ""
    )


@pytest.mark.parametrize("answer", [returns({}), refuses("no such job")], ids=["ends", "gone"])
def test_job_that_is_gone_has_ended(answer: Answer) -> None:
    """Lose this and a job that ends by itself fails the guest that was refused a move."""
    with connected({CANCEL: answer, "query-jobs": _jobs()}) as (monitor, _):
        _job(monitor).end()


def test_job_that_does_not_end_is_a_failure() -> None:
    """Lose this and the guest's next move is refused for a job that nobody names."""
    with (
        connected({CANCEL: returns({}), "query-jobs": _jobs("aborting")}) as (monitor, _),
        pytest.raises(HotPatchFailure, match="the stream job does not end: it is aborting"),
    ):
        _job(monitor).end()
