# SPDX-License-Identifier: Apache-2.0
"""A virsh that is killed while it moves a guest, and one that has ended before."""

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import virsh
from fixtures.errors import HotPatchFailure, RigError
from fixtures.hosts.output import Ran


def _client(end: Ran | None) -> Any:
    def ends(seconds: float) -> Ran:
        if end is None:
            raise subprocess.TimeoutExpired("virsh", seconds)
        return end

    return SimpleNamespace(end=ends)


def test_virsh_that_had_ended_was_not_killed() -> None:
    """Lose this and a cell about a killed client passes without one, or blames a build for a busy host."""
    virsh.killed(_client(None))
    with pytest.raises(RigError, match="had moved the guest before it was killed"):
        virsh.killed(_client(Ran(0, "", "")))
    with pytest.raises(HotPatchFailure, match="virsh migrate ended: error: no disk"):
        virsh.killed(_client(Ran(1, "", "error: no disk")))
