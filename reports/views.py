# SPDX-License-Identifier: Apache-2.0
"""What the verdict page shows of cells and findings: anchors, links to evidence, subjects in few words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fixtures.outcome.findings import Finding, name_of
from fixtures.outcome.outcome import CellResult, RunResult
from fixtures.printable import printable
from reports.known_issue_entry import entry_for
from reports.swept import is_swept, listed
from reports.words import worst_first

SHOWN_SUBJECTS = 8
SHOWN_EVIDENCE = 4
"""Files of a finding's other cells that are linked; the rest lie beside them."""


@dataclass(frozen=True)
class Link:
    """One evidence file; `href` is None where there is nothing to follow."""

    path: str
    text: str
    href: str | None
    note: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether a browser can show it in place."""
        return self.href is not None and self.path.endswith(".svg")


@dataclass(frozen=True)
class CellView:
    """A cell as the page shows it, with the name of its anchor and its links."""

    cell: CellResult
    anchor: str
    """Empty where the cell has no row of its own."""
    evidence: list[Link]
    run_evidence: list[list[Link]]

    @property
    def swept(self) -> bool:
        """Was no guest booted, and is one file the evidence of all runs?"""
        return is_swept(self.cell)


@dataclass(frozen=True)
class Place:
    """Machine types of one architecture on which the same subjects are concerned."""

    arch: str
    machines: list[str]
    subjects: list[str]


@dataclass(frozen=True)
class Named:
    """Cells in a list of names: one, or the same subject on several machine types."""

    text: str
    cells: list[CellResult]
    anchor: str = ""


@dataclass(frozen=True)
class FindingView:
    """A finding as the page shows it: one cell in full, the others by name."""

    finding: Finding
    first: CellView
    shown: list[Named]
    """The first few cells."""
    more: int
    """Cells that are not among those."""
    places: list[Place]
    """All cells; empty where the first few tell them all."""
    evidence: list[Link]
    """Of other cells than the first, as far as they are shown."""
    entry: str = ""
    """The entry of `known_issues` that accepts it; empty where none can."""


class Views:
    """The cells and findings of one run, seen from the directory that the page lies in."""

    def __init__(self, run: RunResult, directory: Path) -> None:
        self._run = run
        self._directory = directory
        self._anchors: dict[int, str] = {}
        taken: set[str] = set()
        for cell in worst_first(listed(run.cells)):
            base = anchor = "cell-" + re.sub(r"[^A-Za-z0-9._-]+", "-", cell.id)
            number = 1
            while anchor in taken:
                number += 1
                anchor = f"{base}.{number}"
            taken.add(anchor)
            self._anchors[id(cell)] = anchor
        self.rows = [self.cell(cell) for cell in worst_first(listed(run.cells))]
        """The cells that have a row of their own."""

    @property
    def anchors(self) -> dict[int, str]:
        """The anchor of each cell that has a row, by the cell's identity."""
        return self._anchors

    def cell(self, cell: CellResult) -> CellView:
        """One cell with its links."""
        runs = [links(record.evidence, self._directory) for record in cell.runs]
        evidence = links(cell.evidence, self._directory)
        return CellView(cell, self._anchors.get(id(cell), ""), evidence, runs)

    def finding(self, finding: Finding) -> FindingView:
        """One finding with its first cells."""
        shown, more = briefly(finding.cells)
        named = [replace(each, anchor=self._anchors.get(id(each.cells[0]), "")) for each in shown]
        others = [path for each in shown for cell in each.cells for path in cell.evidence[:1]]
        first = self.cell(finding.first)
        wanted = [path for path in dict.fromkeys(others) if path not in finding.first.evidence]
        evidence = links(wanted[:SHOWN_EVIDENCE], self._directory)
        told = not more and all(len(each.cells) == 1 for each in shown)
        places = [] if told else places_of(finding.cells)
        return FindingView(finding, first, named, more, places, evidence, entry_for(finding, self._run))


def short_name(cell: CellResult) -> str:
    """A cell's name in a list: a swept one's subject and machine type, another's id."""
    return f"{cell.machine}/{cell.subject}" if is_swept(cell) else cell.id


def briefly(cells: Sequence[CellResult]) -> tuple[list[Named], int]:
    """The first few cells by name, and how many more there are."""
    groups: dict[str, list[CellResult]] = {}
    for cell in cells:
        # What has no name of its own is told by its machine type.
        groups.setdefault(cell.subject if is_swept(cell) and name_of(cell) else cell.id, []).append(cell)
    shown = [
        Named(f"{subject} on {len(same)} machine types" if len(same) > 1 else short_name(same[0]), same)
        for subject, same in list(groups.items())[:SHOWN_SUBJECTS]
    ]
    return shown, len(cells) - sum(len(each.cells) for each in shown)


def places_of(cells: Iterable[CellResult]) -> list[Place]:
    """The cells by architecture and machine type; machine types with the same subjects are said once."""
    by_machine: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in cells:
        by_machine[cell.arch, cell.machine].append(cell.subject if is_swept(cell) else cell.id)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (arch, machine), subjects in sorted(by_machine.items()):
        alike[arch, tuple(sorted(subjects))].append(machine)
    return [Place(arch, machines, list(subjects)) for (arch, subjects), machines in alike.items()]


def links(paths: Sequence[str], directory: Path) -> list[Link]:
    """Links that stay inside the report, so that the report can be copied elsewhere as a whole."""
    parents = [PurePosixPath(path).parts[:-1] for path in paths]
    # zip ends with the shortest path; equal folders in front are said once, in the link's title.
    same = (len(set(level)) == 1 for level in zip(*parents, strict=False))
    shared = sum(takewhile(bool, same))
    return [_link(path, "/".join(PurePosixPath(path).parts[shared:]), directory) for path in paths]


def _link(path: str, text: str, directory: Path) -> Link:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        return Link(path, path, None, "outside the report")
    if not (directory / printable(path)).exists():
        return Link(path, text, None, "missing")
    # "./" keeps a colon in the first part from being read as a scheme such as `javascript:`.
    return Link(path, text, "./" + quote(path, errors="replace"))
