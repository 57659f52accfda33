# SPDX-License-Identifier: Apache-2.0
"""What is new since earlier runs, as far as the earlier runs show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from reports.changes import FEWEST, LEAST_MS, NOISE, NOTHING_BEFORE, Changes
from suites.harness.support.history_samples import FAILS, MACHINES, compared, failing, ids, night, passing
from suites.harness.support.report_samples import CPU_FAILS, make_cell, make_swept


def test_first_run_has_nothing_new(tmp_path: Path) -> None:
    """Lose this and all findings of a new pair are listed twice."""
    assert compared(tmp_path, night(1, *failing(*MACHINES))) == NOTHING_BEFORE


def test_same_run_again_has_nothing_new(tmp_path: Path) -> None:
    """Lose this and every report lists known findings as new."""
    run = [*failing(*MACHINES), make_cell(1), make_cell(2, Outcome.REMOVED, reason="gone")]
    found = compared(tmp_path, night(1, *run), night(2, *reversed(run)))
    assert not found.any
    assert (found.since, found.verdict_then) == ("2026-11-01T01:00:00+00:00", "unsafe")


def test_new_finding_is_named_with_its_cells(tmp_path: Path) -> None:
    """Lose this and the report does not distinguish a new regression from old ones."""
    before = [*failing(*MACHINES[:2]), *passing(*MACHINES[2:])]
    seed = failing(MACHINES[3], reason="Missing section footer for spapr; both controls pass")
    found = compared(tmp_path, night(1, *before), night(2, *before[:3], *seed))
    (new,) = found.new
    assert ids(new.cells) == [MACHINES[3]]
    assert new.finding.reason == seed[0].reason
    assert new.first_tried == 0
    assert found.gone == []


def test_old_finding_with_more_cells_is_new_for_those(tmp_path: Path) -> None:
    """Lose this and a defect that spreads to more machine types goes unreported."""
    before = [*failing(MACHINES[0]), *passing(*MACHINES[1:])]
    (new,) = compared(tmp_path, night(1, *before), night(2, *failing(*MACHINES))).new
    assert ids(new.cells) == MACHINES[1:]
    assert len(new.finding.cells) == len(MACHINES)


def test_finding_that_is_gone_is_named(tmp_path: Path) -> None:
    """Lose this and the report does not show a fix, so its known issue stays in matrix.yaml."""
    found = compared(tmp_path, night(1, *failing(*MACHINES)), night(2, *passing(*MACHINES)))
    (gone,) = found.gone
    assert (gone.outcome, gone.reason, ids(gone.cells)) == (FAILS, CPU_FAILS, MACHINES)
    assert found.new == []


def test_finding_is_gone_once(tmp_path: Path) -> None:
    """Lose this and every run reports a defect as fixed that was fixed last month."""
    nights = [failing(*MACHINES), passing(*MACHINES), passing(*MACHINES)]
    found = compared(tmp_path, *(night(number, *cells) for number, cells in enumerate(nights, 1)))
    assert not found.any


def test_cell_that_fails_differently_is_new_and_gone(tmp_path: Path) -> None:
    """Lose this and a new defect is mistaken for the old one, which was fixed."""
    other = failing(*MACHINES, reason="bad section; both controls pass")
    found = compared(tmp_path, night(1, *failing(*MACHINES)), night(2, *other))
    assert [each.finding.reason for each in found.new] == ["bad section; both controls pass"]
    assert [each.reason for each in found.gone] == [CPU_FAILS]


def test_cell_that_did_not_run_is_not_gone(tmp_path: Path) -> None:
    """Lose this and a run of a few cells reports the defects of all others as fixed."""
    found = compared(tmp_path, night(1, *failing(*MACHINES)), night(2, *passing(MACHINES[0])))
    assert [ids(each.cells) for each in found.gone] == [[MACHINES[0]]]


def test_cell_that_could_not_be_judged_is_not_gone(tmp_path: Path) -> None:
    """Lose this and an error of the suite reports a defect as fixed."""
    erred = make_swept(MACHINES[0], "machine", Outcome.ERROR, "no space left")
    assert compared(tmp_path, night(1, *failing(MACHINES[0])), night(2, erred)).gone == []


def test_error_is_neither_new_nor_gone(tmp_path: Path) -> None:
    """Lose this and a full disk is reported as a new defect, and the next night as a mended one."""
    erred = make_swept(MACHINES[0], "machine", Outcome.ERROR, "no space left")
    nights = night(1, *passing(*MACHINES)), night(2, erred), night(3, *passing(*MACHINES))
    assert not compared(tmp_path, *nights[:2]).any
    assert not compared(tmp_path / "again", *nights[1:]).any


def test_partial_run_does_not_affect_other_cells(tmp_path: Path) -> None:
    """Lose this and after a rerun of one cell the next run reports all others as new."""
    whole = [*failing(*MACHINES[:2]), *passing(*MACHINES[2:])]
    found = compared(tmp_path, night(1, *whole), night(2, *passing(MACHINES[3])), night(3, *whole))
    assert not found.any
    assert found.first_tried == 0


def test_cells_that_never_ran_are_counted(tmp_path: Path) -> None:
    """Lose this and a defect of a cell that runs for the first time looks like a new defect of the update."""
    before, now = night(1, *failing(MACHINES[0])), night(2, *failing(*MACHINES[:3]), *passing(MACHINES[3]))
    found = compared(tmp_path, before, now)
    assert found.first_tried == 3
    assert [new.first_tried for new in found.new] == [2]


def blackouts(tmp_path: Path, *ms: float, outcome: Outcome = Outcome.PASS) -> Changes:
    """The changes of a cell that had these blackouts (milliseconds) in successive runs, the last one now."""
    cells = [make_cell(1, blackout_ms=each) for each in ms]
    cells[-1].outcome = outcome
    return compared(tmp_path, *(night(number, cell) for number, cell in enumerate(cells, 1)))


@pytest.mark.parametrize("now", [38.0, 44.0, 70.0, 42 * NOISE])
def test_blackout_within_noise_is_not_reported(now: float, tmp_path: Path) -> None:
    """Lose this and each report lists cells that did not change."""
    assert blackouts(tmp_path, 40, 42, 38, 41, 39, now).blackouts == []


@pytest.mark.parametrize("now", [42 * NOISE + 1, 400.0])
def test_blackout_beyond_noise_is_reported(now: float, tmp_path: Path) -> None:
    """Lose this and an update that stops guests ten times as long as before goes unnoticed."""
    (change,) = blackouts(tmp_path, 40, 42, 38, 41, 39, now).blackouts
    assert (change.now, change.middle, change.runs) == (now, 40.0, 5)
    assert change.high == 42 * NOISE


def test_change_by_one_beat_is_not_reported(tmp_path: Path) -> None:
    """Lose this and the shortest blackouts, which harm nobody, are reported most often."""
    assert blackouts(tmp_path, 8, 8, 8, 8, 8, 8 + LEAST_MS - 1).blackouts == []


def test_shorter_blackout_is_reported(tmp_path: Path) -> None:
    """Lose this and the report shows neither an improvement nor a broken measurement."""
    (change,) = blackouts(tmp_path, 400, 410, 390, 405, 400, 100).blackouts
    assert change.now < change.low < change.middle


def test_blackout_of_a_noisy_cell_needs_more(tmp_path: Path) -> None:
    """Lose this and cells with blackouts that always vary are reported each night."""
    assert blackouts(tmp_path, 100, 300, 500, 700, 900, 1700).blackouts == []


def test_too_few_blackouts_report_nothing(tmp_path: Path) -> None:
    """Lose this and the second run of a pair reports random differences as changes."""
    assert blackouts(tmp_path, *([40.0] * (FEWEST - 1)), 4000).blackouts == []


def test_blackout_of_a_failure_is_not_compared(tmp_path: Path) -> None:
    """Lose this and a guest that never woke is reported as a slow one."""
    assert blackouts(tmp_path, *([40.0] * FEWEST), 4000, outcome=FAILS).blackouts == []


def flaky_cells(tmp_path: Path, *outcomes: Outcome) -> list[CellResult]:
    """The flaky cells after one cell had these outcomes in successive runs."""
    runs = [RunRecord("debian-12", "debian-13", "fail", "x", "migrate: x")]
    cells = [make_cell(1, outcome, runs=[] if outcome is Outcome.PASS else runs) for outcome in outcomes]
    return compared(tmp_path, *(night(number, cell) for number, cell in enumerate(cells, 1))).flaky


@pytest.mark.parametrize(
    "outcomes", [(FAILS, Outcome.PASS, FAILS), (Outcome.PASS, FAILS, Outcome.PASS, Outcome.PASS)]
)
def test_cell_with_changing_outcomes_is_reported(outcomes: tuple[Outcome, ...], tmp_path: Path) -> None:
    """Lose this and a defect that occurs every third night is alternately reported as fixed and as new."""
    assert [cell.id for cell in flaky_cells(tmp_path, *outcomes)] == [make_cell(1).id]


@pytest.mark.parametrize(
    "outcomes", [(Outcome.PASS, Outcome.PASS, FAILS, FAILS), (FAILS, Outcome.DEFECT_NEW, Outcome.PASS)]
)
def test_cell_that_changed_once_is_not_flaky(outcomes: tuple[Outcome, ...], tmp_path: Path) -> None:
    """Lose this and each fix is reported as a flaky cell."""
    assert flaky_cells(tmp_path, *outcomes) == []
