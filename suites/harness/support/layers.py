# SPDX-License-Identifier: Apache-2.0
"""Which package may import which, in the order of the flow: see docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from fixtures.places import ROOT

ORDER: tuple[tuple[str, ...], ...] = (
    ("printable",),
    ("arguments",),
    ("errors",),
    ("waiting",),
    ("temporary",),
    ("cache",),
    ("places",),
    ("matrix",),
    ("evidence",),
    ("images",),
    ("builds",),
    ("hosts",),
    ("machine",),
    ("guest",),
    ("path",),
    ("path.qmp", "path.libvirt"),
    ("attempt", "operator"),
    ("outcome",),
    ("still",),
    ("qualify",),
    ("sweep", "bench"),
    ("update",),
    ("reports",),
    ("run",),
    ("nightly",),
    ("suites",),
)
"""Rooms in the order of the flow: each imports only rooms above it, and no other of its own row."""
MAY_ONLY = {
    "images": (
        "fixtures.errors",
        "fixtures.temporary",
        "fixtures.matrix.driven",
        "fixtures.matrix.guest_devices",
        "fixtures.matrix.names",
        "fixtures.matrix.own_arch",
    ),
    # It must be usable on a host that has nothing of the suite but its source.
    "operator": (
        *(
            "fixtures.arguments",
            "fixtures.errors",
            "fixtures.places",
            "fixtures.printable",
            "fixtures.waiting",
        ),
        *(f"fixtures.path.libvirt.{module}" for module in ("background", "events", "opening")),
    ),
    "reports": (
        *("fixtures.arguments", "fixtures.errors", "fixtures.places", "fixtures.printable"),
        "fixtures.temporary",
        *("fixtures.matrix", "fixtures.evidence", "fixtures.outcome", "fixtures.bench.results"),
    ),
}
"""Rooms that may not import all rooms above them, with the prefixes of the modules that they may import."""
OUTSIDE = ("images", "reports", "suites")
"""Rooms outside `fixtures/`. Other modules of the same name as a room, such as `operator`, are Python's."""
_RANK = {room: rank for rank, row in enumerate(ORDER) for room in row}


def source_files() -> list[Path]:
    """Every Python file to which the rule applies."""
    folders = ("fixtures", "images", "reports", "suites")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def room_of(path: Path) -> str | None:
    """The room of a file, given by its path in the checkout; None for `fixtures/__init__.py`."""
    return room_of_module(".".join(path.with_suffix("").parts))


def room_of_module(name: str) -> str | None:
    """The room that a module, or a name in one, belongs to; None outside the suite."""
    parts = name.split(".")
    if parts[0] != "fixtures":
        return parts[0] if parts[0] in OUTSIDE else None
    own = parts[1:]
    if not own or own[0] == "__init__":
        return None
    two = ".".join(own[:2])
    return two if two in _RANK else own[0]


@cache
def imports_of(text: str) -> tuple[tuple[int, str], ...]:
    """Line and dotted name of everything that a file imports, at the top or inside a function."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{name.name}") for name in node.names]
    return tuple(sorted(found))


def circle_of(texts: Mapping[str, str]) -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; empty if there is none.

    `texts` are files by dotted module names. Imports for type checkers only count as well.
    """
    graph = {
        module: {_module_of(name, texts) for _, name in imports_of(text)} - {module, ""}
        for module, text in texts.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _module_of(name: str, modules: Mapping[str, str]) -> str:
    """The module that an imported name is, or is in; empty if it is none of `modules`."""
    return next((each for each in (name, name.rpartition(".")[0]) if each in modules), "")


def broken_rules(path: Path, text: str) -> list[str]:
    """What is wrong with the imports of a file, each with file and line."""
    own = room_of(path)
    if own is None:
        return []
    if own not in _RANK:
        return [f"{path}:{line}: {own} has no place in ORDER" for line, _ in imports_of(text)[:1]]
    problems = ((line, _problem(path, own, name)) for line, name in imports_of(text))
    return [f"{path}:{line}: {problem}" for line, problem in dict.fromkeys(problems) if problem]


def _problem(path: Path, own: str, name: str) -> str:
    other = room_of_module(name)
    if other is None:
        return ""
    if own == "suites":
        return _problem_of_test(path, name)
    if other == own:
        return ""
    if _RANK.get(other, len(ORDER)) >= _RANK[own]:
        return f"{own} imports {name}, but {other} does not stand above it"
    allowed = MAY_ONLY.get(own)
    if allowed and not name.startswith(allowed):
        return f"{own} imports {name}, but may import only {', '.join(allowed)}"
    return ""


def _problem_of_test(path: Path, name: str) -> str:
    if name.startswith("suites.") and any(part.startswith("test_") for part in name.split(".")[:-1]):
        return f"a test module imports {name} from another test module: move it to support/"
    if name.startswith("fixtures.run.") and path.parts[1] != "harness":
        return f"a test imports {name}, but only suites/harness may know the pytest layer"
    return ""
