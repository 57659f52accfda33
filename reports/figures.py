# SPDX-License-Identifier: Apache-2.0
"""The figures of the verdict page: the heat map of all cells, and blackout and total by mechanism."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import median

from fixtures.evidence.checks import SHARED_RAM
from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.matrix.names import ON_EMULATED_HOST
from fixtures.outcome.judged import about_update
from fixtures.outcome.outcome import CellResult, Outcome
from reports.words import worst_first

HARMLESS = frozenset({Outcome.PASS, Outcome.REFUSED, Outcome.UNSUPPORTED})
"""Outcomes in which no guest was lost."""
HEAT_STEPS_MS = (50.0, 200.0, 1000.0)
"""Bounds (ms) of the heat map's shades: a longer blackout is darker."""


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum of some times in milliseconds, and their number."""

    least: float
    middle: float
    greatest: float
    number: int


@dataclass(frozen=True)
class HeatRow:
    """One row of the heat map: its three names, and the cells of each column."""

    arch: str
    machine: str
    subject: str
    slots: list[list[CellResult]]


@dataclass(frozen=True)
class MechanismFigures:
    """Blackout and total (ms) of the passing cells of one architecture, path and mechanism.

    Only cells of the suite `hotpatch`: other suites do more with a guest, or keep it from converging.
    """

    arch: str
    path: str
    mechanism: str
    accelerators: str
    passed: int
    """Number of cells, of which those on an emulated host have no part in the times."""
    blackout: Spread | None
    total: Spread | None
    safe: bool
    """True if no cell failed and no destination wrote into RAM that the guest still used."""
    fastest: bool = False
    """True for the safe mechanism with the shortest median blackout of its architecture.

    None is if cells of the grid of the architecture ran on an emulated host.
    """


def spread(values: Iterable[float | None]) -> Spread | None:
    """The spread of the measured values; None if there are none."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return Spread(min(known), median(known), max(known), len(known)) if known else None


def on_emulated_host(cell: CellResult) -> bool:
    """Did its guests run on an emulated host? Then its times are no figures to compare with others."""
    return cell.accelerator == ON_EMULATED_HOST


def with_times(cells: Iterable[CellResult]) -> list[CellResult]:
    """The cells whose times may be compared: they passed, are no canaries, and ran on no emulated host."""
    passed = (cell for cell in about_update(cells) if cell.outcome is Outcome.PASS)
    return [cell for cell in passed if not on_emulated_host(cell)]


def heat_step(cell: CellResult) -> int:
    """0 (short blackout) to 3 for a cell whose guest passed with a measured blackout, else -1.

    -1 also for a cell on an emulated host.
    """
    if cell.outcome is not Outcome.PASS or cell.canary or on_emulated_host(cell):
        return -1
    if cell.blackout_ms is None or not math.isfinite(cell.blackout_ms):
        return -1
    return sum(cell.blackout_ms >= step for step in HEAT_STEPS_MS)


def heat_map(cells: Iterable[CellResult]) -> tuple[list[tuple[str, str]], list[HeatRow]]:
    """Columns (path, mechanism) and rows (architecture, machine type, subject), sorted by name.

    Several cells may share a slot, because the suite is not a dimension of the map; the worst comes first.
    """
    slots: dict[tuple[str, str, str], dict[tuple[str, str], list[CellResult]]] = {}
    for cell in worst_first(cells):
        row = slots.setdefault((cell.arch, cell.machine, cell.subject), defaultdict(list))
        row[cell.path, cell.mechanism].append(cell)
    columns = sorted({column for row in slots.values() for column in row})
    rows = [
        HeatRow(*names, [row.get(column, []) for column in columns]) for names, row in sorted(slots.items())
    ]
    return columns, rows


def in_map(cell: CellResult) -> bool:
    """Is the cell part of the grid of guests, paths and mechanisms? Other cells test one thing each."""
    return cell.suite == "hotpatch"


def by_suite(cells: Iterable[CellResult]) -> list[tuple[str, str, list[CellResult]]]:
    """Cells that are not part of the grid, by suite and architecture, worst first."""
    groups: dict[tuple[str, str], list[CellResult]] = defaultdict(list)
    for cell in worst_first(cells):
        groups[cell.suite, cell.arch].append(cell)
    return [(suite, arch, group) for (suite, arch), group in sorted(groups.items())]


def by_mechanism(cells: Sequence[CellResult]) -> list[MechanismFigures]:
    """Figures of the passing cells; the times of a failed move do not describe the mechanism.

    Nor do those of an emulated host, which are left out.

    A mechanism without a pass is listed if a guest was lost, but not if no guest could be tried.
    """
    damaging = _damaging(cells)
    groups: dict[tuple[str, str, str], list[CellResult]] = defaultdict(list)
    for cell in cells:
        if in_map(cell) and not cell.canary:
            groups[cell.arch, cell.path, cell.mechanism].append(cell)
    figures = []
    for (arch, path, mechanism), everything in sorted(groups.items()):
        group = [cell for cell in everything if cell.outcome is Outcome.PASS]
        kept = (arch, mechanism) not in damaging
        safe = kept and all(cell.outcome in HARMLESS for cell in everything)
        blackout = spread(cell.blackout_ms for cell in with_times(group))
        total = spread(cell.total_ms for cell in with_times(group))
        if blackout or total or not safe or any(map(on_emulated_host, group)):
            used = ", ".join(sorted({cell.accelerator for cell in group if cell.accelerator}))
            figures.append(MechanismFigures(arch, path, mechanism, used, len(group), blackout, total, safe))
    emulated = {cell.arch for cell in cells if in_map(cell) and on_emulated_host(cell)}
    return [
        replace(each, fastest=each.arch not in emulated and each is _fastest(figures, each.arch))
        for each in figures
    ]


def _damaging(cells: Iterable[CellResult]) -> set[tuple[str, str]]:
    """Architectures and mechanisms with a destination that writes into RAM that the guest still uses.

    The guest can pass nevertheless, if it did not use the overwritten part.
    """
    archs = {cell.arch for cell in cells if cell.subject == SHARED_RAM and cell.outcome not in HARMLESS}
    return set(product(archs, (name for name, each in MECHANISMS.items() if each.memory != "private")))


def _fastest(figures: Sequence[MechanismFigures], arch: str) -> MechanismFigures | None:
    timed = [(each.blackout.middle, place) for place, each in enumerate(figures) if each.blackout]
    safe = [(ms, place) for ms, place in timed if figures[place].safe and figures[place].arch == arch]
    return figures[min(safe)[1]] if safe else None
