# SPDX-License-Identifier: Apache-2.0
"""The C sources of the guest agent: their modules form layers, and their page lists what they accept."""

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from fixtures.places import IMAGES
from images.initramfs import TOOLCHAINS

COMPILER = TOOLCHAINS["x86_64"].compiler
AGENT = IMAGES / "agent"
MARK = "WITHOUT_HELD_REGISTERS"
NEVER_WHILE_WRITING = frozenset({"boot", "helper", "text", "registers", "registers_x86", "registers_ppc"})
"""Modules that memory.c and what it calls need for commands only, for their data, or to hold registers."""


def symbols(compiled: Path, *, defined: bool) -> set[str]:
    """The global symbols that an object file defines, or those that it needs."""
    kind = "--defined-only" if defined else "--undefined-only"
    listed = subprocess.run(
        ["nm", "--extern-only", "--format=just-symbols", kind, str(compiled)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(listed.stdout.split())


@pytest.fixture
def objects(tmp_path: Path) -> list[Path]:
    """One object file for each module of the agent."""
    sources = [str(source) for source in sorted(AGENT.glob("*.c"))]
    subprocess.run([COMPILER, "-std=gnu11", "-c", *sources], cwd=tmp_path, check=True, timeout=120)
    return sorted(tmp_path.glob("*.o"))


@pytest.fixture
def needs(objects: list[Path]) -> dict[str, set[str]]:
    """The modules that each module of the agent calls."""
    defined_in = {name: path.stem for path in objects for name in symbols(path, defined=True)}
    return {
        path.stem: {defined_in[name] for name in symbols(path, defined=False) if name in defined_in}
        for path in objects
    }


def test_agent_modules_call_in_one_direction(needs: dict[str, set[str]]) -> None:
    """Lose this and no module of the agent can be read or changed without all the others."""
    assert list(TopologicalSorter(needs).static_order())[-1] == "main"


def test_writers_do_not_use_the_registers_that_they_hold(needs: dict[str, set[str]]) -> None:
    """Lose this and a busy guest reports registers as lost that its own writer has used."""
    called, new = {"memory"}, {"memory"}
    while new := set().union(*(needs[name] for name in new)) - called - NEVER_WHILE_WRITING:
        called |= new
    careless = {name for name in called if MARK not in (AGENT / f"{name}.c").read_text()}
    assert not careless, f"put {MARK} after the last #include of {careless}"


def test_page_lists_each_command_of_the_agent() -> None:
    """Lose this and whoever asks the agent by hand does not find its commands."""
    table = (AGENT / "commands.c").read_text().partition("} commands[] = {")[2]
    documented = re.findall(r"^\| `([a-z-]+)[^`]*` \|", (IMAGES / "README.md").read_text(), re.MULTILINE)
    assert set(re.findall(r'\{"([a-z-]+)", do_', table)) <= set(documented)
