# SPDX-License-Identifier: Apache-2.0
"""The C sources of the guest agent: their modules form layers, and their page lists what they accept."""

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from fixtures.matrix.names import ARCHES
from fixtures.matrix.own_arch import toolchain
from fixtures.places import IMAGES

AGENT = IMAGES / "agent"
MARK = "WITHOUT_HELD_REGISTERS"
NEVER_WHILE_WRITING = frozenset({"boot", "helper", "text", "registers", "registers_x86", "registers_ppc"})
"""Modules that memory.c and what it calls need for commands only, for their data, or to hold registers."""


def symbols(objects: Path, kind: str) -> list[tuple[str, str]]:
    """Each object file's name and one global symbol of it; `kind` is nm's option for which symbols."""
    command = ["nm", "-A", "--extern-only", "--format=posix", kind]
    command += sorted(map(str, objects.glob("*.o")))
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    pairs = (line.partition(":") for line in listed.splitlines())
    return [(Path(file).stem, symbol.split()[0]) for file, _, symbol in pairs]


@pytest.fixture(scope="module", params=ARCHES)
def needs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The modules that each module of the agent calls, in a guest of each architecture."""
    objects = tmp_path_factory.mktemp("objects")
    sources = [str(source) for source in sorted(AGENT.glob("*.c"))]
    tools = toolchain(request.param)
    assert tools is not None
    subprocess.run([tools.compiler, "-std=gnu11", "-c", *sources], cwd=objects, check=True, timeout=120)
    defined_in = {symbol: module for module, symbol in symbols(objects, "--defined-only")}
    called: dict[str, set[str]] = {module: set() for module in defined_in.values()}
    for module, symbol in symbols(objects, "--undefined-only"):
        if symbol in defined_in:
            called[module].add(defined_in[symbol])
    return called


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
    tables = "".join(source.read_text() for source in AGENT.glob("commands*.c"))
    documented = re.findall(r"^\| `([a-z-]+)[^`]*` \|", (IMAGES / "README.md").read_text(), re.MULTILINE)
    assert set(re.findall(r'\{"([a-z-]+)", do_', tables)) <= set(documented)
