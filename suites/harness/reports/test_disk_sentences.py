# SPDX-License-Identifier: Apache-2.0
"""Findings about disks that guests write to, in plain sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.evidence.blocks import LOST_WITHOUT_MOVE, NEVER_AFTER_PAUSE
from fixtures.evidence.harm import Harm
from fixtures.guest.written_disk import DISK_REQUESTS
from fixtures.matrix.disks import DiskOptions, covering_disks
from fixtures.outcome.blame import signature
from fixtures.outcome.findings import findings
from fixtures.outcome.outcome import Outcome, RunRecord
from reports.sentences.sentences import Sentences, sentences
from reports.sentences.subjects import guest_words
from reports.sentences.tried import Tried
from suites.harness.support.report_samples import make_cell

THREAD = "raw-virtio-blk-iothread-none-threads"


def _words(disk: str) -> str:
    return guest_words([f"idle-bare-1vcpu-disk-{disk}"])


@pytest.mark.parametrize(
    "disk, words",
    [
        (DiskOptions("raw", "ahci"), "a raw disk on ahci"),
        (
            DiskOptions("chain", "virtio-scsi", iothread=True),
            "a chain of images on virtio-scsi with an iothread",
        ),
        (DiskOptions("qcow2", "virtio-blk", plugged=True), "a qcow2 disk on virtio-blk that was plugged in"),
    ],
)
def test_disk_is_named_in_words(disk: DiskOptions, words: str) -> None:
    """Lose this and the first screen names a disk by the words of a cell's id."""
    assert _words(disk.name) == f"that write to {words}"


def test_each_disk_has_words() -> None:
    """Lose this and a new kind of disk is shown as a name in brackets."""
    assert [disk.name for disk, _ in covering_disks() if "(" in _words(disk.name)] == []


@pytest.mark.parametrize("name", ["new", "new-virtio-blk-none", "raw-floppy-none-threads"])
def test_disk_of_another_version_is_shown_by_its_name(name: str) -> None:
    """Lose this and a report of a recorded run with other disks fails, or says something false."""
    assert _words(name) == f"that write to a disk ({name})"


def _lost_by_a_pause(subject: str, outcome: Outcome) -> Sentences:
    words = "32 of 99 requests never end after pause 7"
    said = signature(DISK_REQUESTS, NEVER_AFTER_PAUSE)
    run = RunRecord("debian-12", "debian-13", "fail", f"{DISK_REQUESTS}: {words}", said, harm=Harm.LOST)
    cell = make_cell(1, outcome, reason=f"{DISK_REQUESTS}: {words}", runs=[run])
    [finding] = findings([replace(cell, subject=f"idle-bare-1vcpu-disk-{subject}").note_harm()])
    return sentences(finding)


@pytest.mark.parametrize("outcome", [Outcome.DEFECT_NEW, Outcome.DEFECT_OLD])
def test_guests_that_a_pause_loses_are_not_said_to_be_lost_by_a_move(outcome: Outcome) -> None:
    """Lose this and users restart guests under a build in which their disks stop as well."""
    text = _lost_by_a_pause(f"{THREAD}-pauses", outcome)
    assert "disk on virtio-blk with an iothread and are paused after their move" in text.guests
    assert text.happens.startswith("are lost when they are paused: ")
    assert text.advice.startswith("Restart them without an iothread for their disks")


def test_disk_without_an_iothread_gets_no_advice_about_one() -> None:
    """Lose this and users take away what their guests do not have."""
    assert "iothread" not in _lost_by_a_pause("raw-virtio-blk-none-threads-pauses", Outcome.DEFECT_NEW).advice


@pytest.mark.parametrize("outcome, build", [(Outcome.DEFECT_OLD, "old"), (Outcome.DEFECT_NEW, "new")])
def test_build_that_loses_requests_without_a_move_is_named(outcome: Outcome, build: str) -> None:
    """Lose this and a page says that such guests do not move, and nothing of their iothread."""
    said = "devices: scsi-disk-iothread: an earlier request has not ended"
    run = RunRecord("debian-13", "debian-14", "fail", said, "devices: scsi-disk-iothread", harm=Harm.CHANGED)
    cell = make_cell(1, outcome, reason=f"{said}; debian-13 {LOST_WITHOUT_MOVE}: 32 never end", runs=[run])
    text = sentences(findings([replace(cell, subject="busy-proxmox-2vcpu-field").note_harm()])[0])
    assert text.advice.startswith("Restart them without an iothread for their disks")
    assert f"The {build} build also loses requests when it stops and continues" in text.blame


def test_how_other_guests_move_says_nothing_of_guests_with_a_disk() -> None:
    """Lose this and users move guests by a mechanism that was tried without their disk."""
    subject = f"idle-bare-1vcpu-disk-{THREAD}-pauses"
    lost = replace(make_cell(1, Outcome.DEFECT_NEW), subject=subject, mechanism="precopy")
    bare = replace(make_cell(2, Outcome.PASS), subject="idle-bare-1vcpu", mechanism="multifd")
    alike = replace(lost, outcome=Outcome.PASS, mechanism="postcopy")
    assert Tried([lost, bare]).works([lost]) == set()
    assert Tried([lost, bare, alike]).works([lost]) == {(alike.path, "postcopy")}


def test_how_other_guests_move_says_nothing_of_guests_that_an_update_took_over() -> None:
    """Lose this and guests with slirp, which no way moves, are sent from one mechanism to the next."""
    lost = replace(make_cell(1, Outcome.REGRESSION), subject="busy-virtio-2vcpu-adopted")
    started_anew = replace(make_cell(2, Outcome.PASS), subject="busy-virtio-2vcpu", mechanism="multifd")
    without_slirp = replace(
        make_cell(3, Outcome.PASS), subject="idle-bare-1vcpu-adopted", mechanism="precopy"
    )
    assert Tried([lost, started_anew, without_slirp]).works([lost]) == set()


def test_ways_by_which_other_guests_fail_are_no_way_out_for_bare_guests_that_an_update_took_over() -> None:
    """Lose this and an administrator is sent to a mechanism that no guest with devices survives."""
    lost = replace(make_cell(1, Outcome.REGRESSION), subject="idle-bare-1vcpu-adopted", mechanism="postcopy")
    passed = replace(lost, outcome=Outcome.PASS, mechanism="precopy")
    fails = replace(make_cell(2, Outcome.REGRESSION), subject="idle-virtio-1vcpu", mechanism="precopy")
    moves = replace(fails, outcome=Outcome.PASS)
    assert Tried([lost, passed, moves]).works([lost]) == {(passed.path, "precopy")}
    assert Tried([lost, passed, moves, fails]).works([lost]) == set()


def test_way_by_which_only_bare_guests_move_is_no_way_out() -> None:
    """Lose this and guests with virtio are sent to a way that nobody tried with them, and are lost by it."""
    virtio = replace(make_cell(1, Outcome.REGRESSION), subject="busy-virtio-1vcpu", mechanism="postcopy")
    tap = replace(virtio, subject="busy-bare-1vcpu-tap-virtio")
    plugged = replace(virtio, subject="idle-bare-1vcpu-plugged-before-nic")
    bare = replace(make_cell(2, Outcome.PASS), subject="busy-bare-1vcpu", mechanism="postcopy-immediate")
    assert Tried([virtio, tap, plugged, bare]).works([virtio, tap, plugged]) == set()
    devices = replace(bare, subject="busy-devices-1vcpu")
    assert Tried([virtio, plugged, bare, devices]).works([plugged]) == set()
    alike = replace(bare, subject=plugged.subject)
    assert Tried([virtio, plugged, alike]).works([plugged]) == set()
    assert Tried([virtio, plugged, alike, devices]).works([plugged]) == {(bare.path, bare.mechanism)}
