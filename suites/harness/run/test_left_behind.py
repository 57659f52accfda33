# SPDX-License-Identifier: Apache-2.0
"""Would what a killed run leaves on this machine be found? The tests of killed runs rely on that."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from fixtures.errors import Unsupported
from fixtures.hosts.memory_bound import MemoryBound
from fixtures.temporary import temporary_directory
from fixtures.waiting import Deadline, comes_true
from suites.harness.support.kept_together import KeptRun, kept_together
from suites.harness.support.left_behind import Holdings

SLEEPS = "import time; time.sleep(300)"
GOES_TO_THE_BACKGROUND = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], start_new_session=True)
"""
HAS_A_DIRECTORY = f"""
from fixtures.temporary import temporary_directory
with temporary_directory("hp-"):
    print("made", flush=True)
    {SLEEPS}
"""
SECONDS = 20.0
MOST_BYTES = 1 << 30


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing."""
    with subprocess.Popen([sys.executable, "-c", SLEEPS]) as process:
        yield process
        process.kill()


def own() -> Holdings:
    """What this process and its children have."""
    return Holdings.of([psutil.Process(), *psutil.Process().children()])


def test_process_that_lives_on_in_the_background_is_found(tmp_path: Path) -> None:
    """Lose this and a QEMU that outlives its run in a session of its own is taken for gone."""
    with kept_together([sys.executable, "-c", GOES_TO_THE_BACKGROUND], tmp_path / "log", {}) as run:
        assert comes_true(lambda: _lines(run) == [[sys.executable, "-c", SLEEPS]], Deadline.after(SECONDS))
        assert not run.ends_within(0.2)
        (left,) = run.processes()
    assert not left.is_running()


def test_run_that_leaves_nothing_ends(tmp_path: Path) -> None:
    """Lose this and every run is blamed."""
    with kept_together([sys.executable, "-c", "print('done')"], tmp_path / "log", {}) as run:
        assert run.ends_within(SECONDS)
        assert run.said() == "done\n"


def test_run_that_is_given_up_is_tidied(tmp_path: Path) -> None:
    """Lose this and a test of killed runs that fails leaves in /tmp what the run would have removed."""
    with kept_together(
        [sys.executable, "-c", HAS_A_DIRECTORY], tmp_path / "log", {"TMPDIR": str(tmp_path)}
    ) as run:
        assert comes_true(lambda: "made" in run.said(), Deadline.after(SECONDS))
        assert list(tmp_path.glob("hp-*"))
    assert not list(tmp_path.glob("hp-*"))


def test_directory_and_its_socket_are_found() -> None:
    """Lose this and files of runs fill the disk, and a socket keeps who holds it."""
    with temporary_directory("hp-") as place, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
        holdings = own()
        directory, line = holdings.left()
        assert directory == f"the directory {place}"
        assert line.startswith("the socket ")
        assert line.endswith(f"{place}/socket")
    assert holdings.left() == []


def test_control_group_is_found(sleeper: subprocess.Popen[bytes]) -> None:
    """Lose this and groups of runs stay until the machine is started again."""
    try:
        bound = MemoryBound(sleeper.pid, MOST_BYTES)
    except Unsupported as error:
        pytest.skip(str(error))
    holdings = own()
    (group,) = holdings.groups
    assert f"the control group {group}" in holdings.left()
    assert Holdings.of([psutil.Process(sleeper.pid)]).groups == {group}
    sleeper.kill()
    sleeper.wait()
    bound.close()
    assert not group.exists()


def test_namespace_is_found() -> None:
    """Lose this and private networks of runs, with all that is in them, stay unseen."""
    line = ["unshare", "--user", "--net", sys.executable, "-c", SLEEPS]
    with subprocess.Popen(line) as inside:
        try:
            entered = comes_true(lambda: _has_a_network(inside), Deadline.after(SECONDS))
            if not entered and inside.poll() is not None:
                pytest.skip("this user may make no namespace")
            holdings = Holdings.of([psutil.Process(inside.pid)])
            assert any("in the namespace net:[" in each for each in holdings.left())
        finally:
            inside.kill()
    assert holdings.left() == []


def _lines(run: KeptRun) -> list[list[str]]:
    found = []
    for process in run.processes():
        with suppress(psutil.NoSuchProcess):  # It has ended meanwhile, maybe as a zombie.
            found.append(process.cmdline())
    return found


def _has_a_network(process: subprocess.Popen[bytes]) -> bool:
    spaces = Holdings.of([psutil.Process(process.pid)]).namespaces
    return any(space.startswith("net:") for space in spaces)
