# SPDX-License-Identifier: Apache-2.0
"""What a run tried with guests like those of a finding, and how it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from fixtures.matrix.names import COMPARED
from fixtures.outcome.findings import FAILING
from fixtures.outcome.judged import compares
from fixtures.outcome.outcome import CellResult, Outcome
from reports.sentences.subjects import DISK, GUEST, TAP

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
    gives its guest besides, such as a disk or another libvirt. Swept subjects are alike if architecture,
    machine type and subject are the same.
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
            way = cell.path, cell.mechanism
            if not compares(cell):
                if cell.outcome is Outcome.PASS:
                    self._came.add(cell.arch)
                elif cell.outcome in FAILING:
                    self._stuck.add(cell.arch)
            if cell.outcome in FAILING:
                self._failed[_like(cell)].add(way)
                if GUEST.fullmatch(cell.subject):
                    self._any_failed[cell.arch].add(way)
            elif cell.outcome is Outcome.PASS and (guest := GUEST.fullmatch(cell.subject)):
                if guest["hardware"] != BARE:
                    self._with_devices[cell.arch].add(way)
                self._booted[cell.arch, _type_of(cell)].add(way)
                self._machines[cell.arch, cell.subject].add(cell.machine)
                self._passed[_like(cell)].add(way)
            elif cell.outcome is Outcome.PASS:
                self._machines[cell.arch, cell.subject].add(cell.machine)
                if cell.mechanism != COMPARED:
                    self._passed[_like(cell)].add(way)

    def works(self, cells: Iterable[CellResult]) -> set[Way]:
        """The ways by which guests like these were moved, and none failed.

        Nobody has a guest with bare hardware. What such guests show concerns guests with devices too, so no
        way is named by which any booted guest failed, or none with devices was moved.
        """
        failing = list(cells)
        alike = {_like(cell) for cell in failing}
        bare = {like for like in alike if like[2] == BARE or like[2].startswith(f"{BARE} {ADOPTED}")}
        failed = {(cell.path, cell.mechanism) for cell in failing}.union(
            *(self._failed[like] for like in alike), *(self._any_failed[arch] for arch, _, _ in bare)
        )
        passed = set[Way]().union(
            *(self._passed[like] for like in alike - bare),
            *(self._passed[like] & self._with_devices[like[0]] for like in bare),
        )
        return passed - failed

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


def _like(cell: CellResult) -> Like:
    guest = GUEST.fullmatch(cell.subject)
    subject = "machine" if cell.subject in {"shared-ram", "ram-ends"} else cell.subject
    if guest is None:
        return cell.arch, cell.machine, subject
    hardware, aspect = guest["hardware"], guest["aspect"] or ""
    return cell.arch, cell.machine, f"{hardware} {aspect}" if aspect.startswith(HAVE_MORE) else hardware


NOTHING_TRIED = Tried()
"""For a finding whose run is not known."""
