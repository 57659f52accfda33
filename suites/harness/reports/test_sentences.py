# SPDX-License-Identifier: Apache-2.0
"""Each finding has plain sentences: whom it concerns, what happens to them, who is to blame, what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from fixtures.evidence.harm import Harm
from fixtures.outcome.blame import signature
from fixtures.outcome.cost_judgement import COST
from fixtures.outcome.findings import FAILING, findings, rollbacks
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from fixtures.places import ROOT
from reports.sentences.checks import CHECKS
from reports.sentences.guests import SWEPT_KINDS, guests_of
from reports.sentences.names import device_words, machine_words
from reports.sentences.sentences import sentences
from reports.sentences.tried import Tried
from suites.harness.support.check_names import check_names
from suites.harness.support.report_samples import HOSTILE, make_cell, make_run, make_swept, said, stuck

VRING = "VQ 0 vring.num 1024 exceeds allocated max 128; load of migration failed: Invalid argument"


def documented_kinds() -> list[str]:
    """The kinds of swept subjects that the documentation of a verdict lists."""
    rows = re.findall(r"^\| (`.*?) \| ", (ROOT / "docs/verdict.md").read_text(), re.MULTILINE)
    subjects = [name for row in rows for name in re.findall(r"`([a-z-]+:?)[^`]*`", row)]
    table = subjects[subjects.index("machine") : subjects.index("sections:") + 1]
    return sorted({name.rstrip(":") for name in table} - {"q", "pc", "pseries"})


def failed(
    check: str, words: str, harm: Harm | None = None, outcome: Outcome = Outcome.REGRESSION, **more: Any
) -> CellResult:
    """A cell that failed this check, with what it said."""
    run = RunRecord("debian-12", "debian-13", "fail", f"{check}: {words}", signature(check, words), harm=harm)
    reason = f"{check}: {words}; both controls pass"
    return make_cell(1, outcome, reason=reason, runs=[run], **more).note_harm()


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_each_check_has_a_sentence(check: str) -> None:
    """Lose this and a new check reaches the first screen as a signature."""
    text = said(failed(check, "QEMU said so", Harm.LOST))
    assert CHECKS[check] in text.title or check == "launch"
    assert re.search(r"are lost when they are (moved|taken over by the updated libvirt): ", text.title)
    assert f"{check}:" not in text.title


def test_words_are_those_of_the_checks_that_there_are() -> None:
    """Lose this and a new check has no words, or those of checks that are gone stay for ever."""
    assert CHECKS.keys() == check_names() | {"libvirt", COST}


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


def test_a_device_that_cannot_be_loaded_reads_as_a_release_manager_needs_it() -> None:
    """Lose this and the first screen has an error message of QEMU for a title."""
    words = (
        "error while loading state for instance 0x0 of device '0000:00:01.0/esp'; load of migration failed"
    )
    devices = [
        make_swept(
            machine,
            f"device:{name}",
            Outcome.REGRESSION,
            f"{words}; both controls pass",
            harm=Harm.STRANDED,
        )
        for machine in ("pc-q35-7.2", "pseries-7.2")
        for name in ("am53c974", "dc390")
    ]
    text = said(*devices)
    assert text.title == (
        "Guests with an am53c974 or dc390 SCSI controller (ppc64le, x86_64) cannot be moved: "
        "the new build does not load their state (esp). They run on under the old QEMU."
    )
    assert text.blame == "Both builds move such guests to themselves."
    assert text.advice == "Restart them under the new build, or without this device, or wait for a fix."


@pytest.mark.parametrize("subject", ["endpoint:vnc-port", "idle-virtio-1vcpu-channel-path"])
def test_address_that_both_sides_want_has_a_way_out(subject: str) -> None:
    """Lose this and guests with a fixed port are restarted, though another port is enough."""
    words = "-vnc 127.0.0.1:5: Failed to find an available port: Address already in use"
    text = said(failed("launch", words, Harm.STRANDED, Outcome.DEFECT_OLD, subject=subject))
    assert text.advice == (
        "Give the new QEMU another address, or none, before it starts: see docs/endpoints.md."
    )


def test_tpm_state_that_both_sides_want_has_a_way_out() -> None:
    """Lose this and guests with a TPM are restarted, though another directory is enough."""
    words = "tpm-emulator: TPM result for CMD_INIT: 0x9 operation failed"
    subject = "idle-bare-1vcpu-tpm-crb-shared-state"
    text = said(failed("migrate", words, Harm.STRANDED, Outcome.DEFECT_OLD, subject=subject))
    assert text.advice == (
        "Give the swtpm of the new QEMU a state directory of its own: see docs/endpoints.md."
    )
    assert "with a virtual TPM (crb-shared-state)" in text.title


def test_firmware_that_is_gone_reads_as_a_release_manager_needs_it() -> None:
    """Lose this and the first screen does not say that UEFI guests of 2 MiB cannot be moved."""
    reason = "the new build does not ship /usr/share/OVMF/OVMF_CODE.fd, which the old build has"
    text = said(make_swept("pc-q35-7.2", "firmware:ovmf-2m", Outcome.REMOVED, reason, harm=Harm.STRANDED))
    assert text.title == (
        "x86_64 guests with UEFI firmware of 2 MiB (OVMF_CODE.fd) cannot be moved: "
        "the new build does not ship the file. They run on under the old QEMU."
    )
    assert text.advice == (
        "Before the old build is removed, restart them with firmware that the new build ships, "
        "or keep the file at its path and move them."
    )


@pytest.mark.parametrize(
    "mismatch, words",
    [
        (
            "Size mismatch: pc.bios: 0x200000 != 0x400000",
            "their firmware has 2 MiB, and in the new build 4 MiB",
        ),
        (
            "Length mismatch: system.flash0: 0x1e0000 in != 0x37c000: Invalid argument",
            "their firmware has 1920 KiB, and in the new build 3568 KiB",
        ),
        (
            "Size mismatch: 0000:00:02.0/e1000e.rom: 0x40000 != 0x80000: Invalid argument",
            "the memory block 0000:00:02.0/e1000e.rom has 256 KiB, and in the new build 512 KiB",
        ),
    ],
)
def test_memory_of_another_size_is_said_with_both_sizes(mismatch: str, words: str) -> None:
    """Lose this and a guest whose firmware has another size has "a state that is not loaded (ram)"."""
    failure = (
        f"{mismatch}; error while loading state for instance 0x0 of device 'ram'; load of migration failed"
    )
    text = said(failed("migrate", failure, Harm.STRANDED, subject="firmware:ovmf-bios"))
    assert text.title.endswith(f"cannot be moved: {words}. They run on under the old QEMU.")
    assert "keep the old build's file at its path" in text.advice


def test_one_defect_with_two_harms_names_the_mechanism_of_each() -> None:
    """Lose this and a reader moves a guest with the mechanism that loses it."""
    text = said(
        failed("migrate", VRING, Harm.STRANDED, mechanism="precopy"),
        failed("migrate", VRING, Harm.LOST, path="libvirt"),
    )
    assert text.happens == (
        "are hurt when they are moved: with postcopy by libvirt they are lost; with precopy by QMP the move "
        "fails and they run on under the old QEMU: the new build does not load their state."
    )
    assert text.advice.startswith("Never move them with postcopy by libvirt. ")


def test_two_harms_of_one_way_are_not_said_of_the_same_guests() -> None:
    """Lose this and guests seem to be lost and to run on at the same time."""
    text = said(failed("migrate", VRING, Harm.STRANDED), failed("migrate", VRING, Harm.LOST))
    assert text.happens == (
        "are hurt when they are moved: with postcopy by QMP some of them are lost and some cannot be moved, "
        "so that they run on under the old QEMU: the new build does not load their state."
    )


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


def test_mechanisms_that_work_are_those_of_such_guests() -> None:
    """Lose this and a reader is sent to a mechanism that was tried with another kind of guest only."""
    cells = [
        failed("memory", "1 page damaged", Harm.LOST, subject="busy-virtio-1vcpu"),
        make_cell(2, mechanism="precopy", subject="idle-virtio-2vcpu"),
        make_cell(3, mechanism="multifd", subject="idle-bare-1vcpu"),
        make_cell(4, mechanism="mapped-ram", subject="idle-virtio-1vcpu", machine="pc-i440fx-7.2"),
    ]
    assert said(*cells).works == "precopy by QMP"
    assert "move them with precopy by QMP" in said(*cells).advice


def test_no_mechanism_is_advised_that_loses_guests_with_devices() -> None:
    """Lose this and a row of the first screen sends readers to postcopy, which loses guests by another."""
    saved = failed("migrate", "fd: not supported", Harm.LOST, subject="busy-bare-1vcpu", mechanism="precopy")
    cells = [
        saved,
        failed("migrate", VRING, Harm.LOST, subject="idle-virtio-1vcpu"),
        make_cell(2, subject="idle-bare-1vcpu"),
        make_cell(3, subject="idle-bare-1vcpu", mechanism="multifd"),
    ]
    first = next(finding for finding in findings(cells) if saved in finding.cells)
    assert sentences(first, Tried(cells)).works == ""
    cells.append(make_cell(4, subject="idle-virtio-1vcpu", mechanism="multifd"))
    assert sentences(first, Tried(cells)).works == "multifd by QMP"


@pytest.mark.parametrize(
    "checks,happens,blame",
    [
        (
            ["memory", "clock"],
            "fail in each run, in different ways; for example, they are changed by a move: ",
            "Each run fails, in different ways, and ",
        ),
        (["memory", "memory"], "are changed by a move: ", "Each run fails, and "),
        (["memory", ""], "sometimes are changed by a move: ", "It does not fail each time, and "),
    ],
)
def test_flaky_guest_that_never_passes_is_not_said_to_fail_sometimes(
    checks: list[str], happens: str, blame: str
) -> None:
    """Lose this and a reader tries again what no run has survived."""
    runs = [
        RunRecord("debian-12", "debian-13", "fail" if check else "pass", check, check) for check in checks
    ]
    runs.append(RunRecord("debian-12", "debian-12", "pass"))
    runs[0].harm = Harm.CHANGED
    text = said(make_cell(1, Outcome.FLAKY, reason="it failed", runs=runs).note_harm())
    assert text.happens.startswith(happens)
    assert text.blame == f"{blame}too few runs show which build is at fault."


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


def test_words_of_qemu_are_quoted_without_those_of_libvirt() -> None:
    """Lose this and a row of the first screen ends before it says what QEMU objects to."""
    by_libvirt = "internal error: unable to execute QEMU command 'migrate-incoming': fd: use file: instead"
    assert "(the message: fd: use file: instead)" in said(failed("migrate", by_libvirt, Harm.LOST)).title


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


def test_nothing_is_said_of_mechanisms_that_were_not_tried() -> None:
    """Lose this and a device that was swept with one mechanism seems to move with others."""
    cells = [
        make_swept("pc-q35-7.2", "device:e1000", Outcome.REGRESSION, "load of migration failed"),
        make_cell(2, mechanism="precopy"),
    ]
    assert said(*cells).works == ""


def test_a_failed_way_back_is_said_of_the_old_build() -> None:
    """Lose this and a failed rollback reads as if the update failed."""
    cell = stuck(make_swept("pc-q35-7.2", "device:e1000"), "error while loading state of device 'e1000'")
    [finding] = rollbacks(make_run(cell))
    text = sentences(finding)
    assert text.happens == "cannot go back to the old build: the old build does not load their state (e1000)."
    assert text.advice == "Move them only if they need not go back."


def test_what_a_build_says_is_printable_and_bounded() -> None:
    """Lose this and a build under test writes the first screen."""
    name = HOSTILE + "x" * 9000
    for check in ("migrate", "launch", "devices"):
        cell = failed(check, name, Harm.LOST, subject=f"device:{name}", machine=name)
        text = said(cell)
        assert len(text.title) < 400
        assert "\x1b" not in text.title
        assert "\x00" not in text.title


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


def test_a_defect_of_the_old_build_is_avoided_by_what_works() -> None:
    """Lose this and a reader restarts guests that another mechanism moves."""
    lost = failed("memory", "1 page", Harm.LOST, Outcome.DEFECT_OLD, subject="idle-virtio-1vcpu")
    moved = make_cell(2, mechanism="precopy", subject="idle-virtio-1vcpu")
    assert said(lost, moved).advice == "Move them with precopy by QMP instead, or restart them."
    assert said(lost).advice == "Restart them to leave the old build; no update moves them safely."


@pytest.mark.parametrize("outcome", [Outcome.DEFECT_OLD, Outcome.REGRESSION])
def test_guests_with_a_job_are_told_to_end_it(outcome: Outcome) -> None:
    """Lose this and the page advises a move by libvirt, which refuses it until the job has ended."""
    subject = "idle-bare-1vcpu-block-job-mirror"
    lost = failed("migrate", "source QEMU is gone", Harm.LOST, outcome, subject=subject)
    moved = make_cell(2, mechanism="precopy", subject="idle-bare-1vcpu-block-job-backup")
    assert said(lost, moved).advice.startswith("End the job before they are moved")
    other = failed("migrate", "source QEMU is gone", Harm.LOST, outcome, subject="idle-bare-1vcpu")
    assert "job" not in said(other, moved).advice


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
