# SPDX-License-Identifier: Apache-2.0
"""Runs are compared only with runs under the same accelerator."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.outcome.history import remember
from fixtures.outcome.outcome import Outcome
from reports.changes import FEWEST, NOTHING_BEFORE
from suites.harness.support.history_samples import FAILS, MACHINES, compared, night, passing
from suites.harness.support.report_samples import make_cell

EMULATED = "kvm on an emulated host"
TCG_NIGHTS = [night(number, make_cell(1, blackout_ms=40.0)) for number in range(1, FEWEST + 1)]


def test_first_run_under_another_accelerator_has_nothing_new(tmp_path: Path) -> None:
    """Lose this and the first run on an emulated host reports the slowness of that host as a change."""
    there = night(9, make_cell(1, blackout_ms=4000.0, accelerator=EMULATED))
    assert compared(tmp_path, *TCG_NIGHTS, there) == NOTHING_BEFORE


def test_cell_is_compared_with_its_last_run_under_the_same_accelerator(tmp_path: Path) -> None:
    """Lose this and a run on an emulated host makes the next one under TCG report findings as gone."""
    there = night(8, make_cell(1, FAILS, accelerator=EMULATED))
    found = compared(tmp_path, *TCG_NIGHTS, there, night(9, make_cell(1)))
    assert not found.any
    assert (found.since, found.verdict_then) == (TCG_NIGHTS[-1].started, "safe")


def test_verdict_of_a_partly_comparable_run_is_not_repeated(tmp_path: Path) -> None:
    """Lose this and a page names the verdict of TCG as the last one of an emulated host."""
    there = night(9, make_cell(1, accelerator=EMULATED), *passing(*MACHINES))
    found = compared(tmp_path, night(1, make_cell(1), *passing(*MACHINES)), there)
    assert (found.since, found.verdict_then, found.first_tried) == (night(1).started, "", 1)


@pytest.mark.parametrize("now,known", [("tcg", True), ("kvm", True), (EMULATED, False)])
def test_run_recorded_without_accelerators_ran_on_the_machine(now: str, known: bool, tmp_path: Path) -> None:
    """Lose this and an update of the suite forgets all earlier runs, or compares them with emulated hosts."""
    file = remember(night(1, make_cell(1)), [], tmp_path)
    file.write_text(file.read_text().replace(', "accelerator": "tcg"', ""))
    assert bool(compared(tmp_path, night(2, make_cell(1, accelerator=now))).since) is known


def test_removed_cell_is_the_same_under_each_accelerator(tmp_path: Path) -> None:
    """Lose this and a machine type that comes back is not reported as a gone finding."""
    removed = night(1, make_cell(1, Outcome.REMOVED, reason="gone", accelerator=""))
    (gone,) = compared(tmp_path, removed, night(2, make_cell(1, accelerator=EMULATED))).gone
    assert gone.outcome is Outcome.REMOVED


def test_cell_without_a_place_is_not_a_fix(tmp_path: Path) -> None:
    """Lose this and a path that emulated hosts lack reports the defects found under TCG as gone."""
    there = night(2, make_cell(1, Outcome.UNSUPPORTED, accelerator=""))
    assert compared(tmp_path, night(1, make_cell(1, FAILS)), there) == NOTHING_BEFORE
