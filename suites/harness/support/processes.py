# SPDX-License-Identifier: Apache-2.0
"""The processes of this machine that a test looks for."""

from pathlib import Path


def processes_with(word: str) -> list[str]:
    """The command lines of processes that have `word` in them."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found
