# SPDX-License-Identifier: Apache-2.0
"""What was not tested, and why: a line for each reason, the most important first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fixtures.matrix.firmwares import WITHOUT_SMM
from fixtures.matrix.guest_options import NOT_REBOOTED, WITHOUT_USER_NETWORK
from fixtures.matrix.spice_devices import WITHOUT_SPICE
from fixtures.matrix.tpms import WITHOUT_TPM
from fixtures.outcome.cost_judgement import NOT_COMPARED
from fixtures.outcome.findings import findings, kind_of, name_of, reason_class
from fixtures.outcome.judged import about_update
from fixtures.outcome.outcome import CellResult, Outcome, RunResult
from fixtures.printable import count, shown_line
from reports.sentences.guests import archs_of, guests_of
from reports.sentences.names import every
from reports.sentences.updated import KIND as UPDATED
from reports.sentences.updated import step_of
from reports.swept import is_swept, listed
from reports.why import guests_not_judged

MOST_WHY = 200
"""Characters of one reason."""
MOST_ARTICLES = 5
"""Names of devices in one line."""
_LIMIT = re.compile(r"\(limit (?P<id>[a-z0-9-]+)\): (?P<what>[^;]*)")
"""In the reason of a cell that a limit of matrix.yaml keeps from being run."""
ONLY_AT_NIGHT = (
    "sweeps under KVM; most guests that are moved twice, moved back or cancelled; precopies that never end; "
    "most refusals of libvirt; most disks, CD-ROM drives, TPMs, network cards, kinds of RAM and displays; "
    "all other mixes of guest and mechanism"
)
"""What only runs with `slow` tests have; see docs/nightly.md."""


NOUNS = {"device": "device", "cpu": "CPU model", "machine": "machine type", "firmware": "firmware image"}
"""What swept subjects are called, by their kind."""


@dataclass(frozen=True)
class NotTested:
    """One reason why something was not tested."""

    what: str
    why: str
    cells: int = 0
    """How many cells it concerns; 0 if they are no cells of this run."""


def untested(run: RunResult) -> list[NotTested]:
    """All of them; the cells of one reason together."""
    return [
        *(
            NotTested("A part of the run", shown_line(note, MOST_WHY))
            for note in run.notes
            if not _issue(note)
        ),
        *_chosen(run),
        *_errors(run),
        *_without_kvm(run.cells),
        *_limits(run.cells),
        *_classes(run),
        *_booted(run.cells),
        *_costs(run.cells),
        *_noted(run.cells, WITHOUT_SMM, "Firmware in System Management Mode of"),
        *_noted(run.cells, WITHOUT_TPM, "The virtual TPM of"),
        *_noted(run.cells, WITHOUT_SPICE, "SPICE of"),
        *_noted(run.cells, WITHOUT_USER_NETWORK, "The network card of"),
        *_noted(run.cells, NOT_REBOOTED, "A reboot after the move of"),
        *_updated(run.cells),
        *_swept(run.cells),
        *_night(run.cells),
    ]


def _issue(note: str) -> bool:
    """Is the note about an entry of a list of known issues? Then nothing was left untested."""
    return note.startswith(("known issue ", "waiver "))


def _chosen(run: RunResult) -> Iterator[NotTested]:
    """What a run of some tests, or a quick one, leaves out."""
    if run.chosen:
        why = f"this run has only the tests that were chosen by {shown_line(run.chosen, MOST_WHY)}"
        yield NotTested("All other tests", why)
    if run.left_out:
        yield NotTested("What a quick run leaves out", "; ".join(run.left_out))


def _errors(run: RunResult) -> Iterator[NotTested]:
    for finding in findings(run.cells):
        if finding.outcome is Outcome.ERROR:
            why = f"the suite or the host failed: {shown_line(finding.reason, MOST_WHY)}"
            yield NotTested(guests_of(finding.cells), why, len(finding.cells))


def _without_kvm(cells: Sequence[CellResult]) -> Iterator[NotTested]:
    """Architectures of which no guest ran under KVM, not even on an emulated host."""
    booted = [cell for cell in listed(cells) if cell.accelerator]
    archs = sorted(
        {cell.arch for cell in booted} - {cell.arch for cell in booted if "kvm" in cell.accelerator}
    )
    if archs:
        yield NotTested(f"{every(archs)} guests under KVM", "this run had no KVM; they ran under TCG")


def _limits(cells: Iterable[CellResult]) -> Iterator[NotTested]:
    groups: dict[str, list[CellResult]] = defaultdict(list)
    for cell in cells:
        found = _LIMIT.search(cell.reason)
        if cell.outcome is Outcome.UNSUPPORTED and found:
            groups[found["id"]].append(cell)
    for limit, members in sorted(groups.items()):
        found = _LIMIT.search(members[0].reason)
        what = shown_line(found["what"], MOST_WHY) if found else ""
        yield NotTested(
            guests_of(members), f"the accelerator itself breaks them (limit {limit}): {what}", len(members)
        )


def _classes(run: RunResult) -> Iterator[NotTested]:
    classes = guests_not_judged(run)
    if classes:
        kinds = "1 kind" if len(classes) == 1 else f"{len(classes)} kinds"
        yield NotTested(
            f"{kinds} of booted guests",
            f"none of their cells shows what the update does: {'; '.join(classes)}",
        )


def _booted(cells: Iterable[CellResult]) -> Iterator[NotTested]:
    """Guests that could not be tried, such as with a mechanism that a build lacks."""
    groups: dict[tuple[str, ...], list[CellResult]] = defaultdict(list)
    for cell in listed(about_update(cells)):
        if cell.outcome in {Outcome.UNSUPPORTED, Outcome.REFUSED} and not _LIMIT.search(cell.reason):
            groups[str(cell.outcome), reason_class(cell)].append(cell)
    for members in groups.values():
        yield NotTested(guests_of(members), shown_line(members[0].reason, MOST_WHY), len(members))


def _costs(cells: Iterable[CellResult]) -> Iterator[NotTested]:
    """Guests that moved well, but whose moves had nothing to be compared with."""
    groups: dict[str, list[CellResult]] = defaultdict(list)
    for cell in cells:
        if cell.outcome is Outcome.PASS and cell.reason.startswith(NOT_COMPARED):
            groups[reason_class(cell)].append(cell)
    for members in groups.values():
        why = shown_line(members[0].reason, MOST_WHY)
        yield NotTested("Whether moves cost more than before", why, len(members))


def _noted(cells: Iterable[CellResult], note: str, what: str) -> Iterator[NotTested]:
    """What guests were tested without: `what`, where the reason of a cell has this `note`."""
    groups: dict[str, list[CellResult]] = defaultdict(list)
    for cell in cells:
        _, noted, why = cell.reason.partition(note)
        if noted:
            groups[why.partition("; ")[0]].append(cell)
    for why, members in groups.items():
        yield NotTested(f"{what} {guests_of(members)}", shown_line(why, MOST_WHY), len(members))


def _updated(cells: Iterable[CellResult]) -> Iterator[NotTested]:
    """Steps of guests of an updated host that were not made."""
    groups: dict[str, list[CellResult]] = defaultdict(list)
    for cell in cells:
        if kind_of(cell) == UPDATED and cell.outcome in {Outcome.UNSUPPORTED, Outcome.REFUSED}:
            groups[cell.reason].append(cell)
    for why, members in groups.items():
        steps = sorted({step_of(cell.subject) for cell in members})
        what = f"{guests_of(members)}: {count(len(steps), 'step')} ({every(steps)})"
        yield NotTested(what, shown_line(why, MOST_WHY), len(members))


def _swept(cells: Iterable[CellResult]) -> Iterator[NotTested]:
    reasons = {
        Outcome.REFUSED: "QEMU itself refuses to migrate guests with them",
        Outcome.UNSUPPORTED: "a build needs more to create them: a backend, a bus or a device of the host",
    }
    groups: dict[tuple[Outcome, str, str], list[CellResult]] = defaultdict(list)
    for cell in cells:
        apart = _LIMIT.search(cell.reason) or kind_of(cell) == UPDATED
        if cell.outcome in reasons and is_swept(cell) and not apart:
            why = cell.reason if kind_of(cell) == "firmware" else reasons[cell.outcome]
            groups[cell.outcome, NOUNS.get(kind_of(cell), "swept subject"), why].append(cell)
    for (_, noun, why), members in sorted(groups.items()):
        yield NotTested(_articles(members, noun), shown_line(why, MOST_WHY), len(members))


def _articles(cells: Sequence[CellResult], noun: str) -> str:
    names = sorted(
        {name_of(cell) or (cell.machine if noun == "machine type" else cell.subject) for cell in cells}
    )
    return f"{count(len(names), noun)} ({archs_of(cells)}): {every(names, MOST_ARTICLES)}"


def _night(cells: Sequence[CellResult]) -> Iterator[NotTested]:
    if cells and not any(cell.canary or (is_swept(cell) and "kvm" in cell.accelerator) for cell in cells):
        yield NotTested("What only nightly runs have", ONLY_AT_NIGHT)
