# SPDX-License-Identifier: Apache-2.0
"""Booted guests of single tests, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.evidence.harm import LOADED_AGAIN, Harm
from fixtures.matrix.guest_devices import WATCHDOG, devices_of
from fixtures.outcome.findings import findings
from fixtures.outcome.outcome import Outcome, RunRecord
from reports.sentences.sentences import sentences
from reports.sentences.subjects import guest_words, has_words
from suites.harness.support.report_samples import make_cell
from suites.harness.support.shipped_promises import shipped_promises


@pytest.mark.parametrize(
    "aspect,words",
    [
        ("tap-virtio", "with a virtio network card on a tap"),
        ("tap-virtio-2-queues", "with a virtio network card with 2 queues on a tap"),
        ("tap-rtl8139", "with an rtl8139 network card on a tap"),
        ("channels", "with a channel to their agent"),
        ("compat-power8", "that run as POWER8"),
        ("xbzrle-ends-it", "that write memory faster than it can be sent"),
        ("one-daemon-refused", "that are to be moved to the same libvirt daemon, which it must refuse"),
        ("virsh-postcopy", "that virsh moves (postcopy)"),
        ("asleep", "that are suspended to RAM while they are moved"),
        ("plugged-before-dimm", "that have a DIMM plugged in before the move"),
        ("wall-to-wall", "that have filled all their free memory"),
    ],
)
def test_guests_of_one_test_are_named_in_words(aspect: str, words: str) -> None:
    """Lose this and the first screen speaks of guests by the name of a test."""
    assert guest_words([f"idle-bare-1vcpu-{aspect}"]) == words


def test_guests_with_what_a_manager_acts_on_are_named_by_their_devices() -> None:
    """Lose this and a reader looks for the cause in a hot-plug that did not happen."""
    words = guest_words(["idle-managed-1vcpu"])
    assert words == "with virtio devices and those that a manager acts on (such as a watchdog or a keyboard)"
    assert set(devices_of("virtio", "x86_64")) - {"net"} < set(devices_of("managed", "x86_64"))
    assert {WATCHDOG, "ps2-kbd"} < set(devices_of("managed", "x86_64"))


@pytest.mark.parametrize(
    "aspects,words",
    [
        (
            ["block-job-stream", "block-job-mirror"],
            "whose disk a mirror or stream job works on while they are moved",
        ),
        (["tap-rtl8139", "tap-e1000"], "with an e1000 network card or an rtl8139 network card on a tap"),
        (["virsh-postcopy", "virsh-precopy"], "that virsh moves (postcopy or precopy)"),
        (["block-job-stream", "tap-e1000"], ""),
        (["block-job-stream", "xbzrle-ends-it"], ""),
        (["xbzrle-ends-it", "channels"], ""),
    ],
)
def test_guests_of_several_tests_of_one_kind_are_named_in_words(aspects: list[str], words: str) -> None:
    """Lose this and one defect of guests with one kind of job is said of all guests."""
    assert guest_words([f"idle-bare-1vcpu-{aspect}" for aspect in aspects]) == words


def test_guests_without_a_test_of_their_own_have_no_word_for_it() -> None:
    """Lose this and what hurts plain guests too is said of those with a job only."""
    assert guest_words(["idle-bare-1vcpu", "idle-bare-1vcpu-block-job-stream"]) == ""


def test_each_promised_aspect_has_words() -> None:
    """Lose this and the first screen speaks of `guests in the test asleep`."""
    aspects = {promise.aspect for promise in shipped_promises()}
    assert "asleep" in aspects
    assert {aspect for aspect in aspects if not has_words(aspect)} == set()


@pytest.mark.parametrize(
    "aspect,harm,words",
    [
        ("saved", Harm.LOST, "are lost when they are saved and restored: "),
        ("managed-save", Harm.LOST, "are lost when they are saved and restored: "),
        ("saved", Harm.STRANDED, "cannot be saved and restored: "),
        ("managed-save", Harm.STRANDED, "cannot be saved and restored: "),
        ("snapshot", Harm.CHANGED, "are changed when they are saved and loaded as a snapshot: "),
    ],
)
def test_guests_that_are_saved_are_not_said_to_be_moved(aspect: str, harm: Harm, words: str) -> None:
    """Lose this and users fear each move of guests that only a saved image loses."""
    said = "saved: the new build does not know the section `slirp`"
    proof = LOADED_AGAIN if harm is Harm.STRANDED else ""
    run = RunRecord("debian-12", "debian-13", "fail", said, "saved: no section", harm=harm, harm_proof=proof)
    cell = make_cell(1, Outcome.REGRESSION, reason=said, runs=[run])
    [finding] = findings([replace(cell, subject=f"idle-virtio-1vcpu-{aspect}").note_harm()])
    text = sentences(finding)
    assert text.happens.startswith(words)
    assert ("The old build still restores them." in text.happens) == (harm is Harm.STRANDED)
    advice = "Move them instead of saving them" if harm is Harm.LOST else "Restore what is saved of them"
    assert text.advice.startswith(advice)


@pytest.mark.parametrize("subject", ["idle-virtio-1vcpu-saved", "steps:resume+save"])
@pytest.mark.parametrize("proof", [LOADED_AGAIN, "which ran on by itself"])
def test_old_build_restores_only_what_it_has_loaded_again(subject: str, proof: str) -> None:
    """Lose this and an operator looks for a saved guest that does not exist, or restarts an ended one."""
    said = "saved: `snapshot-save` on the source: no space"
    run = RunRecord("debian-12", "debian-13", "fail", said, said, harm=Harm.STRANDED, harm_proof=proof)
    cell = make_cell(1, Outcome.REGRESSION, reason=said, runs=[run])
    [finding] = findings([replace(cell, subject=subject).note_harm()])
    text = sentences(finding)
    assert ("The old build still restores them." in text.happens) == (proof == LOADED_AGAIN)
    assert ("They run on under the old QEMU." in text.happens) == (proof != LOADED_AGAIN)
    assert text.advice.startswith("Restore what is saved") == (proof == LOADED_AGAIN)


@pytest.mark.parametrize(
    "qemu_says,words",
    [
        ("error while loading state for instance 0x0 of device '0000:00:01.0/virtio-blk'", "(virtio-blk)"),
        (
            "internal error: unable to execute QEMU command 'x': fd: is gone. (internal_error, qemu)",
            "(fd: is gone)",
        ),
    ],
)
def test_words_of_qemu_about_a_saved_guest_are_read_as_those_about_a_move(qemu_says: str, words: str) -> None:
    """Lose this and the first screen ends a sentence in the middle of QEMU's address of a device."""
    said = f"saved: {qemu_says}"
    run = RunRecord("debian-12", "debian-13", "fail", said, said, harm=Harm.STRANDED)
    cell = make_cell(1, Outcome.REGRESSION, reason=said, runs=[run])
    [finding] = findings([replace(cell, subject="idle-virtio-1vcpu-snapshot").note_harm()])
    text = sentences(finding)
    assert words in text.happens
    assert text.guests.endswith(" as an internal snapshot (by QMP)")
