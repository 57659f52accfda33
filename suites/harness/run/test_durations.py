# SPDX-License-Identifier: Apache-2.0
"""Estimates of how long a test takes, on any host and for any pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.schema import Pair, load_matrix
from fixtures.outcome.journal import Ended
from fixtures.outcome.outcome import Outcome
from fixtures.places import DURATIONS, MATRIX_FILE
from fixtures.qualify.limits import hurt_by
from fixtures.run.durations import (
    UNKNOWN_SECONDS,
    Durations,
    arch_of,
    estimates,
    load_durations,
    record,
)
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import OLD, leave_run, make_ended, make_plan

PAIR = Pair(old="debian-12", new="debian-13")
TEST = "suites/hotpatch/test_qmp.py::test_survives"
SLOW, FAST, OTHER = f"{TEST}[ppc64le-a]", f"{TEST}[x86_64-a]", f"{TEST}[x86_64-b]"
KNOWN: Durations = {
    SLOW: {"debian-12 debian-13": 90.0, "debian-11 debian-12": 70.0},
    FAST: {"debian-12 debian-13": 10.0, "debian-11 debian-12": 1.0},
    OTHER: {"debian-11 debian-12": 30.0, "debian-11 debian-13": 50.0, "debian-10 debian-11": 31.0},
}


def estimate(test: str, recorded: Durations = KNOWN) -> float:
    """The expected duration of one test in seconds."""
    return estimates([test], PAIR, recorded)[test]


def test_duration_of_the_same_pair_counts() -> None:
    """Lose this and the shards of a slow pair are divided by the durations of a fast one."""
    assert estimate(FAST) == 10.0


def test_test_that_took_no_time_takes_none() -> None:
    """Lose this and a test that is quick with this pair counts as long as with the slowest pair."""
    assert estimate(FAST, {FAST: {"debian-12 debian-13": 0.0, "debian-11 debian-12": 60.0}}) == 0.0


def test_durations_of_other_pairs_are_the_fallback() -> None:
    """Lose this and the shards of a new pair are uneven, although its tests ran with other pairs."""
    assert estimate(OTHER) == 31.0


def test_test_that_never_ran_takes_as_long_as_similar_ones() -> None:
    """Lose this and each new guest of a slow architecture delays one host."""
    assert estimate(f"{TEST}[ppc64le-new]") == 90.0
    assert estimate(f"{TEST}[x86_64-new]") == 20.5


def test_test_like_no_other_takes_the_usual_time() -> None:
    """Lose this and a new suite counts as zero seconds in the shards."""
    assert estimate("suites/new/test_new.py::test_new") == 31.0


def test_without_records_all_tests_take_equally_long() -> None:
    """Lose this and a fresh matrix has no shards."""
    assert estimates([SLOW, FAST], PAIR, {}) == {SLOW: UNKNOWN_SECONDS, FAST: UNKNOWN_SECONDS}


def test_test_with_an_empty_record_counts_as_unknown() -> None:
    """Lose this and an entry that was emptied by hand ends every run."""
    assert estimate(f"{TEST}[x86_64-c]", {**KNOWN, f"{TEST}[x86_64-c]": {}}) == 20.5


def test_order_of_tests_is_kept() -> None:
    """Lose this and a shard runs its tests in another order than the whole run."""
    assert list(estimates([SLOW, "x", FAST], PAIR, KNOWN)) == [SLOW, "x", FAST]


@pytest.mark.parametrize("test,arch", [(SLOW, "ppc64le"), (FAST, "x86_64"), (TEST, "")])
def test_architecture_comes_from_the_id(test: str, arch: str) -> None:
    """Lose this and every host needs the guest images of every architecture."""
    assert arch_of(test) == arch


def test_recorded_durations_are_used(tmp_path: Path) -> None:
    """Lose this and the measured durations do not make the shards more even."""
    cell = make_cell(1, nodeid=FAST)
    plan = make_plan([FAST, "harness"])
    run = leave_run(tmp_path / "run", plan, [make_ended(cell, seconds=12.345), Ended("harness", 0.2)])
    file = tmp_path / "durations.json"
    assert record([run], file) == 2
    assert load_durations(file) == {
        FAST: {"debian-12 debian-13": 12.3},
        "harness": {"debian-12 debian-13": 0.2},
    }


def test_record_keeps_the_durations_of_other_runs(tmp_path: Path) -> None:
    """Lose this and a short run deletes the durations of all tests that it left out."""
    file = tmp_path / "durations.json"
    for name, test, seconds in (("1", FAST, 10.0), ("2", SLOW, 90.0), ("3", FAST, 11.0)):
        cell = make_cell(1, nodeid=test)
        record([leave_run(tmp_path / name, make_plan([test]), [make_ended(cell, seconds=seconds)])], file)
    assert {test: estimate(test, load_durations(file)) for test in (FAST, SLOW)} == {FAST: 11.0, SLOW: 90.0}


def test_record_anew_forgets_other_pairs_of_what_ran(tmp_path: Path) -> None:
    """Lose this and tests that became ten times faster keep their old durations with every other pair."""
    file = tmp_path / "durations.json"
    for name, test, old in (("1", FAST, "debian-11"), ("2", SLOW, "debian-11"), ("3", FAST, "debian-12")):
        plan = make_plan([test], old=replace(OLD, name=old))
        run = leave_run(tmp_path / name, plan, [make_ended(make_cell(1, nodeid=test), seconds=float(name))])
        record([run], file, anew=name == "3")
    assert load_durations(file) == {FAST: {"debian-12 debian-13": 3.0}, SLOW: {"debian-11 debian-13": 2.0}}


POWER = f"{TEST}[ppc64le-pseries.newest-old-qmp-precopy-{{}}]"


@pytest.mark.parametrize(
    "guest, emulated, kept",
    [
        ("idle-bare-2vcpu", True, 90.0),
        ("idle-bare-2vcpu", False, 0.2),
        ("idle-devices-1vcpu-drivers", True, 0.2),
    ],
    ids=["elsewhere", "nowhere", "stays-here"],
)
def test_guest_that_runs_elsewhere_keeps_its_duration(
    guest: str, emulated: bool, kept: float, tmp_path: Path
) -> None:
    """Lose this and a machine without packages for POWER hosts records that their guests take no time."""
    file = tmp_path / "durations.json"
    limits = [limit for limit in load_matrix(MATRIX_FILE).limits if limit.accelerator == "tcg"]
    why = str(hurt_by(limits[:1], emulated=emulated, lacks="build debian-13:ppc64el: gone"))
    assert emulated == why.endswith("emulated, which is not to be had here: build debian-13:ppc64el: gone")
    test = POWER.format(guest)
    untried = make_cell(1, Outcome.UNSUPPORTED, nodeid=test, reason=why)
    for name, cell, seconds in (("1", make_cell(1, nodeid=test), 90.0), ("2", untried, 0.2)):
        run = leave_run(tmp_path / name, make_plan([test]), [make_ended(cell, seconds=seconds)])
        record([run], file, anew=True)
    assert estimate(test, load_durations(file)) == kept


def test_record_changes_only_the_lines_of_what_ran(tmp_path: Path) -> None:
    """Lose this and each update changes the whole file and cannot be reviewed."""
    file = tmp_path / "durations.json"
    cells = [make_cell(number) for number in (2, 0, 1)]
    leave_run(tmp_path, make_plan(), [make_ended(cell) for cell in cells])
    record([tmp_path], file)
    lines = file.read_text().splitlines()
    assert len(lines) == len(cells) + 2
    assert lines[1:-1] == sorted(lines[1:-1])


def test_no_record_is_none(tmp_path: Path) -> None:
    """Lose this and a checkout without recorded durations has no shards."""
    assert load_durations(tmp_path / "none.json") == {}


@pytest.mark.parametrize("damage", ["{", "[]", "null", '{"a": 1}', '{"a": {"b": "c"}}'])
def test_damaged_record_is_reported(damage: str, tmp_path: Path) -> None:
    """Lose this and a merge conflict in the file ends every sharded run in a traceback."""
    file = tmp_path / "durations.json"
    file.write_text(damage)
    with pytest.raises(UsageError, match="cannot be read") as raised:
        load_durations(file)
    assert raised.value.where == str(file)


def test_shipped_durations_can_be_read() -> None:
    """Lose this and no run of a fresh clone can be sharded."""
    assert all(seconds >= 0 for by_pair in load_durations(DURATIONS).values() for seconds in by_pair.values())
