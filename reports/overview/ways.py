# SPDX-License-Identifier: Apache-2.0
"""Which mechanisms may be used: how many guests that ran were moved with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fixtures.evidence.harm import Harm
from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.outcome.findings import kind_of
from fixtures.outcome.judged import about_update, has_moved
from fixtures.outcome.outcome import CellResult, Outcome
from fixtures.printable import count
from reports.sentences.names import PATHS, every
from reports.sentences.subjects import is_saved
from reports.sentences.updated import KIND as UPDATED
from reports.swept import is_swept


@dataclass(frozen=True)
class Way:
    """One mechanism, over all paths and guests that ran."""

    mechanism: str
    tried: tuple[CellResult, ...]
    """The cells whose guest moved or failed; without those that could not be tried, or were not to move."""
    archs: frozenset[str] = frozenset()
    """The architectures of all guests of the run."""

    @property
    def passed(self) -> int:
        """How many guests were moved and passed all checks."""
        return sum(cell.outcome is Outcome.PASS for cell in self.tried)

    @property
    def answer(self) -> str:
        """`yes`, `no` or `not tried`; `partly` if some guests passed."""
        if not self.tried:
            return "not tried"
        if self.passed == len(self.tried):
            return "yes"
        return "partly" if self.passed else "no"

    @property
    def words(self) -> str:
        """`partly: 11 of 12 guests passed, 1 lost by libvirt; not tried on ppc64le`."""
        if not self.tried:
            return self.answer
        passed = f"{self.answer}: {self.passed} of {count(len(self.tried), 'guest')} passed"
        missing = sorted(self.archs - {cell.arch for cell in self.tried})
        untried = f"; not tried on {every(missing)}" if missing else ""
        return ", ".join([passed, *self._failures()]) + untried

    def _failures(self) -> Iterator[str]:
        """`1 lost by libvirt`, worst harm first."""
        failed = [cell for cell in self.tried if cell.outcome is not Outcome.PASS]
        for harm in (*Harm, None):
            cells = [cell for cell in failed if cell.harm is harm]
            if cells:
                paths = sorted({PATHS.get(cell.path, cell.path) for cell in cells})
                yield f"{len(cells)} {harm or 'failed'} by {every(paths)}"


def ways(cells: Iterable[CellResult]) -> list[Way]:
    """The mechanisms that the run has cells of, in the order of the matrix; empty if no guest ran."""
    groups: dict[str, list[CellResult]] = defaultdict(list)
    guests = [cell for cell in about_update(cells) if _is_moved_guest(cell)]
    archs = frozenset(cell.arch for cell in guests)
    for cell in guests:
        if cell.mechanism in MECHANISMS:
            groups[cell.mechanism].append(cell)
    return [_way(name, groups[name], archs) for name in MECHANISMS if name in groups]


def _is_moved_guest(cell: CellResult) -> bool:
    """Did its guest run, and was it moved? One that is saved and loaded says nothing about a mechanism."""
    return not is_saved(cell) and (not is_swept(cell) or kind_of(cell) == UPDATED)


def _way(name: str, cells: list[CellResult], archs: frozenset[str]) -> Way:
    """A guest that passed because its move is refused, or although it is lost, says nothing about a move."""
    untried = {Outcome.UNSUPPORTED, Outcome.REFUSED, Outcome.ERROR, Outcome.PASS}
    tried = [cell for cell in cells if cell.outcome not in untried or has_moved(cell)]
    return Way(name, tuple(tried), archs)
