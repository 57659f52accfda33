# SPDX-License-Identifier: Apache-2.0
"""Swept cells in a few rows: a sweep has hundreds of cells, too many to list each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from fixtures.outcome.findings import kind_of, name_of
from fixtures.outcome.outcome import RANK, CellResult, Outcome

Tally = Counter[Outcome]


@dataclass(frozen=True)
class Row:
    """Machine types of one architecture and accelerator with the same results: cells by kind of subject."""

    arch: str
    accelerator: str
    """Of their machines; empty if none could be started."""
    machines: list[str]
    tallies: list[Tally]
    """For each kind of subject, in the order of the columns, over all these machine types."""
    cells: list[CellResult]

    @property
    def names(self) -> list[tuple[str, Outcome, int, list[str]]]:
        """Kind, outcome, number of cells, and the subjects' names, each once; worst first."""
        groups: dict[tuple[str, Outcome], list[CellResult]] = defaultdict(list)
        for cell in self.cells:
            groups[kind_of(cell), cell.outcome].append(cell)
        return [
            (kind, outcome, len(cells), sorted({name_of(cell) for cell in cells} - {""}))
            for (kind, outcome), cells in sorted(
                groups.items(), key=lambda item: (RANK[item[0][1]], item[0][0])
            )
        ]


def is_swept(cell: CellResult) -> bool:
    """Is it one of the many cells of a sweep? Other cells have their own test, with their id in its name."""
    return not cell.nodeid.endswith(f"[{cell.id.removeprefix(f'{cell.suite}/')}]")


def listed(cells: Iterable[CellResult]) -> list[CellResult]:
    """The cells that a report shows one by one."""
    return [cell for cell in cells if not is_swept(cell)]


def swept(cells: Iterable[CellResult]) -> list[CellResult]:
    """The cells that a report shows as totals."""
    return [cell for cell in cells if is_swept(cell)]


def in_order(tally: Tally) -> list[tuple[Outcome, int]]:
    """Outcomes and their numbers, worst first."""
    return [(outcome, tally[outcome]) for outcome in Outcome if tally[outcome]]


def sweep_map(cells: Iterable[CellResult]) -> tuple[list[str], list[Row]]:
    """The kinds of subject, and the rows: machine types with the same results share a row."""
    by_machine: dict[tuple[str, str, str], list[CellResult]] = defaultdict(list)
    for cell in cells:
        by_machine[cell.arch, cell.accelerator, cell.machine].append(cell)
    kinds = _kinds(cell for members in by_machine.values() for cell in members)
    alike: dict[tuple[str, str, tuple[tuple[tuple[Outcome, int], ...], ...]], list[str]] = defaultdict(list)
    for (arch, accelerator, machine), members in sorted(by_machine.items()):
        picture = tuple(tuple(in_order(tally)) for tally in _tallies(members, kinds))
        alike[arch, accelerator, picture].append(machine)
    rows = []
    for (arch, accelerator, _), machines in alike.items():
        members = [cell for machine in machines for cell in by_machine[arch, accelerator, machine]]
        rows.append(Row(arch, accelerator, machines, _tallies(members, kinds), members))
    return kinds, sorted(rows, key=_order)


def _order(row: Row) -> tuple[str, bool, float, list[str]]:
    """TCG before KVM; machine types with the most cells first, those with nothing but a move last."""
    return row.arch, row.accelerator != "tcg", -len(row.cells) / len(row.machines), row.machines


def by_kind(cells: Iterable[CellResult]) -> list[tuple[str, str, str, int, Tally]]:
    """Architecture, accelerator, kind of subject, number of machine types, and their outcomes."""
    groups: dict[tuple[str, str, str], list[CellResult]] = defaultdict(list)
    for cell in cells:
        groups[cell.arch, cell.accelerator, kind_of(cell)].append(cell)
    return [
        (*names, len({cell.machine for cell in members}), Counter(cell.outcome for cell in members))
        for names, members in sorted(groups.items())
    ]


def _kinds(cells: Iterable[CellResult]) -> list[str]:
    return sorted({kind_of(cell) for cell in cells}, key=lambda kind: (kind != "machine", kind))


def _tallies(cells: list[CellResult], kinds: list[str]) -> list[Tally]:
    tallies: dict[str, Tally] = {kind: Counter() for kind in kinds}
    for cell in cells:
        tallies[kind_of(cell)][cell.outcome] += 1
    return list(tallies.values())
