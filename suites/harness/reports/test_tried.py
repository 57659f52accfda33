# SPDX-License-Identifier: Apache-2.0
"""Which ways are advised to guests that another way hurts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.outcome.by_design import lost_by_design
from fixtures.outcome.outcome import Outcome
from reports.sentences.tried import Tried
from suites.harness.support.report_samples import make_cell, said


@pytest.mark.parametrize(
    "aspect", ["full-disk-virtio-blk", "paused", "asleep", "hugepages", "plugged-before-dimm", "encrypted"]
)
def test_way_that_was_not_tried_with_such_guests_is_not_advised(aspect: str) -> None:
    """Lose this and a guest that sleeps or waits for its disk is sent to a way that only others survived."""
    lost = replace(
        make_cell(1, Outcome.DEFECT_OLD), subject=f"idle-virtio-1vcpu-{aspect}", mechanism="precopy"
    )
    plain = replace(make_cell(2, Outcome.PASS), subject="idle-virtio-1vcpu", mechanism="multifd")
    assert said(lost, plain).works == ""
    assert said(lost, plain).advice == "Restart them to leave the old build; no update moves them safely."
    alike = replace(lost, outcome=Outcome.PASS, mechanism="postcopy")
    assert said(lost, plain, alike).advice == "Move them with postcopy by QMP instead, or restart them."
    fails = replace(plain, mechanism="postcopy", outcome=Outcome.DEFECT_OLD)
    assert Tried([lost, alike, fails]).works([lost]) == set()


def test_way_that_only_some_of_the_guests_were_moved_by_is_advised_as_such() -> None:
    """Lose this and one guest that sleeps takes the way out from all others, or is sent on it untried."""
    plain = replace(make_cell(1, Outcome.DEFECT_OLD), subject="idle-virtio-1vcpu", mechanism="multifd")
    asleep = replace(plain, subject="idle-virtio-1vcpu-asleep")
    moved = replace(plain, outcome=Outcome.PASS, mechanism="precopy")
    assert said(plain, asleep, moved).works == "precopy by QMP (tried with some of them only)"
    both = replace(asleep, outcome=Outcome.PASS, mechanism="precopy")
    assert said(plain, asleep, moved, both).works == "precopy by QMP"


@pytest.mark.parametrize(
    "other", [{"arch": "ppc64le"}, {"subject": "idle-devices-1vcpu"}], ids=["arch", "kind"]
)
def test_way_that_another_kind_of_guests_was_moved_by_is_advised_as_such(other: dict[str, str]) -> None:
    """Lose this and guests of one architecture are sent on a way that only those of another were moved by."""
    here = replace(make_cell(1, Outcome.DEFECT_OLD), subject="idle-virtio-1vcpu", mechanism="multifd")
    moved = replace(here, outcome=Outcome.PASS, mechanism="precopy")
    tried = Tried([here, replace(here, **other), moved])  # type: ignore[arg-type]
    assert tried.works([here]) == {("qmp", "precopy")}
    assert tried.works([here, replace(here, **other)]) == set()  # type: ignore[arg-type]
    assert tried.works_for_some([here, replace(here, **other)]) == {("qmp", "precopy")}  # type: ignore[arg-type]


@pytest.mark.parametrize("aspect", ["fault-source-killed-in-postcopy", "one-daemon-refused", "saved"])
def test_guests_that_do_not_arrive_show_no_way_out(aspect: str) -> None:
    """Lose this and a way counts as tried by which guests were refused, saved, or lost by design."""
    failed = replace(
        make_cell(1, Outcome.DEFECT_OLD), subject=f"idle-virtio-1vcpu-{aspect}", mechanism="precopy"
    )
    passed = replace(
        failed,
        outcome=Outcome.PASS,
        mechanism="postcopy",
        reason=lost_by_design(aspect),
        total_ms=None if aspect == "one-daemon-refused" else 1.0,
    )
    assert said(failed, passed).works == ""


def test_guest_that_was_moved_back_as_well_shows_a_way_out() -> None:
    """Lose this and field guests get no advice: a night moves them by their second way there and back."""
    failed = replace(
        make_cell(1, Outcome.DEFECT_OLD), subject="busy-virt-install-2vcpu-field", mechanism="precopy"
    )
    back = replace(failed, outcome=Outcome.PASS, subject=f"{failed.subject}-moved-back", mechanism="postcopy")
    assert said(failed, back).works == "postcopy by QMP"
    stays = replace(back, subject=failed.subject)
    assert said(replace(failed, subject=back.subject), stays).works == ""
