# SPDX-License-Identifier: Apache-2.0
"""Runs programs of the host that build a guest."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from fixtures.errors import RigError, UsageError

COMMAND_SECONDS = 300.0


def run_tool(command: list[str], *, packages: str, cwd: Path | None = None, given: bytes = b"") -> bytes:
    """Run a program of the host, which reads `given`, and return its standard output.

    Raises :class:`UsageError` that names the Debian `packages` if the program is missing, and
    :class:`RigError` with its output if it fails or takes longer than 300 s.
    """
    environment = {**os.environ, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    try:
        done = subprocess.run(
            command,
            input=given,
            cwd=cwd,
            env=environment,
            capture_output=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
    except FileNotFoundError as error:
        raise UsageError(
            f"the program {command[0]} is not installed",
            where="building a guest",
            fix=f"apt-get install {packages}",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RigError(f"{command[0]} did not end within {COMMAND_SECONDS:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise RigError(f"{command[0]} ended with {done.returncode} while building a guest:\n{said}")
    return done.stdout
