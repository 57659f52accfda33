# SPDX-License-Identifier: Apache-2.0
"""What a pytest process gets that a test starts: about sixty of them run, so their start has to be cheap."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

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

    Raises `subprocess.TimeoutExpired`, with what it was doing, if it is Python (faulthandler). What it says
    goes to files: a pipe would stay open as long as any process that it has started.
    """
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=nested_environment() | {"PYTHONFAULTHANDLER": "1"} | dict(more or {}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            process.send_signal(signal.SIGABRT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            late.add_note(_said(stderr)[-MOST_SAID:])
            raise
        finally:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(command, status, _said(stdout), _said(stderr))


def _said(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
