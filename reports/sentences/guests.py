# SPDX-License-Identifier: Apache-2.0
"""Which guests a finding concerns: `Guests with an am53c974 or dc390 SCSI controller (x86_64)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from fixtures.outcome.findings import kind_of, name_of
from fixtures.outcome.outcome import CellResult, Outcome
from fixtures.printable import shown_line
from reports.sentences import names

GUEST = re.compile(
    r"(?P<profile>idle|busy)-(?P<hardware>[a-z]+)-(?P<vcpus>\d+)vcpu(?:-256mib)?(?:-(?P<aspect>.+))?"
)
"""The subject of a booted guest."""
HARDWARE = {
    "virtio": "with virtio devices",
    "devices": "with emulated devices",
    "managed": "with hot-plugged devices",
}
"""What its devices are; a `bare` guest has none worth a word."""
ASPECTS = {
    "canary-": "that show a limit of the accelerator",
    "drivers-": "with {}",
    "kvm-": "under KVM ({})",
    "moved-again": "that are moved a second time",
    "moved-back": "that are moved back",
    "moved-after-a-cancel": "that are moved after a cancelled move",
    "reboots": "that reboot after the move",
    "management": "whose devices are changed after the move",
    "paused": "that are paused when they are moved",
    "set-times": "that have set their clocks",
    "standstill": "that stand still while they are moved",
    "oldest": "of the oldest machine type",
    "avx": "that use AVX",
    "abort-of-precopy": "whose precopy is aborted",
    "abort-of-postcopy-refused": "whose postcopy is aborted",
    "managed-save": "that are saved to a file and restored",
    "long-after": "long after the move",
    "wall-to-wall": "that write memory without a pause",
    "costs": "",
    "registers": "",
    "precopy-is-hopeless": "that write memory faster than it can be sent",
    "postcopy-ends-it": "that write memory faster than it can be sent",
    "auto-converge-ends-it": "that write memory faster than it can be sent",
    "dirty-limit-ends-it": "that write memory faster than it can be sent",
    "longer-downtime-ends-it": "that write memory faster than it can be sent",
}
"""What is tested besides survival, by aspect or its beginning; of others their name is shown."""
MOST_TYPES = 120
"""Characters that name machine types."""
MOST_GROUPS = 3
"""Kinds of guests that are named for one finding."""
Words = Callable[[Sequence[CellResult], Sequence[CellResult]], str]
"""From failing cells of one kind, and all cells of the run that passed, to the guests."""
FAMILIES = re.compile(
    r"on ((?:all \d+|\d+ of \d+) machine types, \S+ to [^;,\s]+|[\w.-]*\d\.\d+[\w-]*)(?=$|[;,\s])"
)
"""In the reason of a comparison: the machine types on which the builds differ."""


def guests_of(cells: Sequence[CellResult], run: Iterable[CellResult] = ()) -> str:
    """The guests that these failing cells stand for, as the beginning of a sentence.

    `run` has all cells of the run: if the same device passed on another machine type, the machine types
    that failed are named.
    """
    groups: dict[Words, list[CellResult]] = {}
    for cell in cells:
        groups.setdefault(_BY_KIND.get(kind_of(cell), _booted), []).append(cell)
    passed = [cell for cell in run if cell.outcome is Outcome.PASS]
    said = [words(members, passed) for words, members in groups.items()]
    text = ", and ".join(said[:MOST_GROUPS]) + (", and others" if len(said) > MOST_GROUPS else "")
    return f"G{text[1:]}" if text.startswith("guests") else text


def archs_of(cells: Iterable[CellResult]) -> str:
    """`x86_64` or `ppc64le, x86_64`."""
    return ", ".join(sorted({cell.arch for cell in cells}))


def _subjects(cells: Iterable[CellResult]) -> list[str]:
    return sorted({name_of(cell) for cell in cells} - {""})


def _kvm(cells: Sequence[CellResult]) -> str:
    return " under KVM" if all("kvm" in cell.accelerator for cell in cells) else ""


def _where(cells: Sequence[CellResult], passed: Sequence[CellResult]) -> str:
    """` of machine type pc-q35-7.2` if the same subject moved on another one, else nothing."""
    same = {(cell.arch, cell.subject) for cell in cells}
    other = {cell.machine for cell in passed if (cell.arch, cell.subject) in same}
    machines = {cell.machine for cell in cells}
    return f" of {names.machine_words(machines)}" if other - machines else ""


def _device(cells: Sequence[CellResult], passed: Sequence[CellResult]) -> str:
    devices = names.device_words(_subjects(cells))
    return f"guests with {devices}{_where(cells, passed)} ({archs_of(cells)}){_kvm(cells)}"


def _seen(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    """A difference in what guests see of a device, on one machine type or all of a family."""
    return f"guests with {names.device_words(_subjects(cells))} ({archs_of(cells)}{_differing(cells)})"


def _machine(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    machines = names.machine_words(cell.machine for cell in cells)
    return f"{archs_of(cells)} guests of {machines}{_kvm(cells)}"


def _family(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    """A difference of the machine itself, or of what its firmware finds."""
    types = _differing(cells).removeprefix(", ")
    return f"{archs_of(cells)} guests of {types or names.machine_words(cell.machine for cell in cells)}"


def _cpu(cells: Sequence[CellResult], passed: Sequence[CellResult]) -> str:
    models = names.either(_subjects(cells))
    where = _differing(cells) if all(cell.mechanism == "compare" for cell in cells) else ""
    return f"guests with CPU model {models}{_where(cells, passed)} ({archs_of(cells)}{where}){_kvm(cells)}"


def _cpuid(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    models = names.either(_subjects(cells))
    return f"guests with a CPU such as {models} and several cores ({archs_of(cells)})"


def _shared_ram(cells: Sequence[CellResult], passed: Sequence[CellResult]) -> str:
    return f"{_machine(cells, passed)} that share their RAM with the new QEMU (ignore-shared, CPR)"


def _random(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    return f"guests with certain devices together, each of which moves alone ({archs_of(cells)})"


def _alias(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    return (
        f"{archs_of(cells)} guests that are defined with machine type alias {names.either(_subjects(cells))}"
    )


def _differing(cells: Sequence[CellResult]) -> str:
    """`, all 14 machine types, pc-q35-5.2 to pc-q35-10.0`, if all say the same."""
    found = {" and ".join(dict.fromkeys(FAMILIES.findall(cell.reason))) for cell in cells}
    return f", {shown_line(found.pop(), MOST_TYPES)}" if len(found) == 1 and found != {""} else ""


def _booted(cells: Sequence[CellResult], _passed: Sequence[CellResult]) -> str:
    """Guests that ran: only what all of them have in common is named."""
    parsed = [match for cell in cells if (match := GUEST.fullmatch(cell.subject))]
    if len(parsed) < len(cells):
        return f"{archs_of(cells)} guests ({names.either(sorted({cell.subject for cell in cells}))})"
    archs = f"{archs_of(cells)} guests"
    busy = "that write memory while they are moved" if _all(parsed, "profile") == "busy" else ""
    vcpus = _all(parsed, "vcpus")
    several = f"with {vcpus} vCPUs" if vcpus not in {"", "1"} else ""
    aspect = _aspect(_all(parsed, "aspect"))
    ways = names.way_words((cell.path, cell.mechanism) for cell in cells)
    return " ".join(filter(None, (archs, _hardware(parsed), several, aspect or busy, f"({ways})")))


def _all(parsed: Sequence[re.Match[str]], group: str) -> str:
    """The part of the subjects, if it is the same in all."""
    found = {match[group] or "" for match in parsed}
    return found.pop() if len(found) == 1 else ""


def _hardware(parsed: Sequence[re.Match[str]]) -> str:
    return HARDWARE.get(_all(parsed, "hardware"), "")


def _aspect(name: str) -> str:
    if not name or name in ASPECTS:
        return ASPECTS.get(name, "")
    for beginning, words in ASPECTS.items():
        if beginning.endswith("-") and name.startswith(beginning):
            rest = name.removeprefix(beginning)
            return words.format(
                names.device_words([rest]) if beginning == "drivers-" else names.name_of(rest)
            )
    return f"in the test {names.name_of(name)}"


_BY_KIND: dict[str, Words] = {
    "device": _device,
    "sees": _seen,
    "queues": _seen,
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
    "alias": _alias,
}
SWEPT_KINDS = frozenset(_BY_KIND)
"""The kinds of swept subjects that have words of their own."""
