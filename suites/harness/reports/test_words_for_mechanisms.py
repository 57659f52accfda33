# SPDX-License-Identifier: Apache-2.0
"""A finding names the mechanisms that hurt its guests, and those that work for such guests."""

from __future__ import annotations

from fixtures.evidence.harm import Harm
from fixtures.outcome.findings import findings
from fixtures.outcome.outcome import Outcome
from reports.sentences.sentences import sentences
from reports.sentences.tried import Tried
from suites.harness.support.report_samples import (
    failed,
    make_cell,
    make_swept,
    said,
)

VRING = "VQ 0 vring.num 1024 exceeds allocated max 128; load of migration failed: Invalid argument"


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


def test_nothing_is_said_of_mechanisms_that_were_not_tried() -> None:
    """Lose this and a device that was swept with one mechanism seems to move with others."""
    cells = [
        make_swept("pc-q35-7.2", "device:e1000", Outcome.REGRESSION, "load of migration failed"),
        make_cell(2, mechanism="precopy"),
    ]
    assert said(*cells).works == ""


def test_a_defect_of_the_old_build_is_avoided_by_what_works() -> None:
    """Lose this and a reader restarts guests that another mechanism moves."""
    lost = failed("memory", "1 page", Harm.LOST, Outcome.DEFECT_OLD, subject="idle-virtio-1vcpu")
    moved = make_cell(2, mechanism="precopy", subject="idle-virtio-1vcpu")
    assert said(lost, moved).advice == "Move them with precopy by QMP instead, or restart them."
    assert said(lost).advice == "Restart them to leave the old build; no update moves them safely."
