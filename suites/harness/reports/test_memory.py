# SPDX-License-Identifier: Apache-2.0
"""The report of what moves cost in memory."""

from __future__ import annotations

from pathlib import Path

from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from reports.changes import NOTHING_BEFORE
from reports.machine_readable.verdict_json import verdict_data
from reports.memory import memory_costs, memory_in_words
from reports.page.page import write_page
from reports.terminal.summary import write_summary
from suites.harness.support.report_samples import make_cell, make_run


def _moved(number: int, mechanism: str, backing: str, touched: float, both: float) -> CellResult:
    figures = {
        "RAM MiB": 256.0,
        "RAM touched MiB": touched,
        "memory before MiB": touched + 40,
        "RAM of both MiB": both,
        "memory of both MiB": both + 80,
    }
    run = RunRecord("debian-12", "debian-13", "pass", figures=figures)
    return make_cell(number, mechanism=mechanism, backing=backing, runs=[run])


MEMFD = _moved(1, "precopy", "memfd", 16, 512)
CELLS = (
    _moved(2, "cpr-transfer", "memfd", 190, 190),
    _moved(3, "precopy", "anonymous", 190, 380),
    MEMFD,
    _moved(4, "precopy", "memfd", 190, 512),
)
WORDS = (
    "x86_64 by precopy, RAM in a memfd: 512 MiB of RAM are resident while both QEMUs exist. "
    "The guest had touched 16 of its 256 MiB"
)


def test_each_mechanism_and_kind_of_ram_has_a_row() -> None:
    """Lose this and nobody can say beforehand how much memory a host needs for an update."""
    rows = memory_costs(CELLS)
    assert [(row.mechanism, row.backing, row.cells, row.touched, row.ram_of_both) for row in rows] == [
        ("precopy", "a memfd", 2, 16, 512),
        ("precopy", "anonymous memory", 1, 190, 380),
        ("cpr-transfer", "a memfd that both share", 1, 190, 190),
    ]


def test_guest_that_touched_little_is_reported_if_all_of_its_ram_is_taken_twice() -> None:
    """Lose this and the update of small guests fills the host, and no report has said so."""
    assert list(memory_in_words(memory_costs(CELLS))) == [WORDS]


def test_failed_moves_and_those_of_emulated_hosts_have_no_figures() -> None:
    """Lose this and figures of half a move are taken for its cost."""
    failed = make_cell(5, Outcome.REGRESSION, backing="memfd", mechanism="precopy", runs=MEMFD.runs)
    emulated = make_cell(
        6, mechanism="precopy", backing="memfd", runs=MEMFD.runs, accelerator="kvm on an emulated host"
    )
    assert memory_costs([failed, emulated, make_cell(7, mechanism="precopy", backing="memfd")]) == []


def test_page_summary_and_verdict_report_it(tmp_path: Path) -> None:
    """Lose this and the figures are measured, but nobody sees them."""
    run = make_run(*CELLS)
    page = write_page(run, tmp_path).read_text()
    assert "What a move costs in memory" in page
    assert WORDS in page
    assert page.count("more than touched") == 1
    assert WORDS in write_summary(run, NOTHING_BEFORE, tmp_path).read_text().replace("\\_", "_")
    costs = verdict_data(run)["memory_costs"]
    assert [cost["more_than_touched"] for cost in costs] == [True, False, False]


def test_run_without_such_figures_says_nothing_of_memory(tmp_path: Path) -> None:
    """Lose this and a run of sweeps has an empty table."""
    assert "costs in memory" not in write_page(make_run(make_cell()), tmp_path).read_text()
