# SPDX-License-Identifier: Apache-2.0
"""The names of all checks that a run can report, read from the source of the library and of the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from fixtures.evidence.counters import VCPU_COUNTERS
from fixtures.guest.processor import KINDS
from fixtures.places import ROOT

NAME_A_CHECK = frozenset({"Check", "HotPatchFailure", "StillFailure", "Wrong"})
"""Classes whose first argument is the name of a check."""
COMPUTED: Mapping[str, frozenset[str]] = {
    "fixtures/guest/timekeeping.py": frozenset(VCPU_COUNTERS.values()),
    "fixtures/guest/processor.py": frozenset(kind for kinds in KINDS.values() for kind in kinds),
    "fixtures/path/qmp/ends.py": frozenset({"panic", "alive", "runstates"}),
    "fixtures/still/machine.py": frozenset({"refused", "migrate"}),
}
"""By module: the names that it does not write where it makes the check."""


def check_names() -> frozenset[str]:
    """All names. Raises ValueError for one that is neither a text nor a constant, in a module not above."""
    trees = {file.relative_to(ROOT): ast.parse(file.read_text()) for file in _files()}
    passing_on = [each for place, tree in trees.items() for each in _passing_on(tree, place)]
    named = NAME_A_CHECK
    while more := {function for function, callee in passing_on if callee in named} - named:
        named |= more
    found = set().union(*COMPUTED.values())
    for place, tree in trees.items():
        for call, callee in _calls(tree, place):
            if callee in named:
                found.update(_names(call, tree, place, named))
    return frozenset(found)


def _files() -> Iterator[Path]:
    yield from sorted((ROOT / "fixtures").rglob("*.py"))
    for file in sorted((ROOT / "suites").rglob("*.py")):
        if "harness" not in file.relative_to(ROOT).parts:
            yield file


def _key(name: str, place: Path) -> str:
    """The name of a class or function; that of a private one with its module."""
    return f"{place}:{name}" if name.startswith("_") else name


def _calls(tree: ast.AST, place: Path) -> Iterator[tuple[ast.Call, str]]:
    """All calls with arguments, and the key of what is called."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[_, *_]):
                yield node, _key(name, place)


def _passing_on(tree: ast.AST, place: Path) -> Iterator[tuple[str, str]]:
    """Functions, and what they call with their own first argument, a text, as the first one."""
    for function in _functions(tree):
        first = _first_text(function)
        for call, callee in _calls(function, place) if first else ():
            if isinstance(call.args[0], ast.Name) and call.args[0].id == first:
                yield _key(function.name, place), callee


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _first_text(function: ast.FunctionDef) -> str:
    """The name of a function's first argument; empty if that is no text."""
    given = [each for each in function.args.args if each.arg not in {"self", "cls"}]
    return given[0].arg if given and ast.unparse(given[0].annotation or given[0]) == "str" else ""


def _names(call: ast.Call, tree: ast.AST, place: Path, named: frozenset[str]) -> Iterator[str]:
    """The names that this call may give to a check; none if it repeats that of another check.

    Also none if it is a variable in a module of :data:`COMPUTED`.
    """
    match call.args[0]:
        case ast.Constant(value=str(name)):
            yield name
        case ast.Name(id=name) if name.isupper():
            yield str(getattr(import_module(".".join(place.with_suffix("").parts)), name))
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) if place.as_posix() not in COMPUTED:
            assigned = list(_assigned(tree, name))
            passed_on = name in {
                _first_text(each) for each in _functions(tree) if _key(each.name, place) in named
            }
            if not assigned and not passed_on:
                raise ValueError(f"{place}:{call.lineno}: which checks `{name}` names is not known")
            yield from assigned
        case ast.IfExp() | ast.BoolOp() | ast.BinOp() | ast.JoinedStr() as computed:
            raise ValueError(
                f"{place}:{call.lineno}: which checks `{ast.unparse(computed)}` names is not known"
            )


def _assigned(tree: ast.AST, variable: str) -> Iterator[str]:
    """The texts that are assigned to this variable."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                if name == variable:
                    yield text
