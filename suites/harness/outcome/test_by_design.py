# SPDX-License-Identifier: Apache-2.0
"""Cells that pass although their guest is lost say so, and what an operator can do."""

from __future__ import annotations

import pytest

from fixtures.outcome.by_design import LOST_BY_DESIGN, lost_by_design, those_lost, with_design
from fixtures.outcome.outcome import Outcome
from suites.harness.support.report_samples import make_cell
from suites.harness.support.shipped_promises import shipped_promises

THEIRS = {
    "fault-source-killed-in-first-pass",
    "fault-source-killed-in-later-pass",
    "fault-source-killed-in-switchover",
    "fault-source-killed-in-postcopy",
    "fault-source-killed-in-recovery",
    "fault-destination-killed-in-postcopy",
    "fault-destination-killed-in-recovery",
    "fault-destination-out-of-memory-in-postcopy",
    "fault-destination-disk-full-before-postcopy",
}
"""The aspects of guests that C, F and G of docs/faults.md are about."""
LETTERS = frozenset("CFG")


def test_guests_that_are_lost_by_design_are_known() -> None:
    """Lose this and a cell that moves to another name no longer says that its guest is lost."""
    assert {promise.aspect for promise in shipped_promises() if lost_by_design(promise.aspect)} == THEIRS
    assert {promise.aspect for promise in shipped_promises() if promise.letter in LETTERS} == THEIRS


@pytest.mark.parametrize("aspect", sorted(THEIRS))
def test_it_is_said_what_an_operator_can_do(aspect: str) -> None:
    """Lose this and an operator who has lost a guest this way reads `pass`, and no more."""
    said = with_design(Outcome.PASS, "its TPM was left out", aspect)
    assert said.startswith(f"{LOST_BY_DESIGN}: The ")
    assert "What an operator can do: " in said
    assert said.endswith("from a backup; its TPM was left out")


def test_failure_is_not_excused_by_design() -> None:
    """Lose this and a QEMU that runs the old state of a guest seems to do so by design."""
    reason = "never-both: source running"
    assert with_design(Outcome.REGRESSION, reason, "fault-source-killed-in-postcopy") == reason


def test_only_cells_that_passed_are_counted() -> None:
    """Lose this and the report counts guests as lost by design that were not tried."""
    lost = make_cell(1, reason=lost_by_design("fault-source-killed-in-postcopy"))
    assert those_lost([lost, make_cell(2), make_cell(3, Outcome.UNSUPPORTED, reason=LOST_BY_DESIGN)]) == [
        lost
    ]
