# SPDX-License-Identifier: Apache-2.0
"""Can the pages be read on a phone, without scrolling sideways?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.outcome.outcome import Outcome, RunRecord
from reports.bench.page import write_bench
from reports.changes import NOTHING_BEFORE
from reports.page.grid import PairReport, write_grid
from reports.page.page import write_page
from reports.page.render import environment
from suites.harness.support.bench_samples import make_bench, make_series
from suites.harness.support.browser import CHROMIUM, width_in_browser
from suites.harness.support.report_samples import make_cell, make_run, make_sweep

PHONE = 420
"""Pixels."""
RUN = make_run(
    *(
        make_cell(n, outcome, arch=arch, path=path, mechanism=mechanism, reason="long " * 50 + "x" * 200)
        for n, outcome in enumerate((Outcome.PASS, Outcome.REGRESSION))
        for arch in ("x86_64", "ppc64le")
        for path in ("qmp", "libvirt", "libvirt-direct")
        for mechanism in ("precopy", "postcopy", "postcopy-preempt", "multifd", "ignore-shared")
    ),
    *make_sweep(200),
)
"""A run with a wide map and long words."""
NAMES = ("debian-11", "debian-12", "debian-12-backports", "debian-13", "debian-13-backports")
PAIRS = [PairReport(RUN, NOTHING_BEFORE, f"{old}..{new}") for old in NAMES for new in NAMES]
PAGES: dict[str, Callable[[Path], Path]] = {
    "verdict": lambda place: write_page(RUN, place),
    "grid": lambda place: write_grid(PAIRS, place),
    "bench": lambda place: write_bench(make_bench(*make_series("precopy", 50.0, 100.0)), place),
}


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("page", PAGES)
def test_page_is_no_wider_than_a_phone(page: str, tmp_path: Path) -> None:
    """Lose this and a page on a phone shows only half of each line."""
    assert width_in_browser(PAGES[page](tmp_path), PHONE, tmp_path) <= PHONE


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_runs_of_a_finding_fit_a_phone(tmp_path: Path) -> None:
    """Lose this and a phone shows which builds a run had, but not its result and what failed."""
    cell = make_cell(1, Outcome.REGRESSION)
    cell.runs = [RunRecord(NAMES[2], NAMES[4], "fail", "lap 7 " * 50, "memory: page N carries lap N")]
    page = write_page(make_run(cell), tmp_path)
    assert width_in_browser(page, PHONE, tmp_path, ".finding .scroll") <= PHONE


def test_wide_tables_scroll_by_themselves() -> None:
    """Lose this and text for screen readers makes the whole page as wide as a table."""
    css = environment().get_template("page.css.j2").render()
    assert ".scroll { overflow-x: auto; position: relative; }" in css
