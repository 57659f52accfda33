# SPDX-License-Identifier: Apache-2.0
"""Each finding has plain sentences: whom it concerns, what happens to them, who is to blame, what to do."""

from __future__ import annotations

import re

import pytest

from fixtures.evidence.harm import Harm
from fixtures.outcome.cost_judgement import COST
from fixtures.outcome.findings import rollbacks
from fixtures.outcome.outcome import Outcome, RunRecord
from reports.sentences.checks import CHECKS
from reports.sentences.sentences import sentences
from suites.harness.support.check_names import check_names
from suites.harness.support.report_samples import (
    HOSTILE,
    failed,
    make_cell,
    make_run,
    make_swept,
    said,
    stuck,
)


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


def test_words_of_qemu_are_quoted_without_those_of_libvirt() -> None:
    """Lose this and a row of the first screen ends before it says what QEMU objects to."""
    by_libvirt = "internal error: unable to execute QEMU command 'migrate-incoming': fd: use file: instead"
    assert "(the message: fd: use file: instead)" in said(failed("migrate", by_libvirt, Harm.LOST)).title


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


@pytest.mark.parametrize("outcome", [Outcome.DEFECT_OLD, Outcome.REGRESSION])
def test_guests_with_a_job_are_told_to_end_it(outcome: Outcome) -> None:
    """Lose this and the page advises a move by libvirt, which refuses it until the job has ended."""
    subject = "idle-bare-1vcpu-block-job-mirror"
    lost = failed("migrate", "source QEMU is gone", Harm.LOST, outcome, subject=subject)
    moved = make_cell(2, mechanism="precopy", subject="idle-bare-1vcpu-block-job-backup")
    assert said(lost, moved).advice.startswith("End the job before they are moved")
    other = failed("migrate", "source QEMU is gone", Harm.LOST, outcome, subject="idle-bare-1vcpu")
    assert "job" not in said(other, moved).advice
