# SPDX-License-Identifier: Apache-2.0
"""How a job on a guest's disk is begun, asked for and ended by libvirt."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.errors import HotPatchFailure, RigError, Unsupported
from fixtures.machine.block_job import BlockJobKind
from fixtures.path.libvirt import block_job
from fixtures.path.libvirt.block_job import LibvirtBlockJob
from suites.harness.support.libvirt_errors import error_of


class Handle:
    """A domain of libvirt's module with at most one job."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.given: list[tuple[Any, ...]] = []
        self.block, self.backup = {"type": 1}, 1
        self.refuses: int | None = None

    def __getattr__(self, name: str) -> Any:
        def call(*given: object) -> None:
            self.called.append(name)
            self.given.append(given)
            if self.refuses is not None:
                raise error_of(self.refuses, "no")

        return call

    def blockJobInfo(self, _disk: str) -> dict[str, int]:  # noqa: N802 - libvirt's name
        """As libvirt says: an empty dictionary if there is none."""
        return self.block

    def jobInfo(self) -> list[int]:  # noqa: N802 - libvirt's name
        """As libvirt says: the kind of job first."""
        return [self.backup, 0, 0]


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """A domain; nothing waits for its job."""
    monkeypatch.setattr(block_job, "JOB_SECONDS", 0.0)
    return Handle()


def _job(handle: Handle, kind: BlockJobKind) -> LibvirtBlockJob:
    host = SimpleNamespace(attempt_dir=Path("/place"), programs=SimpleNamespace(make_file=lambda *_: None))
    domain: Any = SimpleNamespace(
        handle=handle, host=host, daemon="libvirt 7.0", bounded=lambda call, _what: call()
    )
    return LibvirtBlockJob(domain, kind)


@pytest.mark.parametrize(
    "kind, begins, ends",
    [
        ("mirror", "blockCopy", "blockJobAbort"),
        ("backup", "backupBegin", "abortJob"),
        ("commit", "blockCommit", "blockJobAbort"),
        ("stream", "blockPull", "blockJobAbort"),
    ],
)
def test_job_is_begun_and_ended_by_libvirts_calls(
    handle: Handle, kind: BlockJobKind, begins: str, ends: str
) -> None:
    """Lose this and another job is tried than the cell says, or it holds the guest for ever."""
    job = _job(handle, kind)
    job.begin()
    assert not job.missing()
    handle.block, handle.backup = {}, libvirt.VIR_DOMAIN_JOB_NONE
    job.end()
    assert handle.called == [begins, ends]
    assert job.missing() == f"libvirt knows no {kind} job any more"


@pytest.mark.parametrize(
    "kind, slow",
    [
        ("mirror", {libvirt.VIR_DOMAIN_BLOCK_COPY_BANDWIDTH: 1}),
        ("commit", 1),
        ("stream", 1),
    ],
)
def test_job_is_begun_as_slow_as_can_be(handle: Handle, kind: BlockJobKind, slow: object) -> None:
    """Lose this and the job has ended before libvirt is asked to move the guest."""
    _job(handle, kind).begin()
    (given,) = handle.given
    assert slow in given
    in_bytes = {
        "commit": libvirt.VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES,
        "stream": libvirt.VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES,
    }
    wanted = in_bytes.get(kind, 0)
    assert given[-1] & wanted == wanted


@pytest.mark.parametrize(
    "code, kind",
    [(libvirt.VIR_ERR_INTERNAL_ERROR, RigError), (libvirt.VIR_ERR_OPERATION_UNSUPPORTED, Unsupported)],
)
def test_job_that_libvirt_refuses_is_no_fault_of_the_update(
    handle: Handle, code: int, kind: type[Exception]
) -> None:
    """Lose this and an update is blamed for what the old libvirt cannot do."""
    handle.refuses = code
    with pytest.raises(kind, match=r"before any move: no|libvirt 7\.0 has no backup job for this guest: no"):
        _job(handle, "backup").begin()


@pytest.mark.parametrize("code", [libvirt.VIR_ERR_OPERATION_INVALID, None])
def test_job_that_does_not_end_is_a_failure(handle: Handle, code: int | None) -> None:
    """Lose this and the guest's next move is refused for a job that nobody names."""
    handle.refuses = code
    with pytest.raises(HotPatchFailure, match="the commit job does not end") as raised:
        _job(handle, "commit").end()
    assert raised.value.check == "block-job"


def test_job_that_has_ended_by_itself_has_ended(handle: Handle) -> None:
    """Lose this and a job that is quick fails the guest that was refused a move."""
    handle.refuses, handle.block = libvirt.VIR_ERR_OPERATION_INVALID, {}
    _job(handle, "commit").end()
