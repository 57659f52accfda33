# SPDX-License-Identifier: Apache-2.0
"""Words about guests of a host whose packages are replaced: who they are, when it happens, what to do.

Their subjects are `update:STEP-GUEST`; docs/updated-host.md lists the steps.
"""

from __future__ import annotations

from collections.abc import Iterable

from fixtures.outcome.findings import Finding, kind_of
from fixtures.outcome.outcome import Outcome
from reports.sentences import names
from reports.sentences.checks import check_of

KIND = "update"
GUESTS = {
    "bare": "without devices",
    "virtio": "with virtio devices",
    "virt-install": "as virt-install makes them",
    "kubevirt": "as KubeVirt makes them",
    "user-network": "with a network card on QEMU's user network",
    "plugged": "as virt-install makes them",
    "restarted": "with virtio devices",
    "saved": "with virtio devices",
    "host-model": "under KVM, with the CPU `host-model`",
    "host-passthrough": "under KVM, with the CPU of their host",
}
"""By the names of :data:`fixtures.update.guests.GUESTS`."""
WHEN = {
    "update": "running while packages are replaced",
    "adopted": "taken over by the updated libvirt",
    "logged": "running after the update",
    "used": "managed after the update",
    "plugged": "given a device after the update",
    "module": "given a device after the update",
    "snapshot": "backed up by a snapshot after the update",
    "rebooted": "rebooted after the update",
    "restarted": "shut down and started again after the update",
    "saved": "saved to a file and started from it after the update",
    "away": "moved",
    "back": "moved back to their own libvirt daemon",
    "home": "back with their own libvirt daemon",
    "interrupted": "running while the update is interrupted",
    "completed": "running while an interrupted update is completed",
    "readopted": "taken over by libvirt after an interrupted update",
}
"""What is done to the guests, by step."""
_SHUT_DOWN = "Shut them down before the packages are replaced, or wait for a fix."
_RUNS_ON = (
    f"{_SHUT_DOWN} After the update do not start one that libvirt shows as shut off: its QEMU still runs."
)
_NOT_YET = "Do without that until they run under the new QEMU: move them first, or restart them."
_COMPARE = (
    "Keep what `virsh dumpxml` says before the update, and restart guests that lack something of it, or wait "
    "for a fix."
)
ADVICE = {
    "update": _SHUT_DOWN,
    "interrupted": _SHUT_DOWN,
    "completed": _SHUT_DOWN,
    "adopted": _COMPARE,
    "readopted": _COMPARE,
    "logged": "Move them into the new QEMU: it gets a log of its own.",
    "used": _NOT_YET,
    "plugged": _NOT_YET,
    "module": _NOT_YET,
    "snapshot": _NOT_YET,
    "rebooted": _NOT_YET,
    "saved": _NOT_YET,
    "restarted": "Let them run, and move them instead, or wait for a fix.",
}
"""What to do, by step; the advice about moves holds for the others."""
BY_CHECK = {"adopted": _RUNS_ON, "adopted-definition": _COMPARE}
"""What to do, by the check that failed when a libvirt took over the guests of another one."""
BLAME = {
    Outcome.REGRESSION: "It does not happen when either build is installed again over itself.",
    Outcome.DEFECT_NEW: "It also happens when the new build is installed again over itself.",
    Outcome.DEFECT_OLD: "It also happens when the old build is installed again over itself.",
}
"""What the controls showed."""


def is_about(finding: Finding) -> bool:
    """Is it about guests of a host that is updated?"""
    return kind_of(finding.first) == KIND


def advice(finding: Finding) -> str:
    """What to do about guests that are in trouble because of the update itself; else empty."""
    if words := BY_CHECK.get(check_of(finding.signature)):
        return words
    return ADVICE.get(step_of(finding.first.subject), "") if is_about(finding) else ""


def when(finding: Finding) -> str:
    """What is done to the guests that an update of their host hurts; empty if a move hurts them."""
    if is_about(finding):
        return WHEN[step_of(finding.first.subject)]
    return WHEN["adopted"] if check_of(finding.signature) in BY_CHECK else ""


def step_of(subject: str) -> str:
    """The step of `update:STEP-GUEST`."""
    return subject.partition(":")[2].partition("-")[0]


def guests_words(subjects: Iterable[str]) -> str:
    """`without devices or as virt-install makes them`, from `STEP-GUEST` of each."""
    found = {subject.partition("-")[2] for subject in subjects}
    return names.either(sorted({GUESTS.get(name, f"({name})") for name in found}))
