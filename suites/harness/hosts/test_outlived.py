# SPDX-License-Identifier: Apache-2.0
"""What a program has started may outlive it, and another program can start beside that."""

import os
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.hosts.interface import Program
from fixtures.hosts.local import LOCAL
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME

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


def _program(script: str, tmp_path: Path) -> Program:
    """With a capability, because bubblewrap enters no PID namespace from a user namespace of its own."""
    argv = [str(PYTHON), "-I", "-c", script]
    return Program(BUILD, argv, tmp_path / "said", capabilities=["CAP_SETUID"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter the PID namespace of another sandbox")
def test_descendants_outlive_a_program_until_it_is_killed(tmp_path: Path) -> None:
    """Lose this and a daemon that is killed takes its guests with it, or leaves them behind for good."""
    ours, theirs = LOCAL.stream()
    with ours, closing(theirs):
        program = _program(STARTS_ONE.replace("FD", str(theirs.number)), tmp_path)
        first = LOCAL.start(replace(program, inherited=[theirs]))
        try:
            assert ours.recv(1) == b"."
            (child,) = first.descendants_with(CHILD)
            killed = first.descendants_with(str(PYTHON))[-1]  # The one before is bubblewrap.
            first.outlived_by_its_own()
            killed.signal(signal.SIGKILL)
            assert killed.ends_within(20)
            assert not child.ends_within(0.5)
            second = LOCAL.start(replace(_program(FINDS_IT, tmp_path), beside=first))
            try:
                assert second.wait(20) == 0, second.stderr()
            finally:
                second.kill()
            assert not child.ends_within(0)
        finally:
            first.kill()
        assert child.ends_within(0)
