# SPDX-License-Identifier: Apache-2.0
"""What a run tried with guests like those of a finding, and how it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from fixtures.matrix.names import MOVED_BACK
from fixtures.outcome.findings import FAILING
from fixtures.outcome.judged import NOT_MOVED, compares, has_moved
from fixtures.outcome.outcome import CellResult, Outcome
from reports.sentences.subjects import DISK, GUEST, TAP, is_saved

ADOPTED = "adopted"
"""How the aspect begins of guests that an update took over."""
HAVE_MORE = (DISK, TAP, "tpm-", "cdrom-", "vnc-", "spice-", "channel-", ADOPTED)
"""How the aspects begin of guests that have more than their kind of devices, or another past: how others move
says nothing."""
BARE = "bare"
"""Hardware that only guests of the suite have."""
Like = tuple[str, str, str]
Way = tuple[str, str]
"""A path and a mechanism."""


class Tried:
    """The moves of one run, by guests that are alike.

    Booted guests are alike if architecture, machine type and kind of devices are the same, and what a test
    gives its guest besides, such as a disk or another libvirt. A way that fails with one of them is none for
    the others; a way that passes is one only for guests with the same aspect, that is of the same test.
    Swept subjects are alike if architecture, machine type and subject are the same.
    """

    def __init__(self, cells: Iterable[CellResult] = ()) -> None:
        self._passed: dict[Like, set[Way]] = defaultdict(set)
        self._failed: dict[Like, set[Way]] = defaultdict(set)
        self._any_failed: dict[str, set[Way]] = defaultdict(set)
        self._with_devices: dict[str, set[Way]] = defaultdict(set)
        self._machines: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._booted: dict[tuple[str, str], set[Way]] = defaultdict(set)
        self._came: set[str] = set()
        self._stuck: set[str] = set()
        for cell in cells:
            if cell.outcome in FAILING:
                self._note_failure(cell)
            elif cell.outcome is Outcome.PASS:
                self._machines[cell.arch, cell.subject].add(cell.machine)
                if has_moved(cell) and not is_saved(cell):
                    self._note_move(cell)

    def _note_failure(self, cell: CellResult) -> None:
        way = cell.path, cell.mechanism
        self._failed[_like(cell)].add(way)
        if GUEST.fullmatch(cell.subject):
            self._any_failed[cell.arch].add(way)
        if not compares(cell):
            self._stuck.add(cell.arch)

    def _note_move(self, cell: CellResult) -> None:
        way = cell.path, cell.mechanism
        self._came.add(cell.arch)
        self._passed[_same(cell)].add(way)
        # A guest that was moved back as well has passed what is asked of one that is not.
        there = replace(cell, subject=cell.subject.removesuffix(f"-{MOVED_BACK}"))
        self._passed[_same(there)].add(way)
        if guest := GUEST.fullmatch(cell.subject):
            self._booted[cell.arch, _type_of(cell)].add(way)
            if guest["hardware"] != BARE:
                self._with_devices[cell.arch].add(way)

    def works(self, cells: Iterable[CellResult]) -> set[Way]:
        """The ways by which guests of each of these kinds and aspects were moved, and none like them failed.

        Nobody has a guest with bare hardware. What such guests show concerns guests with devices too, so no
        way is named by which any booted guest failed, or none with devices was moved.
        """
        ways = self._by_kind(cells)
        return set.intersection(*ways) if ways else set()

    def works_for_some(self, cells: Iterable[CellResult]) -> set[Way]:
        """The same for guests of at least one of these kinds and aspects."""
        return set[Way]().union(*self._by_kind(cells))

    def _by_kind(self, cells: Iterable[CellResult]) -> list[set[Way]]:
        """For each kind and aspect of these cells, the ways by which such guests moved, and none failed."""
        failing = list(cells)
        failed = {(cell.path, cell.mechanism) for cell in failing}.union(
            *(self._failed[_like(cell)] for cell in failing),
            *(self._any_failed[cell.arch] for cell in failing if _is_bare(cell)),
        )
        passed: dict[Like, set[Way]] = defaultdict(set)
        for cell in failing:
            ways = self._passed[_same(cell)]
            if _is_bare(cell):
                ways = ways & self._with_devices[cell.arch]
            passed[_same(cell)] |= ways
        return [ways - failed for ways in passed.values()]

    def none_passed(self, arch: str) -> bool:
        """Did machines of this architecture fail their moves, and none pass one, booted or swept?"""
        return arch in self._stuck - self._came

    def works_once_booted(self, cells: Iterable[CellResult]) -> set[Way]:
        """The ways by which booted guests of these machine types were moved; empty if a booted guest failed.

        A swept machine has not run anything. Linux brings the state of a CPU or a device into another form,
        which may move although the first one does not.
        """
        failing = list(cells)
        if any(GUEST.fullmatch(cell.subject) for cell in failing):
            return set()
        return set().union(*(self._booted[cell.arch, _type_of(cell)] for cell in failing))

    def other_machines(self, cells: Iterable[CellResult]) -> set[str]:
        """Other machine types on which the same subjects passed."""
        failing = list(cells)
        passed = (self._machines[cell.arch, cell.subject] for cell in failing)
        return set().union(*passed) - {cell.machine for cell in failing}


def _type_of(cell: CellResult) -> str:
    """The machine type without options, such as `x-vof=on`: a guest that has booted left its firmware."""
    return cell.machine.partition(",")[0]


def _is_bare(cell: CellResult) -> bool:
    """Has its guest bare hardware, and nothing besides?"""
    kind = _like(cell)[2]
    return kind == BARE or kind.startswith(f"{BARE} {ADOPTED}")


def _same(cell: CellResult) -> Like:
    """Equal for guests that are alike and have the same aspect."""
    guest = GUEST.fullmatch(cell.subject)
    if guest is None or not guest["aspect"]:
        return _like(cell)
    return cell.arch, cell.machine, f"{guest['hardware']} {guest['aspect']}"


def _like(cell: CellResult) -> Like:
    """Equal for guests of which one that fails speaks for the others."""
    guest = GUEST.fullmatch(cell.subject)
    subject = "machine" if cell.subject in NOT_MOVED else cell.subject
    if guest is None:
        return cell.arch, cell.machine, subject
    hardware, aspect = guest["hardware"], guest["aspect"] or ""
    return cell.arch, cell.machine, f"{hardware} {aspect}" if aspect.startswith(HAVE_MORE) else hardware


NOTHING_TRIED = Tried()
"""For a finding whose run is not known."""
