# SPDX-License-Identifier: Apache-2.0
"""Does the kernel kill a program whose memory the suite bounds, and does nothing stay behind?"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.hosts import memory_bound
from fixtures.hosts.memory_bound import PREFIX, MemoryBound
from fixtures.places import ROOT
from fixtures.waiting import Deadline, comes_true

TAKES = "import sys; sys.stdin.readline(); held = bytearray(256 << 20); print(len(held))"
SECONDS = 60.0
NO_GROUPS = 77
IS_KILLED = f"""
import os, signal, subprocess, sys
from fixtures.errors import Unsupported
from fixtures.hosts.memory_bound import MemoryBound
bounded = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "sleep", "60"])
try:
    bound = MemoryBound(bounded.pid, 1 << 30)
except Unsupported as error:
    print(error)
    sys.exit({NO_GROUPS})
print(bound.group, bound.group.is_dir(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
NOBODY = 2**22 + 1
"""No process has this ID: it is above the highest that Linux gives."""


def version_2(place: Path) -> Path:
    """A hierarchy that looks like that of version 2."""
    (place / "cgroup.subtree_control").write_text("cpu memory pids\n")
    return place


@pytest.mark.parametrize(
    "bytes_more,ended,said", [(8 << 20, -signal.SIGKILL, ""), (2 << 30, 0, "268435456\n")]
)
def test_program_that_takes_more_is_killed(bytes_more: int, ended: int, said: str) -> None:
    """Lose this and a host whose memory runs out is never seen."""
    program = subprocess.Popen(
        [sys.executable, "-c", TAKES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        bound = MemoryBound(program.pid, bytes_more)
    except Unsupported as error:
        program.kill()
        program.communicate()
        pytest.skip(str(error))
    assert program.communicate("go\n", timeout=SECONDS)[0] == said
    bound.close()
    assert program.returncode == ended


def test_bound_is_written_before_the_program_is_in_it(tmp_path: Path) -> None:
    """Lose this and a host with control groups of version 2 swaps instead."""
    bound = MemoryBound(4711, 1000, version_2(tmp_path))
    group = tmp_path / f"{PREFIX}{os.getpid()}-4711"
    written = {file.name: file.read_text() for file in group.iterdir()}
    assert written == {"memory.max": "1000", "memory.swap.max": "0", "cgroup.procs": "4711"}
    del bound  # Its janitor removes what looks like a control group.


def test_host_without_control_groups_says_so(tmp_path: Path) -> None:
    """Lose this and a user without root has an error for which no build is to blame."""
    with pytest.raises(Unsupported, match=r"cannot bound a QEMU's memory: .* has no control groups"):
        MemoryBound(4711, 1000, tmp_path)


def test_right_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a user who may not make one."""

    def refuses(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuses)
    with pytest.raises(Unsupported, match=r"cannot bound a QEMU's memory: .*: Permission denied"):
        MemoryBound(4711, 1000, version_2(tmp_path))


def test_group_goes_with_the_process_that_made_it() -> None:
    """Lose this and a run that is killed leaves its group until such a cell runs once more."""
    command = [sys.executable, "-c", IS_KILLED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == NO_GROUPS:
        pytest.skip(done.stdout.strip())
    group, was_there = done.stdout.split()
    assert was_there == "True", done.stderr
    assert comes_true(lambda: not Path(group).exists(), Deadline.after(SECONDS))


def test_groups_of_runs_killed_with_their_janitors_are_removed(tmp_path: Path) -> None:
    """Lose this and each run that is killed leaves a control group for good."""
    mine, dead, other = (
        tmp_path / f"{PREFIX}{owner}" for owner in (f"{os.getpid()}-1", f"{NOBODY}-1", "by-hand")
    )
    for each in (mine, dead, other):
        each.mkdir()
    assert not psutil.pid_exists(NOBODY)
    MemoryBound(4711, 1000, version_2(tmp_path))
    assert (mine.is_dir(), dead.is_dir(), other.is_dir()) == (True, False, True)


def test_group_in_which_something_runs_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a QEMU that survives its bound is not noticed."""
    monkeypatch.setattr(memory_bound, "EMPTY_SECONDS", 0.1)
    bound = MemoryBound(4711, 1000, version_2(tmp_path))
    with pytest.raises(RigError, match="a process still runs in it"):
        bound.close()
