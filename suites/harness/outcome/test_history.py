# SPDX-License-Identifier: Apache-2.0
"""What is new since earlier runs, as far as the earlier runs show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.outcome.history import KEPT, Entry, Past, entries, history_dir, remember, tried_tests
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord, RunResult
from reports.changes import FEWEST, LEAST_MS, NOISE, NOTHING_BEFORE, Changes, changes
from reports.finish import finish
from suites.harness.support.report_samples import CPU_FAILS, make_cell, make_run, make_swept

FAILS = Outcome.REGRESSION
MACHINES = [f"pseries-3.{number}" for number in range(4)]


def night(number: int, *cells: CellResult) -> RunResult:
    """The run of one night."""
    run = make_run(*cells)
    run.started = f"2026-11-{number:02}T01:00:00+00:00"
    return run


def compared(tmp_path: Path, *runs: RunResult) -> Changes:
    """The changes of the last of these runs, after the others were added to the history."""
    for run in runs[:-1]:
        remember(run, [], tmp_path)
    return changes(runs[-1], entries(tmp_path, "debian-12", "debian-13"))


def failing(*machines: str, reason: str = CPU_FAILS) -> list[CellResult]:
    """Cells of these machine types, all failing for one reason."""
    return [make_swept(machine, "machine", FAILS, reason) for machine in machines]


def passing(*machines: str) -> list[CellResult]:
    """The same cells, which pass."""
    return [make_swept(machine, "machine") for machine in machines]


def ids(cells: Sequence[CellResult]) -> list[str]:
    """The cells' machine types, which identify the cells of these tests."""
    return sorted(cell.machine for cell in cells)


def test_run_is_added_to_the_history(tmp_path: Path) -> None:
    """Lose this and every run is compared with nothing."""
    failed = failing(MACHINES[0])[0]
    run = night(1, failed, make_cell(1, blackout_ms=41.5))
    remember(run, ["a", "b"], tmp_path)
    (entry,) = entries(tmp_path, "debian-12", "debian-13")
    signature = failed.runs[0].signature
    assert entry == Entry(
        run.started,
        "unsafe",
        ("a", "b"),
        {
            failed.id: Past(FAILS, f"regression | {signature}", CPU_FAILS, accelerator="tcg"),
            make_cell(1).id: Past(Outcome.PASS, blackout_ms=41.5, accelerator="tcg"),
        },
    )


def test_each_pair_has_its_own_history(tmp_path: Path) -> None:
    """Lose this and a finding counts as new because another pair does not have it."""
    remember(night(1, *failing(*MACHINES)), ["a"], tmp_path)
    assert entries(tmp_path, "debian-13", "debian-12") == entries(tmp_path, "debian-12", "debian-14") == []
    assert tried_tests(tmp_path, "debian-13", "debian-12") == frozenset()


def test_newest_run_comes_first_and_the_oldest_is_removed(tmp_path: Path) -> None:
    """Lose this and the history fills the disk, or a run is compared with one of last month."""
    for month in (11, 12):
        for day in range(1, 29):
            run = make_run(make_cell(1))
            run.started = f"2026-{month}-{day:02}T01:00:00+00:00"
            remember(run, [], tmp_path)
    kept = [entry.started for entry in entries(tmp_path, "debian-12", "debian-13")]
    assert len(kept) == KEPT
    assert kept[0] == "2026-12-28T01:00:00+00:00"
    assert kept == sorted(kept, reverse=True)


def test_history_lists_the_tests_of_all_runs(tmp_path: Path) -> None:
    """Lose this and `--only-new` repeats tests that an earlier run has done."""
    remember(night(1), ["a", "b"], tmp_path)
    remember(night(2), ["b", "c"], tmp_path)
    assert tried_tests(tmp_path, "debian-12", "debian-13") == {"a", "b", "c"}


HEAD = '{"schema": 1, "started": "", "verdict": "", "tests": []'
DAMAGED = {
    "cut": '{"schema": 1, "cel',
    "nothing": "null",
    "no cells": HEAD + "}",
    "unknown outcome": HEAD + ', "cells": {"a": {"outcome": "odd"}}}',
    "another version": '{"schema": 2}',
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_history_is_reported(damage: str, tmp_path: Path) -> None:
    """Lose this and a damaged history file ends each run in a traceback without a verdict."""
    file = history_dir(tmp_path, "debian-12", "debian-13") / "20261101T010000.json"
    file.parent.mkdir(parents=True)
    file.write_text(DAMAGED[damage])
    with pytest.raises(UsageError, match="what to do: remove") as raised:
        entries(tmp_path, "debian-12", "debian-13")
    assert raised.value.where == str(file)


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


def end(run: RunResult, reports: Path, *, whole: bool = True) -> tuple[Changes, list[str]]:
    """End a run as the suite does."""
    return finish(run, ["a"], reports / "runs" / "1", reports, whole=whole)


def test_incomplete_run_is_not_added_to_the_history(tmp_path: Path) -> None:
    """Lose this and the next run is compared with an interrupted one."""
    end(night(1, make_cell(1)), tmp_path)
    assert end(night(2, make_cell(1, FAILS)), tmp_path, whole=False)[0] == NOTHING_BEFORE
    assert [entry.started for entry in entries(tmp_path, "debian-12", "debian-13")] == [night(1).started]


def test_run_that_is_reported_again_is_not_compared_with_itself(tmp_path: Path) -> None:
    """Lose this and a second merge of the same shards reports nothing as new."""
    end(night(1, *passing(*MACHINES)), tmp_path)
    first, _ = end(night(2, *failing(*MACHINES)), tmp_path)
    again, _ = end(night(2, *failing(*MACHINES)), tmp_path)
    assert again == first
    assert len(again.new) == 1


def test_damaged_history_prevents_only_the_comparison(tmp_path: Path) -> None:
    """Lose this and one damaged file of an earlier run prevents the verdict of this run."""
    file = remember(night(1, make_cell(1)), [], tmp_path)
    file.write_text("{")
    _, remarks = end(night(2, make_cell(1)), tmp_path)
    assert [remark for remark in remarks if str(file) in remark]
    assert (tmp_path / "runs/1/verdict.json").is_file()


def test_reruns_push_no_night_out_of_memory(tmp_path: Path) -> None:
    """Lose this and thirty looks at one cell make the next night compare with nothing."""
    night = make_run(make_cell(1))
    remember(night, ["a"], tmp_path)
    for minute in range(KEPT + 5):
        rerun = replace(night, started=f"2027-01-01T00:{minute:02}:00+00:00")
        remember(rerun, ["a"], tmp_path, rerun=True)
    remembered = entries(tmp_path, night.old.name, night.new.name)
    assert len(remembered) == KEPT + 1
    assert remembered[-1].started == night.started
