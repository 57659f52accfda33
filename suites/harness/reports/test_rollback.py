# SPDX-License-Identifier: Apache-2.0
"""The way back to the old build, in words."""

from __future__ import annotations

from pathlib import Path

from fixtures.outcome.outcome import CellResult, RunRecord
from reports.changes import NOTHING_BEFORE
from reports.machine_readable.verdict_json import verdict_data
from reports.rollback import rollback_words
from reports.terminal.summary import write_summary
from suites.harness.support.report_samples import make_cell, make_run, make_swept, stuck

E1000 = "pc-q35-7.2", "device:e1000"


def test_words_name_the_guests_that_cannot_return() -> None:
    """Lose this and a reader learns how many cells cannot return, but not which guests to keep back."""
    said = rollback_words(make_run(stuck(make_swept(*E1000), "bad"), make_swept("pc-q35-7.2", "machine")))
    assert said.startswith("not for guests with an e1000 network card (x86_64); ")
    assert "; the other 1 of 2 cells came back; " in said
    assert said.endswith("; not tried under KVM")


def test_only_cell_that_is_stuck_is_a_plain_no() -> None:
    """Lose this and a run of one guest ends with a sentence that reads as a yes."""
    said = rollback_words(make_run(stuck(make_swept(*E1000), "bad")))
    assert said.startswith("no: the only cell that was tried could not go back; ")


def test_words_name_an_architecture_instead_of_its_causes() -> None:
    """Lose this and a list of CPU models hides that nothing of an architecture returns."""
    power = [
        stuck(make_swept("pseries-7.2", f"cpu:power{n}"), f"bad section of {'xyz'[n]}") for n in range(3)
    ]
    said = rollback_words(make_run(*power, make_swept(*E1000)))
    assert said.startswith("not for any ppc64le guest that was tried; the other 1 of 4")


def test_words_name_what_stops_a_booted_guest() -> None:
    """Lose this and a guest with 23 devices cannot return, and nobody knows which of them is the cause."""
    cell = make_cell(1)
    cell.runs = [RunRecord("debian-12", "debian-13", "pass")] * 2
    said = rollback_words(
        make_run(stuck(cell, "Unknown savevm section or instance 'slirp' 1"), make_swept(*E1000))
    )
    assert ": the old build does not know a part of their state (slirp); the other 1 of 2" in said


def test_words_name_few_of_many() -> None:
    """Lose this and one sentence of the first screen names hundreds of devices."""
    cells = [stuck(make_swept("pc-q35-7.2", f"device:d-{n}"), "bad section") for n in range(200)]
    assert len(rollback_words(make_run(*cells, make_swept(*E1000)))) < 400


def test_words_say_what_was_not_tried() -> None:
    """Lose this and a yes for machines that never run is read as a yes for postcopy."""
    cell = make_cell(1, path="libvirt", mechanism="postcopy")
    cell.runs = [RunRecord("debian-12", "debian-13", "pass")]
    said = rollback_words(make_run(cell, make_swept(*E1000)))
    assert "; not tried for 1 cell that moved to the new build (postcopy by libvirt); " in said


def test_words_say_that_only_machines_without_a_guest_were_tried() -> None:
    """Lose this and the yes of a quick run is read as a yes for running guests."""
    words = "; only machines that run no guest were tried"
    assert words in rollback_words(make_run(make_swept(*E1000)))
    guest = make_cell(1)
    guest.runs = [RunRecord("debian-12", "debian-13", "pass"), RunRecord("debian-13", "debian-12", "pass")]
    assert words not in rollback_words(make_run(guest, make_swept(*E1000)))


def under_kvm(subject: str) -> CellResult:
    """A swept cell that moved under KVM, and was not moved back."""
    cell = make_swept("pc-q35-7.2", subject, accelerator="kvm on an emulated host")
    cell.runs = cell.runs[:1]
    return cell


def test_words_say_that_sweeps_under_kvm_were_not_moved_back() -> None:
    """Lose this and a yes for machines under TCG is read as a yes for the guests of a host with KVM."""
    slow = [under_kvm("machine"), under_kvm("device:e1000")]
    assert rollback_words(make_run(make_swept(*E1000))).endswith("; not tried under KVM")
    said = rollback_words(make_run(make_swept(*E1000), *slow))
    assert said.endswith("; not tried under KVM for 2 swept cells that moved to the new build")
    assert said.count("not tried") == 1


def test_words_do_not_deny_what_was_tried_under_kvm() -> None:
    """Lose this and a guest that was moved back under KVM seems to be missing."""
    tried = make_swept(*E1000, accelerator="kvm")
    assert "under KVM" not in rollback_words(make_run(tried))


def test_verdict_json_has_the_answer() -> None:
    """Lose this and a script cannot ask whether an update can be rolled back."""
    data = verdict_data(make_run(stuck(make_swept(*E1000), "bad")))["rollback_answer"]
    assert data["answer"] == "no"
    assert data["archs"] == {"x86_64": {"tried": 1, "cannot_return": 1}}


def test_summary_has_the_answer(tmp_path: Path) -> None:
    """Lose this and a merge request shows a verdict, but not whether there is a way back."""
    text = write_summary(make_run(make_swept(*E1000)), NOTHING_BEFORE, tmp_path).read_text()
    assert "- back to the old build: yes, for the only cell that was tried" in text
