# SPDX-License-Identifier: Apache-2.0
"""A run whose processes stay together: whatever it has started can be found, however it was started.

A process whose parent has ended becomes a child of the nearest process that asked for that
(`PR_SET_CHILD_SUBREAPER` in prctl(2)). The keeper is one. It starts the run, and ends once nothing of the run
is left: no process, also none that went to the background or into a session of its own.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from fixtures.places import ROOT
from fixtures.temporary import JANITOR
from suites.harness.support.nested import nested_environment
from suites.harness.support.seeded_run import LIFELINE

PR_SET_CHILD_SUBREAPER = 36
_KEEPS = f"""
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl({PR_SET_CHILD_SUBREAPER}, 1, 0, 0, 0)
subprocess.Popen(sys.argv[1:])
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""
END_SECONDS = 10.0


class KeptRun:
    """A run that goes on, by its keeper."""

    def __init__(self, keeper: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = keeper
        self._keeper = psutil.Process(keeper.pid)
        self._log = log

    @property
    def root(self) -> psutil.Process | None:
        """The process of the command; None if it has ended."""
        found = (each for each in self._children(recursive=False) if each.ppid() == self._keeper.pid)
        return min(found, key=psutil.Process.create_time, default=None)

    def processes(self) -> list[psutil.Process]:
        """All that run now."""
        return self._children(recursive=True)

    def _children(self, *, recursive: bool) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return self._keeper.children(recursive=recursive)
        return []

    def ends_within(self, seconds: float) -> bool:
        """Have all of its processes ended, after so many seconds at most?"""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        return self._popen.poll() is not None

    def said(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        """Kill whatever is left of it: janitors only if they do not end by themselves, after the others."""
        _kill(process for process in self.processes() if not _is_janitor(process))
        if not self.ends_within(END_SECONDS):
            _kill(self.processes())
            self._popen.wait(END_SECONDS)


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _is_janitor(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return JANITOR in process.cmdline()
    return False


@contextmanager
def kept_together(command: Sequence[str], log: Path, more: Mapping[str, str]) -> Iterator[KeptRun]:
    """Start a command in this checkout, with `more` in its environment. All that is left of it is killed."""
    line = [*LIFELINE, sys.executable, "-c", _KEEPS, *LIFELINE, *command]
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            line,
            cwd=ROOT,
            env=nested_environment() | dict(more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    run = KeptRun(keeper, log)
    try:
        yield run
    finally:
        run.end()
