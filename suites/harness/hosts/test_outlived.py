# SPDX-License-Identifier: Apache-2.0
"""What a program has started may outlive it, and another program can start beside that."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.hosts.interface import Program
from fixtures.hosts.local import LOCAL
from fixtures.matrix.own_arch import NATIVE
from fixtures.places import ROOT
from fixtures.waiting import Deadline, comes_true
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME
from suites.harness.support.processes import processes_with

BUILD = Build("new", Sandbox(Path("/"), shown=(PYTHON_HOME,)), {})
CHILD = "guest=one,"
STARTS_ONE = f"""
import os, subprocess, time
child = subprocess.Popen(["{CHILD}debug", "1000"], executable="/bin/sleep")
while not open(f"/proc/{{child.pid}}/cmdline").read():
    time.sleep(0.01)  # exec closes descriptors, which Popen waits for, before it sets the arguments.
os.write(FD, b".")
time.sleep(60)
"""
FINDS_IT = f"""
import pathlib
lines = [file.read_text() for file in pathlib.Path("/proc").glob("[0-9]*/cmdline")]
raise SystemExit(not any(line.startswith("{CHILD}") for line in lines))
"""

EXITS_LATE = """
#include <stdlib.h>
#include <unistd.h>
void exit(int status) { usleep(300000); _exit(status); }
"""
RUNS_BESIDE = """
import sys, time
from dataclasses import replace
from pathlib import Path
from fixtures.hosts.local import LOCAL
from suites.harness.hosts.test_outlived import program_of
tmp_path = Path(sys.argv[1])
program = program_of(f"import time; time.sleep(600)  # {tmp_path}", tmp_path)
with LOCAL.attempt_dir() as place:
    first = LOCAL.start(replace(program, attempt_dir=place))
    second = LOCAL.start(replace(program, attempt_dir=place, beside=first))
    first.outlived_by_its_own()
    print("runs", flush=True)
    time.sleep(600)
"""


def program_of(script: str, tmp_path: Path) -> Program:
    """With a capability, because bubblewrap enters no PID namespace from a user namespace of its own."""
    argv = [str(PYTHON), "-I", "-c", script]
    return Program(BUILD, argv, tmp_path / "said", capabilities=["CAP_SETUID"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter the PID namespace of another sandbox")
def test_descendants_outlive_a_program_until_it_is_killed(tmp_path: Path) -> None:
    """Lose this and a daemon that is killed takes its guests with it, or leaves them behind for good."""
    ours, theirs = LOCAL.stream()
    with ours, closing(theirs):
        program = program_of(STARTS_ONE.replace("FD", str(theirs.number)), tmp_path)
        first = LOCAL.start(replace(program, inherited=[theirs]))
        try:
            assert ours.recv(1) == b"."
            (child,) = first.descendants_with(CHILD)
            killed = first.descendants_with(str(PYTHON))[-1]  # The one before is bubblewrap.
            first.outlived_by_its_own()
            killed.signal(signal.SIGKILL)
            assert killed.ends_within(20)
            assert not child.ends_within(0.5)
            second = LOCAL.start(replace(program_of(FINDS_IT, tmp_path), beside=first))
            try:
                assert second.wait(20) == 0, second.stderr()
            finally:
                second.kill()
            assert not child.ends_within(0)
        finally:
            first.kill()
        assert child.ends_within(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter the PID namespace of another sandbox")
def test_kill_of_the_suite_ends_a_program_beside_another(tmp_path: Path) -> None:
    """Lose this and a daemon that was started again outlives a run that is killed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RUNS_BESIDE, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as suite:
        assert suite.stdout is not None
        assert suite.stdout.readline() == "runs\n"
        assert processes_with(f"# {tmp_path}")
        suite.send_signal(signal.SIGKILL)
    assert comes_true(lambda: not processes_with(str(tmp_path)), Deadline.after(10.0))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter the PID namespace of another sandbox")
def test_busy_machine_kills_no_program_beside_another(tmp_path: Path) -> None:
    """Lose this and a daemon that is started again may be killed at once.

    bubblewrap 0.8.0 forks twice for `--pidns`, and the process between ends whenever the host gets to it.
    Here that is late. With `--die-with-parent` the kernel would then kill the program.
    """
    library = tmp_path / "late.so"
    command = [NATIVE.compiler, "-shared", "-fPIC", "-o", str(library), "-x", "c", "-"]
    subprocess.run(command, input=EXITS_LATE, text=True, check=True, timeout=60)
    first = LOCAL.start(program_of("import time; time.sleep(60)", tmp_path))
    try:
        program = program_of("import time; time.sleep(1)", tmp_path)
        late = {"LD_PRELOAD": str(library)}
        second = LOCAL.start(replace(program, beside=first, environment=late))
        try:
            assert second.wait(20) == 0, second.end()
        finally:
            second.kill()
    finally:
        first.kill()
