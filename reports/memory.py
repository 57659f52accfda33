# SPDX-License-Identifier: Apache-2.0
"""What a move costs in memory, by mechanism and by what the guest's RAM consists of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fixtures.evidence.memory_cost import (
    BEFORE,
    OF_BOTH,
    RAM,
    RAM_OF_BOTH,
    TOUCHED,
    untouched_becomes_resident,
)
from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.outcome.outcome import CellResult
from reports.figures import with_times

BACKINGS: Mapping[str, str] = {
    "anonymous": "anonymous memory",
    "memfd": "a memfd",
    "file": "a file",
    "hugepages": "huge pages",
}
"""What RAM consists of, in words."""
BOTH_SHARE = "that both share"


@dataclass(frozen=True)
class MemoryCost:
    """One mechanism with one kind of RAM: of its cells the one with the most RAM for each MiB touched."""

    arch: str
    mechanism: str
    backing: str
    """Such as `a memfd`, or `a memfd that both share`."""
    cells: int
    ram: float
    """This and the next four in MiB; see :mod:`fixtures.evidence.memory_cost`."""
    touched: float
    before: float
    ram_of_both: float
    of_both: float

    @property
    def more_than_touched(self) -> bool:
        """Does the move make RAM resident that the guest has not touched?"""
        return untouched_becomes_resident(self.touched, self.ram_of_both)


def memory_costs(cells: Iterable[CellResult]) -> list[MemoryCost]:
    """A row for each that was measured: of cells that passed, on no emulated host."""
    groups: dict[tuple[str, int, str], list[Mapping[str, float]]] = defaultdict(list)
    order = list(MECHANISMS)
    for cell in with_times(cells):
        figures = cell.runs[0].figures if cell.runs else {}
        if cell.mechanism in MECHANISMS and cell.backing and figures.get(TOUCHED) and OF_BOTH in figures:
            groups[cell.arch, order.index(cell.mechanism), _backing(cell)].append(figures)
    return [
        _row(arch, order[place], backing, group) for (arch, place, backing), group in sorted(groups.items())
    ]


def memory_in_words(costs: Sequence[MemoryCost]) -> Iterator[str]:
    """A sentence for each row with more RAM than was touched: what whoever updates a full host must know."""
    for cost in costs:
        if cost.more_than_touched:
            yield (
                f"{cost.arch} by {cost.mechanism}, RAM in {cost.backing}: {cost.ram_of_both:,.0f} MiB of RAM "
                f"are resident while both QEMUs exist. The guest had touched {cost.touched:,.0f} of its "
                f"{cost.ram:,.0f} MiB"
            )


def _backing(cell: CellResult) -> str:
    words = BACKINGS.get(cell.backing, cell.backing)
    return words if MECHANISMS[cell.mechanism].memory == "private" else f"{words} {BOTH_SHARE}"


def _row(arch: str, mechanism: str, backing: str, group: Sequence[Mapping[str, float]]) -> MemoryCost:
    worst = max(group, key=lambda each: each[RAM_OF_BOTH] / each[TOUCHED])
    figures = (worst[name] for name in (RAM, TOUCHED, BEFORE, RAM_OF_BOTH, OF_BOTH))
    return MemoryCost(arch, mechanism, backing, len(group), *figures)
