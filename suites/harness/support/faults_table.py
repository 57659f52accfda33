# SPDX-License-Identifier: Apache-2.0
"""The table of faults, phases and paths in docs/faults.md, and what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import product

PHASES = ("set-up", "first-pass", "later-pass", "switchover", "postcopy", "recovery")
PATHS = ("qmp", "qmp-tls", "libvirt", "libvirt-direct", "libvirt-tls")
HEADER = "| fault | phases |"
PROMISES = "| promise | what must hold | source |"
LETTER = re.compile(r"([A-Z])((?: `[\w-]+`)*)")
REASON = re.compile(r"(cannot happen|not built): .+")
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

    def __str__(self) -> str:
        return f"{self.fault}, {self.phase}, {self.path}"


def entries(page: str) -> list[Entry]:
    """All entries of the table, one for each fault, phase and path."""
    found = []
    for faults, phases, *texts in _rows(page, HEADER):
        each = product(faults.split(", "), phases.split(", "), zip(PATHS, texts, strict=True))
        found += [Entry(fault, phase, path, text) for fault, phase, (path, text) in each]
    return found


def problems(page: str, cells: Set[Cell]) -> Iterator[str]:
    """What is wrong with the table of a page; `cells` are those of all tests."""
    found = entries(page)
    promises = {letter: source for letter, _, source in _rows(page, PROMISES)}
    seen = Counter((entry.fault, entry.phase) for entry in found)
    for fault in dict.fromkeys(entry.fault for entry in found):
        for phase in PHASES:
            if seen[fault, phase] != len(PATHS):
                yield f"{fault}, {phase}: in {seen[fault, phase] // len(PATHS)} rows"
    for entry in found:
        if entry.phase not in PHASES:
            yield f"{entry}: no such phase"
        if not entry.letter and not REASON.fullmatch(entry.text):
            yield f"{entry}: neither a promise nor a reason: {entry.text!r}"
        if entry.letter and not promises.get(entry.letter):
            yield f"{entry}: no promise {entry.letter} with a source"
        yield from (f"{entry}: no cell {each}" for each in entry.aspects if (each, entry.path) not in cells)
    listed = {(aspect, entry.path) for entry in found for aspect in entry.aspects}
    of_faults = {cell for cell in cells if cell[0].startswith("fault-")}
    yield from (f"{aspect} by {path} is not in the table" for aspect, path in sorted(of_faults - listed))
    unused = promises.keys() - {entry.letter for entry in found}
    yield from (f"no cell checks promise {letter}" for letter in sorted(unused))


def _rows(page: str, header: str) -> Iterator[list[str]]:
    """The rows of the table with this header, below its line of dashes."""
    _, _, rest = page.partition(header)
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [part.strip() for part in line.strip().strip("|").split("|")]
