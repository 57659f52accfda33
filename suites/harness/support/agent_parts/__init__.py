# SPDX-License-Identifier: Apache-2.0
"""Runs single modules of the guest agent on this machine, with made-up neighbours from this directory."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from fixtures.matrix.own_arch import NATIVE
from fixtures.places import IMAGES

HERE = Path(__file__).parent
AGENT = IMAGES / "agent"
Part = Callable[..., str]
"""Runs the compiled modules with these arguments, and returns what they printed."""


def compiled_part(neighbours: str, modules: Sequence[str], place: Path) -> Part:
    """Compile `modules` of the agent with the program `neighbours` into the directory `place`."""
    program = str(place / neighbours)
    sources = [HERE / f"{neighbours}.c", *(AGENT / f"{module}.c" for module in modules)]
    compiler = [NATIVE.compiler, "-std=gnu11", "-O1", f"-I{HERE}", f"-I{AGENT}"]
    subprocess.run([*compiler, "-o", program, *map(str, sources)], check=True, timeout=120)

    def run(*arguments: str) -> str:
        ended = subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=30)
        return ended.stdout

    return run
