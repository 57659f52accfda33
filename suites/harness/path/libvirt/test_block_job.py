# SPDX-License-Identifier: Apache-2.0
"""How a job on a guest's disk is begun, asked for and ended by libvirt."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.machine.block_job import BlockJobKind
from fixtures.path.libvirt import block_job
from fixtures.path.libvirt.block_job import LibvirtBlockJob


class Handle:
    """A domain of libvirt's module with at most one job."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.block, self.backup = {"type": 1}, 1
        self.refuses = False

    def __getattr__(self, name: str) -> Any:
        def call(*_: object) -> None:
            self.called.append(name)
            if self.refuses:
                raise libvirt.libvirtError("no")

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
    domain: Any = SimpleNamespace(handle=handle, host=host, bounded=lambda call, _what: call())
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


def test_job_that_libvirt_refuses_is_no_fault_of_the_update(handle: Handle) -> None:
    """Lose this and an update is blamed for what the old libvirt cannot do."""
    handle.refuses = True
    with pytest.raises(RigError, match="cannot be started before any move"):
        _job(handle, "stream").begin()


@pytest.mark.parametrize("refuses", [True, False])
def test_job_that_does_not_end_is_a_failure(handle: Handle, refuses: bool) -> None:
    """Lose this and the guest's next move is refused for a job that nobody names."""
    handle.refuses = refuses
    with pytest.raises(HotPatchFailure, match="the commit job does not end"):
        _job(handle, "commit").end()
