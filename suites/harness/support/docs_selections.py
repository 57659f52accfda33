# SPDX-License-Identifier: Apache-2.0
"""The tests that `-m`, `-k` and node ids in the documentation select. Tests are collected, not run."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from _pytest.mark.expression import Expression

from fixtures.places import ROOT, suites
from fixtures.run.collecting import KVM_WANTED
from fixtures.waiting import patience
from suites.harness.support.docs_pages import SECONDS, Page
from suites.harness.support.nested import run_nested

COLLECT = """
import json, pathlib, sys, pytest
class Plugin:
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        collected = [[item.nodeid, sorted({m.name for m in item.iter_markers()})] for item in items]
        pathlib.Path(sys.argv[1]).write_text(json.dumps(collected))
words = ["suites", "--collect-only", "-qqq", "-m", "slow or not slow", "-n0", *sys.argv[2:]]
sys.exit(pytest.main(words, [Plugin()]))
"""


@dataclass(frozen=True)
class Collected:
    """A test, with its id and markers."""

    nodeid: str
    markers: frozenset[str]


@cache
def collected(*words: str) -> tuple[Collected, ...]:
    """All tests of the suite, including the slow ones, with these further words for pytest.

    Collected only once by each process. It takes 14 CPU seconds, 3 of them without suites/harness.
    """
    with tempfile.NamedTemporaryFile() as file:
        done = run_nested([sys.executable, "-c", COLLECT, file.name, *words], patience(SECONDS))
        assert done.returncode == 0, done.stdout + done.stderr
        tests: list[tuple[str, list[str]]] = json.loads(Path(file.name).read_text())
    return tuple(Collected(nodeid, frozenset(markers)) for nodeid, markers in tests)


def wrong_selections(page: Page) -> Iterator[str]:
    """Node ids that do not exist, unknown markers, and selections of nothing."""
    for words in page.commands:
        if words[0].endswith("pytest") and "pins" not in words:
            yield from wrong_selection(words[1:])
        for word in words:
            if re.match(r"ARGS=.*-[mk] ", word):
                yield from wrong_selection(shlex.split(word.partition("=")[2]))
    for nodeid in re.findall(r"`(suites/[^`]+::[^`]+)`", page.prose):
        yield from wrong_selection([nodeid])
    for marker in re.findall(r"`-m ([a-z_0-9]+)`", page.prose):
        yield from wrong_selection(["-m", marker])


def matching(
    tests: Iterable[Collected], expression: str, knows: Callable[[str, Collected], bool]
) -> list[Collected]:
    """The tests that an expression selects, evaluated by pytest's own code."""
    compiled = Expression.compile(expression)

    def holds(test: Collected) -> bool:
        def word(name: str, /, **_arguments: str | int | bool | None) -> bool:
            return knows(name, test)

        return compiled.evaluate(word)

    return [test for test in tests if holds(test)]


def wrong_selection(arguments: Sequence[str]) -> Iterator[str]:
    """Mistakes in the selection by these arguments of pytest."""
    given = dict(pairwise(arguments))
    marks, keyword = given.get("-m", ""), given.get("-k", "")
    places = [word for word in arguments if word.startswith("suites")]
    markers = frozenset(re.findall(r"[a-z_0-9]+", marks)) - {"not", "and", "or"}
    if unknown := markers - known_markers():
        yield f"no marker {', '.join(sorted(unknown))}"
        return
    slow = "slow" in marks or any("[" in place for place in places)
    kvm = KVM_WANTED.search(marks) is not None
    chosen: Iterable[Collected] = (
        test
        for test in collected()
        if slow or "slow" not in test.markers or (kvm and {"sweep", "kvm"} <= test.markers)
    )
    if places:
        chosen = [test for test in chosen if test.nodeid.startswith(tuple(places))]
    if marks:
        chosen = matching(chosen, marks, lambda name, test: name in test.markers)
    if keyword:
        chosen = matching(chosen, keyword, lambda word, test: word in test.nodeid)
    if not any(True for _ in chosen):
        yield f"selects nothing: {shlex.join(arguments)}"


@cache
def known_markers() -> frozenset[str]:
    """The markers that pyproject.toml describes, and the suites."""
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["markers"]
    return frozenset(re.split(r"[:(]", line)[0] for line in described) | frozenset(suites())
