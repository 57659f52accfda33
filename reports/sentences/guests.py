# SPDX-License-Identifier: Apache-2.0
"""Which guests a finding concerns: `Guests with an am53c974 or dc390 SCSI controller (x86_64)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from fixtures.matrix.endpoints import endpoint_words
from fixtures.matrix.firmwares import firmware_words
from fixtures.outcome.findings import kind_of, name_of
from fixtures.outcome.outcome import CellResult
from fixtures.printable import shown_line
from reports.sentences import boots, names, updated
from reports.sentences.subjects import GUEST, guest_words, is_saved
from reports.sentences.tried import NOTHING_TRIED, Tried

MOST_TYPES = 120
"""Characters that name machine types."""
MOST_GROUPS = 3
"""Kinds of guests that are named for one finding."""
Words = Callable[[Sequence[CellResult], Tried], str]
"""From failing cells of one kind, and what the run tried, to the guests."""
FAMILIES = re.compile(
    r"on ((?:all \d+|\d+ of \d+) machine types, \S+ to [^;,\s]+|[\w.-]*\d\.\d+[\w-]*)(?=$|[;,\s])"
)
"""In the reason of a comparison: the machine types on which the builds differ."""


def guests_of(cells: Sequence[CellResult], tried: Tried = NOTHING_TRIED) -> str:
    """The guests that these failing cells stand for, as the beginning of a sentence.

    If the same device passed on another machine type, the machine types that failed are named. Many kinds of
    guests are not named if nothing of their architectures passed a move.
    """
    groups: dict[Words, list[CellResult]] = {}
    for cell in cells:
        groups.setdefault(_BY_KIND.get(kind_of(cell), _booted), []).append(cell)
    if len(groups) > MOST_GROUPS and all(tried.none_passed(cell.arch) for cell in cells):
        archs = archs_of(cells)
        return f"{archs} guests of many kinds (none of {archs} passed a move){_kvm(cells)}"
    said = [words(members, tried) for words, members in groups.items()]
    text = ", and ".join(said[:MOST_GROUPS]) + (", and others" if len(said) > MOST_GROUPS else "")
    return f"G{text[1:]}" if text.startswith("guests") else text


def archs_of(cells: Iterable[CellResult]) -> str:
    """`x86_64` or `ppc64le, x86_64`."""
    return ", ".join(sorted({cell.arch for cell in cells}))


def _subjects(cells: Iterable[CellResult]) -> list[str]:
    return sorted({name_of(cell) for cell in cells} - {""})


def _kvm(cells: Sequence[CellResult]) -> str:
    return " under KVM" if all("kvm" in cell.accelerator for cell in cells) else ""


def _where(cells: Sequence[CellResult], tried: Tried) -> str:
    """` of machine type pc-q35-7.2` if the same subject moved on another one, else nothing."""
    machines = names.machine_words(cell.machine for cell in cells)
    return f" of {machines}" if tried.other_machines(cells) else ""


def _device(cells: Sequence[CellResult], tried: Tried) -> str:
    devices = names.device_words(_subjects(cells))
    return f"guests with {devices}{_where(cells, tried)} ({archs_of(cells)}){_kvm(cells)}"


def _seen(cells: Sequence[CellResult], _tried: Tried) -> str:
    """A difference in what guests see of a device, on one machine type or all of a family."""
    return f"guests with {names.device_words(_subjects(cells))} ({archs_of(cells)}{_differing(cells)})"


def _boots(cells: Sequence[CellResult], _tried: Tried) -> str:
    types = dict.fromkeys(found for cell in cells for found in FAMILIES.findall(cell.reason))
    return f"{boots.boot_guests(_subjects(cells), cells[0].arch)} ({', '.join((archs_of(cells), *types))})"


def _machine(cells: Sequence[CellResult], tried: Tried) -> str:
    machines = names.machine_words(cell.machine for cell in cells)
    state = ", that have not booted yet" if tried.works_once_booted(cells) else ""
    return f"{archs_of(cells)} guests of {machines}{_kvm(cells)}{state}"


def _family(cells: Sequence[CellResult], _tried: Tried) -> str:
    """A difference of the machine itself, or of what its firmware finds."""
    types = _differing(cells).removeprefix(", ")
    return f"{archs_of(cells)} guests of {types or names.machine_words(cell.machine for cell in cells)}"


def _cpu(cells: Sequence[CellResult], tried: Tried) -> str:
    models = names.either(_subjects(cells))
    where = _differing(cells) if all(cell.mechanism == "compare" for cell in cells) else ""
    return f"guests with CPU model {models}{_where(cells, tried)} ({archs_of(cells)}{where}){_kvm(cells)}"


def _cpuid(cells: Sequence[CellResult], _tried: Tried) -> str:
    models = names.either(_subjects(cells))
    return f"guests with a CPU such as {models} and several cores ({archs_of(cells)})"


def _shared_ram(cells: Sequence[CellResult], _tried: Tried) -> str:
    return f"{_machine(cells, NOTHING_TRIED)} that share their RAM with the new QEMU (ignore-shared, CPR)"


def _random(cells: Sequence[CellResult], _tried: Tried) -> str:
    return f"guests with certain devices together, each of which moves alone ({archs_of(cells)})"


def _steps(cells: Sequence[CellResult], _tried: Tried) -> str:
    """What happens to the guests, if all finds are about one sequence of steps."""
    found = sorted({name.replace("+", ", ") for name in _subjects(cells)})
    what = shown_line(found[0], MOST_TYPES) if len(found) == 1 else "certain things in a certain order"
    return f"{archs_of(cells)} guests to which this happens ({what})"


def _alias(cells: Sequence[CellResult], _tried: Tried) -> str:
    return (
        f"{archs_of(cells)} guests that are defined with machine type alias {names.either(_subjects(cells))}"
    )


def _firmware(cells: Sequence[CellResult], tried: Tried) -> str:
    what = firmware_words(_subjects(cells))
    return f"{archs_of(cells)} guests with {shown_line(what, MOST_TYPES)}{_where(cells, tried)}"


def _endpoint(cells: Sequence[CellResult], _tried: Tried) -> str:
    what = names.either(sorted({endpoint_words(subject) for subject in _subjects(cells)}))
    return f"{archs_of(cells)} guests with {shown_line(what, MOST_TYPES)}"


def _updated(cells: Sequence[CellResult], _tried: Tried) -> str:
    """Guests of a host whose packages were replaced under them."""
    words = updated.guests_words(_subjects(cells))
    return " ".join(filter(None, (archs_of(cells), "guests", words, "on an updated host")))


def _differing(cells: Sequence[CellResult]) -> str:
    """`, all 14 machine types, pc-q35-5.2 to pc-q35-10.0`, if all say the same."""
    found = {" and ".join(dict.fromkeys(FAMILIES.findall(cell.reason))) for cell in cells}
    return f", {shown_line(found.pop(), MOST_TYPES)}" if len(found) == 1 and found != {""} else ""


def _booted(cells: Sequence[CellResult], _tried: Tried) -> str:
    """Guests that ran: only what all of them have in common is named."""
    if not all(GUEST.fullmatch(cell.subject) for cell in cells):
        return f"{archs_of(cells)} guests ({names.either(sorted({cell.subject for cell in cells}))})"
    if all(map(is_saved, cells)):
        ways = f"by {names.every(sorted({names.PATHS.get(cell.path, cell.path) for cell in cells}))}"
    else:
        ways = names.way_words((cell.path, cell.mechanism) for cell in cells)
    words = guest_words([cell.subject for cell in cells])
    return " ".join(filter(None, (f"{archs_of(cells)} guests", words, f"({ways})")))


_BY_KIND: dict[str, Words] = {
    "device": _device,
    "sees": _seen,
    "queues": _seen,
    boots.KIND: _boots,
    "cpu": _cpu,
    "cpu-features": _cpu,
    "cpuid": _cpuid,
    "machine": _machine,
    "ram-ends": _machine,
    "sections": _machine,
    "machine-properties": _family,
    "migration-defaults": _family,
    "acpi-tables": _family,
    "smbios": _family,
    "fw-cfg": _family,
    "device-tree": _family,
    "properties": _family,
    "shared-ram": _shared_ram,
    "random": _random,
    "steps": _steps,
    "alias": _alias,
    "firmware": _firmware,
    "endpoint": _endpoint,
    "update": _updated,
}
SWEPT_KINDS = frozenset(_BY_KIND)
"""The kinds of swept subjects that have words of their own."""
