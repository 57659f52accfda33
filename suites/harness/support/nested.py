# SPDX-License-Identifier: Apache-2.0
"""What a pytest process gets that a test starts: about sixty of them run, so their start has to be cheap."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fixtures.places import ROOT

PLUGINS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Hypothesis is imported at the end of every run that has its plugin, which takes 0.2 CPU seconds."""
END_SECONDS, MOST_SAID = 10.0, 4000
NOT_PASSED_ON = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")


def nested_environment() -> dict[str, str]:
    """This process's environment without the variables of pytest, and with cached bytecode.

    Without bytecode each process compiles all modules again, which takes 1.2 CPU seconds.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}


def run_nested(
    command: Sequence[str], seconds: float, *, directory: Path = ROOT, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, for at most `seconds`, with `more` in its environment; it has no input.

    Raises `subprocess.TimeoutExpired`, with what it was doing, if it is Python (faulthandler).
    """
    with subprocess.Popen(
        command,
        cwd=directory,
        env=nested_environment() | {"PYTHONFAULTHANDLER": "1"} | dict(more or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            process.send_signal(signal.SIGABRT)
            late.add_note(_last_words(process))
            raise
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _last_words(process: subprocess.Popen[str]) -> str:
    """The end of what a process said that is being ended; it is killed if it does not end."""
    try:
        return process.communicate(timeout=END_SECONDS)[1][-MOST_SAID:]
    except subprocess.TimeoutExpired:
        process.kill()
        return "it did not end at SIGABRT"
