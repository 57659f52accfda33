# SPDX-License-Identifier: Apache-2.0
"""Faults that cost a QEMU something, which the stand-in injects: here with a small script as QEMU."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import IO

import pytest

from fixtures.builds.build import USUAL_PROGRAMS, inside
from fixtures.hosts.footprint import Footprint, footprint
from fixtures.waiting import Deadline
from suites.harness.support.seeds import LOADS
from suites.harness.support.wrong_builds import CLOCK, Wrong, does, make_wrong

PROGRAM = USUAL_PROGRAMS["x86_64"]
TELLS_THE_TIME = f"""#!{sys.executable} -SI
import socket, sys, time
monitor = socket.socket(fileno=int(sys.argv[1].rpartition("=")[2]))
monitor.sendall(b'%f {LOADS}\\n' % time.monotonic())
while True:
    monitor.sendall(b"%f\\n" % time.monotonic())
    time.sleep(0.005)
"""
HAS_A_VCPU = f"""#!{sys.executable} -SI
import ctypes, socket, sys, threading, time
monitor = socket.socket(fileno=int(sys.argv[1].rpartition("=")[2]))
lock, turns = threading.Lock(), 0
def vcpu():
    global turns
    ctypes.CDLL(None).prctl(15, b"CPU 0/TCG", 0, 0, 0)
    while True:
        with lock:
            time.sleep(0.05)
            turns += 1
        threading.Event().wait(0.005)
threading.Thread(target=vcpu, daemon=True).start()
monitor.sendall(b'0 {LOADS}\\n')
while True:
    with lock:
        monitor.sendall(b"%d\\n" % turns)
    time.sleep(0.01)
"""
"""A thread that holds a lock nine tenths of the time, and waits for a condition in the rest."""
LINES = 100
SECONDS = 30
"""Limit for one line to arrive."""
Started = Callable[..., tuple[int, IO[bytes]]]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Starts the program of a root with these defects; gives its PID and what it says on its monitor."""
    program = inside(tmp_path / "right", PROGRAM)
    program.parent.mkdir(parents=True)
    with ExitStack() as stack:

        def start(wrong: Wrong, script: str = TELLS_THE_TIME) -> tuple[int, IO[bytes]]:
            program.write_text(script)
            program.chmod(0o755)
            root = make_wrong(tmp_path / "right", wrong, tmp_path / "wrong")
            ours, theirs = map(stack.enter_context, socket.socketpair())
            command = [str(inside(root, PROGRAM)), f"socket,id=monitor,fd={theirs.fileno()}"]
            child = stack.enter_context(subprocess.Popen(command, pass_fds=[theirs.fileno()]))
            stack.callback(child.kill)
            theirs.close()
            ours.settimeout(SECONDS)
            said = stack.enter_context(ours.makefile("rb"))
            return child.pid, said

        yield start


LEAKS: dict[str, Callable[[Footprint], bool]] = {
    "memory 100": lambda seen: seen.peak_mib > 100,
    "descriptors 300": lambda seen: seen.descriptors >= 300,
}


@pytest.mark.parametrize("fault", LEAKS)
def test_leak_is_in_the_footprint(fault: str, started: Started) -> None:
    """Lose this and a seeded leak is none, or nobody sees it, and the check of the cost proves nothing."""
    pid, said = started(does("on-message", LOADS, fault))
    deadline = Deadline.after(10)
    while not ((seen := footprint(pid)) and LEAKS[fault](seen)):
        assert deadline.left, f"{fault}: {seen}"
        said.readline()


def test_pause_stops_qemu_for_so_long(started: Started) -> None:
    """Lose this and a seeded delay delays nothing."""
    _pid, said = started(does("on-message", LOADS, "pause 400"))
    times = [float(said.readline().split()[0]) for _ in range(LINES)]
    assert max(after - before for before, after in pairwise(times)) >= 0.39


def test_frozen_vcpu_holds_no_lock(started: Started) -> None:
    """Lose this and a vCPU that stands still stops all of QEMU by chance, so that a seed has two symptoms."""
    _pid, said = started(does("on-message", LOADS, "freeze 0"), HAS_A_VCPU)
    turns: list[bytes] = []
    while turns.count(turns[-1] if turns else b"") < LINES:
        turns.append(said.readline())


def test_fault_may_come_later(started: Started) -> None:
    """Lose this and a defect that shows a minute after the move cannot be seeded."""
    _pid, said = started(does("on-message", LOADS, "later 1 die"))
    times = [float(line.split()[0]) for line in said]
    assert times[-1] - times[0] == pytest.approx(1, abs=0.5)


@pytest.mark.parametrize("fault, ahead", [("jump-clock", 1.9), ("drift-clock", 0.02)])
def test_clock_becomes_wrong(fault: str, ahead: float, started: Started) -> None:
    """Lose this and a seed for the check of the guest's clock plants nothing."""
    _pid, said = started(does("preload", CLOCK) + does("on-message", LOADS, fault))
    deadline = Deadline.after(SECONDS)
    while float(said.readline().split()[0]) - time.monotonic() < ahead:
        assert deadline.left
