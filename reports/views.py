# SPDX-License-Identifier: Apache-2.0
"""What the verdict page shows of cells and findings: anchors, links to evidence, short names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fixtures.outcome.findings import Finding, FindingHarm, name_of
from fixtures.outcome.outcome import CellResult, Outcome, RunResult
from fixtures.printable import printable
from reports.known_issue_entry import entry_for
from reports.sentences.sentences import Sentences, sentences
from reports.sentences.tried import Tried
from reports.swept import is_swept, listed
from reports.words import worst_first

SHOWN_SUBJECTS = 8
_QUIET = frozenset({Outcome.REFUSED, Outcome.UNSUPPORTED})
SHOWN_WAYS = 4
"""Paths and mechanisms that are named for one harm."""
SHOWN_EVIDENCE = 4
"""Number of linked evidence files of a finding's other cells; the rest are in the same directories."""


@dataclass(frozen=True)
class Link:
    """One evidence file; `href` is None if it cannot be linked."""

    path: str
    text: str
    href: str | None
    note: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether the page can show it as a picture."""
        return self.href is not None and self.path.endswith(".svg")


@dataclass(frozen=True)
class CellView:
    """A cell as the page shows it, with the name of its anchor and its links."""

    cell: CellResult
    anchor: str
    """Empty if the cell has no row of its own."""
    evidence: list[Link]
    run_evidence: list[list[Link]]

    @property
    def swept(self) -> bool:
        """True if no guest was booted and all runs share one evidence file."""
        return is_swept(self.cell)


@dataclass(frozen=True)
class Place:
    """Machine types of one architecture that share the same affected subjects."""

    arch: str
    machines: list[str]
    subjects: list[str]


@dataclass(frozen=True)
class Named:
    """One entry in a list of names: one cell, or the same subject on several machine types."""

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
    """Number of the other cells."""
    places: list[Place]
    """All cells by machine type; empty if the first few are all."""
    evidence: list[Link]
    """Evidence of the other shown cells."""
    said: Sentences | None = None
    """Whom it concerns, what happens to them, what to do; None for cells that could not be tried."""
    anchor: str = ""
    """The anchor of the finding; see :func:`anchor_of`."""
    entry: str = ""
    """The entry of `known_issues` that accepts it; empty where none can."""


class Views:
    """The cells and findings of one run, with links relative to the directory of the page."""

    def __init__(self, run: RunResult, directory: Path) -> None:
        self._run = run
        self._directory = directory
        self._tried = Tried(run.cells)
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
        complete = not more and all(len(each.cells) == 1 for each in shown)
        places = [] if complete else places_of(finding.cells)
        said = None if finding.outcome in _QUIET else sentences(finding, self._tried)
        entry = entry_for(finding, self._run)
        return FindingView(finding, first, named, more, places, evidence, said, anchor_of(finding), entry)


def anchor_of(finding: Finding) -> str:
    """The anchor of a finding on the page."""
    return "finding-" + re.sub(r"[^A-Za-z0-9._-]+", "-", finding.first.id)


def ways_in_words(harm: FindingHarm) -> str:
    """`libvirt postcopy and qmp postcopy`: the paths and mechanisms with which it is done."""
    shown = harm.ways[:SHOWN_WAYS]
    rest = len(harm.ways) - len(shown)
    parts = [*shown, *([f"{rest} more"] if rest else [])]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def harms_in_words(finding: Finding) -> list[str]:
    """A line for each harm, worst first: `harm: lost (2 of 3 cells, with qmp postcopy): the source …`."""
    return [f"harm: {each.harm}{_share(each, finding)}: {each.proof}" for each in finding.harms]


def _share(harm: FindingHarm, finding: Finding) -> str:
    """Which cells have it, such as ` (2 of 3 cells, with qmp postcopy)`; empty if there is no other harm."""
    if len(finding.harms) == 1:
        return ""
    return f" ({len(harm.cells)} of {len(finding.cells)} cells, with {ways_in_words(harm)})"


def short_name(cell: CellResult) -> str:
    """A cell's name in a list: machine type and subject of a swept cell, else its id."""
    return f"{cell.machine}/{_subject(cell)}" if is_swept(cell) else cell.id


def _subject(cell: CellResult) -> str:
    """The subject of a swept cell; of two sweeps of one subject, the one under KVM says so."""
    return cell.subject if cell.accelerator in {"", "tcg"} else f"{cell.subject} under KVM"


def briefly(cells: Sequence[CellResult]) -> tuple[list[Named], int]:
    """The first few cells by name, and how many more there are."""
    groups: dict[str, list[CellResult]] = {}
    for cell in cells:
        # A cell without a subject's name is shown by its machine type.
        groups.setdefault(_subject(cell) if is_swept(cell) and name_of(cell) else cell.id, []).append(cell)
    shown = [
        Named(f"{subject} on {len(same)} machine types" if len(same) > 1 else short_name(same[0]), same)
        for subject, same in list(groups.items())[:SHOWN_SUBJECTS]
    ]
    return shown, len(cells) - sum(len(each.cells) for each in shown)


def places_of(cells: Iterable[CellResult]) -> list[Place]:
    """The cells by architecture and machine type; machine types with the same subjects share an entry."""
    by_machine: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in cells:
        by_machine[cell.arch, cell.machine].append(_subject(cell) if is_swept(cell) else cell.id)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (arch, machine), subjects in sorted(by_machine.items()):
        alike[arch, tuple(sorted(subjects))].append(machine)
    return [Place(arch, machines, list(subjects)) for (arch, subjects), machines in alike.items()]


def links(paths: Sequence[str], directory: Path) -> list[Link]:
    """Links that stay inside the report, so that the report can be copied elsewhere as a whole."""
    parents = [PurePosixPath(path).parts[:-1] for path in paths]
    # zip ends with the shortest path; a common leading folder appears only in the link's title.
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
