# SPDX-License-Identifier: Apache-2.0
"""The table of faults, phases and paths in docs/faults.md, and what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import product

from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.matrix.promises import Promise

PHASES = ("set-up", "first-pass", "later-pass", "switchover", "postcopy", "recovery")
PATHS = ("qmp", "qmp-tls", "libvirt", "libvirt-direct", "libvirt-tls")
HEADER = "| fault | phases | qmp |"
PROMISES = "| promise | what must hold | source | what an operator does |"
PROOFS = "| proof | why asking again finds nothing new | where |"
LETTER = re.compile(r"([A-Z]{1,2})((?: `[\w-]+`)*)")
SAME = re.compile(r"= ([\w, -]+) \(([\w-]+)\)")
REASON = re.compile(r"(cannot happen|unsupported: (source|destination|both sides)): .+")
PLACE = re.compile(r"`\w+`.* in \S+/\S+\.(c|py)")
"""A function and its file."""
Cell = tuple[str, str]
"""The aspect of a promise, and its path, which over TLS is another one."""


@dataclass(frozen=True)
class Entry:
    """What the table says of one fault in one phase on one path."""

    fault: str
    phase: str
    path: str
    text: str

    @property
    def letter(self) -> str:
        """The promise that a cell checks; empty if none does."""
        found = LETTER.fullmatch(self.text)
        return found[1] if found else ""

    @property
    def aspects(self) -> list[str]:
        """The aspects of the cells that check it; none if a reason stands there."""
        if not self.letter:
            return []
        return re.findall(r"`([\w-]+)`", self.text) or [f"fault-{self.fault}-in-{self.phase}"]

    @property
    def proof(self) -> str:
        """What proves that the same happens as in another entry; empty if this is no such entry."""
        found = SAME.fullmatch(self.text)
        return found[2] if found else ""

    @property
    def same_as(self) -> tuple[str, str, str]:
        """The fault, the phase and the path of that other entry, by what of them differs from this one's."""
        found = SAME.fullmatch(self.text)
        names = found[1].split(", ") if found else []
        phase = next((name for name in names if name in PHASES), self.phase)
        path = next((name for name in names if name in PATHS), self.path)
        fault = next((name for name in names if name not in (*PHASES, *PATHS)), self.fault)
        return fault, phase, path

    def __str__(self) -> str:
        return f"{self.fault}, {self.phase}, {self.path}"


def entries(page: str) -> list[Entry]:
    """All entries of the table, one for each fault, phase and path."""
    found = []
    for faults, phases, *texts in rows(page, HEADER):
        each = product(faults.split(", "), phases.split(", "), zip(PATHS, texts, strict=True))
        found += [Entry(fault, phase, path, text) for fault, phase, (path, text) in each]
    return found


def declared(promises: Iterable[Promise]) -> Mapping[Cell, Set[str]]:
    """The letters that the tests declare, by cell; an empty set for a cell that declares none."""
    found: defaultdict[Cell, set[str]] = defaultdict(set)
    for promise in promises:
        path = f"{promise.path}-tls" if MECHANISMS[promise.mechanism].tls else promise.path
        found[promise.aspect, path] |= {promise.letter} - {""}
    return found


def problems(page: str, cells: Mapping[Cell, Set[str]]) -> Iterator[str]:
    """What is wrong with the tables of a page; `cells` are those of all tests, with their letters."""
    found = entries(page)
    yield from _rows_that_are_missing(found)
    promises = {letter: source for letter, _, source, _ in rows(page, PROMISES)}
    for entry in found:
        if entry.phase not in PHASES:
            yield f"{entry}: no such phase"
        if not (entry.letter or entry.proof or REASON.fullmatch(entry.text)):
            yield f"{entry}: neither a promise nor a reason: {entry.text!r}"
        if entry.letter and not promises.get(entry.letter):
            yield f"{entry}: no promise {entry.letter} with a source"
        yield from _cells_that_differ(entry, cells)
    yield from _proofs(page, found)
    listed = {(aspect, entry.path) for entry in found for aspect in entry.aspects}
    of_faults = {cell for cell, letters in cells.items() if letters or cell[0].startswith("fault-")}
    yield from (f"{aspect} by {path} is not in the table" for aspect, path in sorted(of_faults - listed))
    unused = promises.keys() - {entry.letter for entry in found}
    yield from (f"no cell checks promise {letter}" for letter in sorted(unused))


def _rows_that_are_missing(found: list[Entry]) -> Iterator[str]:
    seen = Counter((entry.fault, entry.phase) for entry in found)
    for fault in dict.fromkeys(entry.fault for entry in found):
        for phase in PHASES:
            if seen[fault, phase] != len(PATHS):
                yield f"{fault}, {phase}: in {seen[fault, phase] // len(PATHS)} rows"


def _cells_that_differ(entry: Entry, cells: Mapping[Cell, Set[str]]) -> Iterator[str]:
    for aspect in entry.aspects:
        letters = cells.get((aspect, entry.path))
        if letters is None:
            yield f"{entry}: no cell {aspect}"
        elif letters != {entry.letter}:
            said = ", ".join(sorted(letters)) or "none"
            yield f"{entry}: {aspect} declares promise {said}, and not {entry.letter}"


def _proofs(page: str, found: list[Entry]) -> Iterator[str]:
    """What is wrong with entries that are the same as others, and with their proofs."""
    proofs = {proof: where for proof, _, where in rows(page, PROOFS)}
    by_place = {(entry.fault, entry.phase, entry.path): entry for entry in found}
    for entry in found:
        other = by_place.get(entry.same_as) if entry.proof else None
        if entry.proof and (other is None or not other.letter):
            yield f"{entry}: what it is the same as has no promise: {', '.join(entry.same_as)}"
        if entry.proof and entry.proof not in proofs:
            yield f"{entry}: no proof {entry.proof}"
    for proof, where in proofs.items():
        if not all(map(PLACE.search, where.split(". "))):
            yield f"proof {proof} names no function with its file: {where!r}"
    unused = proofs.keys() - {entry.proof for entry in found}
    yield from (f"no entry needs the proof {proof}" for proof in sorted(unused))


def rows(page: str, header: str) -> Iterator[list[str]]:
    """The rows of the table with this header, below its line of dashes."""
    _, _, rest = page.partition(header)
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [part.strip() for part in line.strip().strip("|").split("|")]
