# SPDX-License-Identifier: Apache-2.0
"""What is new since earlier runs: exactly that, and only what the earlier runs can tell."""

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
    """What the last of these runs shows that the others, each remembered, did not."""
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
    """Their machine types: short, and different in these tests."""
    return sorted(cell.machine for cell in cells)


def test_run_is_remembered(tmp_path: Path) -> None:
    """Lose this and each run is as the first one."""
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
            failed.id: Past(FAILS, f"regression | {signature}", CPU_FAILS),
            make_cell(1).id: Past(Outcome.PASS, blackout_ms=41.5),
        },
    )


def test_pairs_are_remembered_apart(tmp_path: Path) -> None:
    """Lose this and a finding is new because another update has not got it."""
    remember(night(1, *failing(*MACHINES)), ["a"], tmp_path)
    assert entries(tmp_path, "debian-13", "debian-12") == entries(tmp_path, "debian-12", "debian-14") == []
    assert tried_tests(tmp_path, "debian-13", "debian-12") == frozenset()


def test_newest_run_comes_first_and_the_oldest_goes(tmp_path: Path) -> None:
    """Lose this and a disk fills up with nights, or the next run is compared with last month's."""
    for month in (11, 12):
        for day in range(1, 29):
            run = make_run(make_cell(1))
            run.started = f"2026-{month}-{day:02}T01:00:00+00:00"
            remember(run, [], tmp_path)
    kept = [entry.started for entry in entries(tmp_path, "debian-12", "debian-13")]
    assert len(kept) == KEPT
    assert kept[0] == "2026-12-28T01:00:00+00:00"
    assert kept == sorted(kept, reverse=True)


def test_tests_of_all_runs_were_tried(tmp_path: Path) -> None:
    """Lose this and `--only-new` runs again what a run before the last one did."""
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
def test_damaged_memory_is_told(damage: str, tmp_path: Path) -> None:
    """Lose this and a full disk of last week ends each run in a traceback, its verdict lost."""
    file = history_dir(tmp_path, "debian-12", "debian-13") / "20261101T010000.json"
    file.parent.mkdir(parents=True)
    file.write_text(DAMAGED[damage])
    with pytest.raises(UsageError, match="what to do: remove") as told:
        entries(tmp_path, "debian-12", "debian-13")
    assert told.value.where == str(file)


def test_first_run_has_nothing_new(tmp_path: Path) -> None:
    """Lose this and all findings of a new pair are told twice."""
    assert compared(tmp_path, night(1, *failing(*MACHINES))) == NOTHING_BEFORE


def test_same_run_again_has_nothing_new(tmp_path: Path) -> None:
    """Lose this and nobody reads any more what is new, because something always is."""
    run = [*failing(*MACHINES), make_cell(1), make_cell(2, Outcome.REMOVED, reason="gone")]
    found = compared(tmp_path, night(1, *run), night(2, *reversed(run)))
    assert not found.any
    assert (found.since, found.verdict_then) == ("2026-11-01T01:00:00+00:00", "unsafe")


def test_new_finding_is_named_with_its_cells(tmp_path: Path) -> None:
    """Lose this and a regression of last night hides among those of last month."""
    before = [*failing(*MACHINES[:2]), *passing(*MACHINES[2:])]
    seed = failing(MACHINES[3], reason="Missing section footer for spapr; both controls pass")
    found = compared(tmp_path, night(1, *before), night(2, *before[:3], *seed))
    (new,) = found.new
    assert ids(new.cells) == [MACHINES[3]]
    assert new.finding.reason == seed[0].reason
    assert new.first_tried == 0
    assert found.gone == []


def test_known_defect_that_hits_more_is_new_for_those(tmp_path: Path) -> None:
    """Lose this and a defect of one machine type may spread to all without a word."""
    before = [*failing(MACHINES[0]), *passing(*MACHINES[1:])]
    (new,) = compared(tmp_path, night(1, *before), night(2, *failing(*MACHINES))).new
    assert ids(new.cells) == MACHINES[1:]
    assert len(new.finding.cells) == len(MACHINES)


def test_finding_that_is_gone_is_named(tmp_path: Path) -> None:
    """Lose this and a fix is not seen, and its known issue is never removed."""
    found = compared(tmp_path, night(1, *failing(*MACHINES)), night(2, *passing(*MACHINES)))
    (gone,) = found.gone
    assert (gone.outcome, gone.reason, ids(gone.cells)) == (FAILS, CPU_FAILS, MACHINES)
    assert found.new == []


def test_finding_is_gone_once(tmp_path: Path) -> None:
    """Lose this and what was fixed last month is told as fixed for as long as it is remembered."""
    nights = [failing(*MACHINES), passing(*MACHINES), passing(*MACHINES)]
    found = compared(tmp_path, *(night(number, *cells) for number, cells in enumerate(nights, 1)))
    assert not found.any


def test_cell_that_fails_otherwise_is_new_and_gone(tmp_path: Path) -> None:
    """Lose this and a second defect is taken for the first, which was fixed."""
    other = failing(*MACHINES, reason="bad section; both controls pass")
    found = compared(tmp_path, night(1, *failing(*MACHINES)), night(2, *other))
    assert [each.finding.reason for each in found.new] == ["bad section; both controls pass"]
    assert [each.reason for each in found.gone] == [CPU_FAILS]


def test_cell_that_did_not_run_is_not_gone(tmp_path: Path) -> None:
    """Lose this and a run of a few cells says that all defects of the others are fixed."""
    found = compared(tmp_path, night(1, *failing(*MACHINES)), night(2, *passing(MACHINES[0])))
    assert [ids(each.cells) for each in found.gone] == [[MACHINES[0]]]


def test_cell_that_could_not_be_judged_is_not_gone(tmp_path: Path) -> None:
    """Lose this and a rig that fails reads as a defect that was fixed."""
    erred = make_swept(MACHINES[0], "machine", Outcome.ERROR, "no space left")
    assert compared(tmp_path, night(1, *failing(MACHINES[0])), night(2, erred)).gone == []


def test_partial_run_in_between_disturbs_nothing(tmp_path: Path) -> None:
    """Lose this and each rerun of one cell makes all others new the night after."""
    whole = [*failing(*MACHINES[:2]), *passing(*MACHINES[2:])]
    found = compared(tmp_path, night(1, *whole), night(2, *passing(MACHINES[3])), night(3, *whole))
    assert not found.any
    assert found.first_tried == 0


def test_cells_that_never_ran_are_counted(tmp_path: Path) -> None:
    """Lose this and a defect of a cell that is tried for the first time reads as the update's newest one."""
    before, now = night(1, *failing(MACHINES[0])), night(2, *failing(*MACHINES[:3]), *passing(MACHINES[3]))
    found = compared(tmp_path, before, now)
    assert found.first_tried == 3
    assert [new.first_tried for new in found.new] == [2]


def blackouts(tmp_path: Path, *ms: float, outcome: Outcome = Outcome.PASS) -> Changes:
    """What is told of a cell that had these blackouts night by night, the last one of them now."""
    cells = [make_cell(1, blackout_ms=each) for each in ms]
    cells[-1].outcome = outcome
    return compared(tmp_path, *(night(number, cell) for number, cell in enumerate(cells, 1)))


@pytest.mark.parametrize("now", [38.0, 44.0, 70.0, 42 * NOISE])
def test_blackout_within_noise_is_not_told(now: float, tmp_path: Path) -> None:
    """Lose this and each report names a dozen cells that are as they were."""
    assert blackouts(tmp_path, 40, 42, 38, 41, 39, now).blackouts == []


@pytest.mark.parametrize("now", [42 * NOISE + 1, 400.0])
def test_blackout_beyond_noise_is_told(now: float, tmp_path: Path) -> None:
    """Lose this and an update may stop guests ten times as long as the one before, and still be safe."""
    (told,) = blackouts(tmp_path, 40, 42, 38, 41, 39, now).blackouts
    assert (told.now, told.middle, told.runs) == (now, 40.0, 5)
    assert told.high == 42 * NOISE


def test_beat_more_or_less_is_no_change(tmp_path: Path) -> None:
    """Lose this and the shortest blackouts, which nobody notices, are told most often."""
    assert blackouts(tmp_path, 8, 8, 8, 8, 8, 8 + LEAST_MS - 1).blackouts == []


def test_shorter_blackout_is_told(tmp_path: Path) -> None:
    """Lose this and nobody sees what an improvement was worth, nor that a measurement broke."""
    (told,) = blackouts(tmp_path, 400, 410, 390, 405, 400, 100).blackouts
    assert told.now < told.low < told.middle


def test_blackout_of_a_noisy_cell_needs_more(tmp_path: Path) -> None:
    """Lose this and cells that vary by nature are told each night."""
    assert blackouts(tmp_path, 100, 300, 500, 700, 900, 1700).blackouts == []


def test_too_few_blackouts_tell_nothing(tmp_path: Path) -> None:
    """Lose this and the second run of a pair is full of changes that are chance."""
    assert blackouts(tmp_path, *([40.0] * (FEWEST - 1)), 4000).blackouts == []


def test_blackout_of_a_failure_tells_nothing(tmp_path: Path) -> None:
    """Lose this and a guest that never woke is told as a slow one."""
    assert blackouts(tmp_path, *([40.0] * FEWEST), 4000, outcome=FAILS).blackouts == []


def to_and_fro(tmp_path: Path, *outcomes: Outcome) -> list[CellResult]:
    """Those cells that waver, of one that ended so night by night."""
    runs = [RunRecord("debian-12", "debian-13", "fail", "x", "migrate: x")]
    cells = [make_cell(1, outcome, runs=[] if outcome is Outcome.PASS else runs) for outcome in outcomes]
    return compared(tmp_path, *(night(number, cell) for number, cell in enumerate(cells, 1))).flaky


@pytest.mark.parametrize(
    "outcomes", [(FAILS, Outcome.PASS, FAILS), (Outcome.PASS, FAILS, Outcome.PASS, Outcome.PASS)]
)
def test_cell_that_wavers_is_told(outcomes: tuple[Outcome, ...], tmp_path: Path) -> None:
    """Lose this and a defect that strikes every third night is fixed and found anew all the time."""
    assert [cell.id for cell in to_and_fro(tmp_path, *outcomes)] == [make_cell(1).id]


@pytest.mark.parametrize(
    "outcomes", [(Outcome.PASS, Outcome.PASS, FAILS, FAILS), (FAILS, Outcome.DEFECT_NEW, Outcome.PASS)]
)
def test_cell_that_changed_once_does_not_waver(outcomes: tuple[Outcome, ...], tmp_path: Path) -> None:
    """Lose this and each fix is told as chance."""
    assert to_and_fro(tmp_path, *outcomes) == []


def end(run: RunResult, reports: Path, *, whole: bool = True) -> tuple[Changes, list[str]]:
    """End a run as the suite does."""
    return finish(run, ["a"], reports / "runs" / "1", reports, whole=whole)


def test_run_that_is_not_whole_is_not_remembered(tmp_path: Path) -> None:
    """Lose this and a run that was interrupted is what the next night is compared with."""
    end(night(1, make_cell(1)), tmp_path)
    assert end(night(2, make_cell(1, FAILS)), tmp_path, whole=False)[0] == NOTHING_BEFORE
    assert [entry.started for entry in entries(tmp_path, "debian-12", "debian-13")] == [night(1).started]


def test_run_that_is_reported_again_is_not_compared_with_itself(tmp_path: Path) -> None:
    """Lose this and merging the same shards once more says that nothing is new."""
    end(night(1, *passing(*MACHINES)), tmp_path)
    first, _ = end(night(2, *failing(*MACHINES)), tmp_path)
    again, _ = end(night(2, *failing(*MACHINES)), tmp_path)
    assert again == first
    assert len(again.new) == 1


def test_damaged_memory_costs_the_comparison_only(tmp_path: Path) -> None:
    """Lose this and one damaged file of last week loses the verdict of tonight."""
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
