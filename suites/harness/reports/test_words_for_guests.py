# SPDX-License-Identifier: Apache-2.0
"""The guests that a finding concerns are named as their owners know them, and no others with them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fixtures.evidence.harm import Harm
from fixtures.outcome.findings import FAILING
from fixtures.outcome.outcome import Outcome
from fixtures.places import ROOT
from reports.sentences.guests import SWEPT_KINDS, guests_of
from reports.sentences.names import device_words, machine_words
from reports.sentences.tried import Tried
from suites.harness.support.report_samples import (
    failed,
    make_cell,
    make_swept,
    said,
)


def documented_kinds() -> list[str]:
    """The kinds of swept subjects that the documentation of a verdict lists."""
    rows = re.findall(r"^\| (`.*?) \| ", (ROOT / "docs/verdict.md").read_text(), re.MULTILINE)
    subjects = [name for row in rows for name in re.findall(r"`([a-z-]+:?)[^`]*`", row)]
    table = subjects[subjects.index("machine") : subjects.index("sections:") + 1]
    return sorted({name.rstrip(":") for name in table} - {"q", "pc", "pseries"})


@pytest.mark.parametrize("kind", documented_kinds())
@pytest.mark.parametrize("outcome", sorted(FAILING))
def test_each_swept_subject_has_words_for_its_guests(kind: str, outcome: Outcome) -> None:
    """Lose this and a new sweep's findings are about `guests (new-subject:thing)`."""
    assert kind in SWEPT_KINDS
    mechanism = (
        "precopy" if kind in {"machine", "device", "cpu", "random", "firmware", "endpoint"} else "compare"
    )
    reason = "what changed: it was 1 and is 2 on pc-q35-7.2"
    cell = make_swept("pc-q35-7.2", f"{kind}:e1000", outcome, reason, mechanism=mechanism, harm=Harm.CHANGED)
    text = said(cell)
    assert re.match(r"Guests |x86_64 guests ", text.guests)
    assert kind + ":" not in text.title
    assert text.happens.endswith(".")
    assert text.blame
    assert text.advice.endswith(".")


@pytest.mark.parametrize(
    "subject", ["idle-bare-1vcpu", "busy-virtio-2vcpu-moved-again", "idle-devices-1vcpu-new"]
)
def test_each_booted_guest_has_words(subject: str) -> None:
    """Lose this and a guest is named by the id of its cell."""
    text = said(failed("memory", "1 page damaged", Harm.LOST, subject=subject))
    assert text.guests.startswith("x86_64 guests ")
    assert "vcpu" not in text.title


def test_machine_types_are_named_only_where_others_work() -> None:
    """Lose this and all guests with a device seem broken if those of one machine type are."""
    broken = make_swept("pc-q35-7.2", "device:e1000", Outcome.REGRESSION, "load of migration failed; both")
    fine = make_swept("pc-i440fx-7.2", "device:e1000")
    alone = guests_of([broken])
    assert alone == "Guests with an e1000 network card (x86_64)"
    assert guests_of([broken], Tried([broken, fine])) == (
        "Guests with an e1000 network card of machine type pc-q35-7.2 (x86_64)"
    )


def test_machine_types_without_version_are_one_family() -> None:
    """Lose this and a sentence lists thirty code names of Ubuntu, each as a family of its own."""
    releases = ("artful", "bionic", "cosmic", "disco", "eoan", "focal", "groovy", "jammy")
    words = machine_words([*(f"pc-q35-{name}" for name in releases), "pc-q35-rhel9.6.0", "pseries-7.2"])
    assert words == "10 machine types, pc-q35-artful to pc-q35-rhel9.6.0, pseries-7.2"


def test_kinds_are_not_listed_if_nothing_of_their_architecture_moves() -> None:
    """Lose this and the first row lists some of a hundred devices, CPUs and machine types, `and others`."""
    subjects = "machine", "cpu:power9", "device:e1000", "idle-bare-1vcpu"
    broken = [make_swept("pseries-7.2", subject, Outcome.REGRESSION, "no icp/server") for subject in subjects]
    asked = make_swept("pseries-7.2", "sees:e1000", mechanism="compare")
    other = make_swept("pc-q35-7.2", "machine")
    words = "ppc64le guests of many kinds (none of ppc64le passed a move)"
    assert guests_of(broken, Tried([*broken, asked, other])) == words
    one_came = make_swept("pseries-6.2", "device:e1000")
    assert guests_of(broken, Tried([*broken, one_came])).endswith(", and others")
    assert guests_of(broken).endswith(", and others")
    assert guests_of(broken[1:], Tried(broken)).startswith("Guests with CPU model power9")


def test_machine_that_has_not_run_does_not_speak_for_booted_guests() -> None:
    """Lose this and all guests of a machine type seem stranded, though those that have booted move."""
    broken = make_swept("pseries-7.2", "machine", Outcome.REGRESSION, "error while loading state of 'cpu'")
    moved = make_cell(
        2, mechanism="precopy", subject="idle-virtio-1vcpu", machine="pseries-7.2", arch="ppc64le"
    )
    text = said(broken, moved)
    assert text.guests == "ppc64le guests of machine type pseries-7.2, that have not booted yet"
    assert text.works == "precopy by QMP once they have booted"
    assert said(broken).guests == "ppc64le guests of machine type pseries-7.2"
    without_slof = replace(moved, machine="pseries-7.2,x-vof=on")
    assert said(broken, without_slof).works == "precopy by QMP once they have booted"


@pytest.mark.parametrize(
    "names, words",
    [
        (["e1000"], "an e1000 network card"),
        (["am53c974", "dc390"], "an am53c974 or dc390 SCSI controller"),
        (["virtio-blk-pci", "virtio-blk-pci-non-transitional"], "a virtio-blk-pci disk"),
        (["e1000", "isa-vga"], "an e1000 or isa-vga device"),
        (["some-new-thing"], "a some-new-thing device"),
    ],
)
def test_devices_have_human_words(names: list[str], words: str) -> None:
    """Lose this and only a reader who knows QEMU's names knows which guests are meant."""
    assert device_words(names) == words


@pytest.mark.parametrize(
    "subjects,guests",
    [
        (["busy-nova-2vcpu-field"], "as nova makes them"),
        (["busy-virt-install-uefi-2vcpu-field-ovmf-4m"], "as virt-install makes them (UEFI)"),
        (
            ["busy-virt-install-uefi-2vcpu-field-ovmf-4m-moved-back", "busy-nova-2vcpu-field-moved-back"],
            "as nova or virt-install makes them, that are moved back after a reboot",
        ),
        (["busy-proxmox-2vcpu-field", "idle-nova-1vcpu-field"], "as nova or proxmox makes them"),
    ],
)
def test_field_guests_are_called_by_who_makes_them(subjects: list[str], guests: str) -> None:
    """Lose this and whoever uses such a manager does not see on the first screen that its guests are hurt."""
    cells = [failed("memory", "1 page damaged", Harm.LOST, subject=subject) for subject in subjects]
    assert said(*cells).guests == f"x86_64 guests {guests} (postcopy by QMP)"
