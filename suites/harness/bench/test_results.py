# SPDX-License-Identifier: Apache-2.0
"""The figures of a benchmark are computed correctly, and what was left out is listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.bench.floor import measured_floor
from fixtures.bench.moves import NO_LIMIT, unlimited
from fixtures.bench.results import Bench
from fixtures.bench.run import GROWTH, SLACK, Budget
from fixtures.matrix.mechanisms import Memory, MigrationPlan
from reports.bench.figures import floor_line, floors, growths, line, nonzero_mib, not_flat, rows
from reports.bench.page import figure, gib, terminal_lines, times, write_bench
from suites.harness.support.bench_samples import RATE, make_bench, make_series


@pytest.fixture
def bench() -> Bench:
    """Precopy at twice the floor, and one mechanism that takes no longer for more RAM."""
    return make_bench(*make_series("precopy", 20, 1024), *make_series("cpr-transfer", 60, 1))


def test_rows_have_median_least_and_greatest(bench: Bench) -> None:
    """Lose this and one slow move looks like a slow mechanism."""
    row = next(
        row for row in rows(bench) if (row.mechanism, row.ram_mib, row.load) == ("precopy", 1024, "idle")
    )
    total = row.total_ms
    assert (total.least, total.middle, total.greatest, total.number) == (1034.0, 1044.0, 1074.0, 3)
    assert row.sent_mib.middle == 512
    assert row.cpu_s.middle == pytest.approx(0.3)


def test_multiple_of_the_floor_counts_memory_that_is_not_zero(bench: Bench) -> None:
    """Lose this and zero pages of the guests make a mechanism look slow or fast."""
    assert nonzero_mib(bench, 2048) == 1024
    floor = next(floor for floor in floors(bench) if floor.ram_mib == 2048)
    assert floor.ms == pytest.approx(1024 / RATE * 1000)
    row = next(row for row in rows(bench) if (row.mechanism, row.ram_mib) == ("precopy", 2048))
    assert row.multiple == pytest.approx((20 + 2048) / 1024)


def test_floor_falls_back_to_what_guests_were_filled_with() -> None:
    """Lose this and a pair without precopy has no floor at all."""
    assert nonzero_mib(make_bench(), 1024) == 614
    assert nonzero_mib(make_bench(), 512) is None


def test_line_goes_through_its_points() -> None:
    """Lose this and the reported growth with RAM is wrong."""
    found = line([(1, 30.0), (2, 50.0), (4, 90.0)])
    assert found is not None
    assert (found.base_ms, found.ms_per_gib, found.fit) == pytest.approx((10.0, 20.0, 1.0))
    level = line([(1, 7.0), (4, 7.0)])
    assert level is not None
    assert (level.ms_per_gib, level.fit) == (0.0, 1.0)
    assert line([(1, 7.0), (1, 8.0)]) is None
    assert line([]) is None


def test_growth_is_shown_relative_to_the_floor(bench: Bench) -> None:
    """Lose this and the report does not show which mechanisms take no longer for more RAM."""
    floor = floor_line(bench)
    assert floor is not None
    assert floor.ms_per_gib == pytest.approx(512)
    idle = {growth.mechanism: growth for growth in growths(bench) if growth.load == "idle"}
    assert idle["precopy"].of_floor == pytest.approx(2)
    assert idle["precopy"].is_flat is False
    assert idle["cpr-transfer"].is_flat is True
    assert idle["cpr-transfer"].must_be_flat
    assert not idle["precopy"].must_be_flat


def test_constant_mechanism_that_grows_is_found() -> None:
    """Lose this and nobody notices that a mechanism has started to copy memory."""
    grown = make_bench(*make_series("precopy", 20, 1024), *make_series("ignore-shared", 20, 100))
    assert {growth.mechanism for growth in not_flat(growths(grown))} == {"ignore-shared"}
    assert not not_flat(growths(make_bench(*make_series("ignore-shared", 20, 100, sizes=[256]))))


def test_too_few_moves_are_no_growth() -> None:
    """Lose this and a benchmark with time for only one move fails."""
    grown = make_bench(*make_series("precopy", 20, 1024), *make_series("ignore-shared", 20, 100))
    for series in grown.series:
        if series.ram_mib > 256:
            series.samples = series.samples[:1]
    assert not growths(grown)


def test_page_and_json_hold_all(bench: Bench, tmp_path: Path) -> None:
    """Lose this and `make bench` measures for 20 minutes and shows nothing."""
    page = write_bench(bench, tmp_path).read_text()
    assert page.count("data:image/svg+xml") == 2
    assert "one &lt;of&gt; these" in page
    for words in ("cpr-transfer", "cpr-exec: the source lacks", "12.0", "2 GiB", "Left out"):
        assert words in page
    assert "Not flat" not in page
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["schema"] == 1
    assert found["machine"]["accelerator"] == "tcg"
    assert len(found["rows"]) == len(found["series"]) == 16
    assert found["series"][0]["samples"][0]["total_ms"] == 276.0
    assert found["growth"][0]["total"]["ms_per_gib"] == pytest.approx(1024)


def test_page_states_how_much_memory_guests_fill(bench: Bench, tmp_path: Path) -> None:
    """Lose this and the page describes other guests than those that were measured."""
    assert "12.5 % of its RAM" in write_bench(bench, tmp_path).read_text()


def test_plots_are_the_same_for_the_same_figures(bench: Bench, tmp_path: Path) -> None:
    """Lose this and two reports of one benchmark differ."""
    write_bench(bench, tmp_path / "one")
    write_bench(bench, tmp_path / "two")
    for name in ("bench-idle.svg", "bench-dirtying.svg"):
        svg = (tmp_path / "one" / name).read_text()
        assert svg == (tmp_path / "two" / name).read_text()
        assert "floor" in svg


def test_page_of_a_benchmark_that_measured_nothing_says_so(tmp_path: Path) -> None:
    """Lose this and a failed benchmark ends in a traceback instead of its reasons."""
    nothing = make_bench()
    nothing.floors, nothing.boots, nothing.throughputs, nothing.move_overhead_s = [], [], [], []
    page = write_bench(nothing, tmp_path).read_text()
    assert "cpr-exec: the source lacks" in page
    assert list(terminal_lines(nothing))[-1].startswith("left out: cpr-exec")


def test_terminal_shows_medians_and_what_is_missing(bench: Bench) -> None:
    """Lose this and the terminal shows no figures after `make bench`."""
    lines = list(terminal_lines(bench))
    assert any(
        "precopy" in each and "4 GiB" in each and "4,116 ms" in each and " 2" in each for each in lines
    )
    assert "the suite with 2 workers: 12.0 cells a minute" in lines
    assert all(len(each) <= 100 for each in lines)


def test_figures_have_two_significant_digits() -> None:
    """Lose this and the tables show meaningless digits."""
    assert [figure(value) for value in (0.351, 7.25, 9.0, 1250.4)] == ["0.35", "7.2", "9", "1,250"]
    assert [times(value) for value in (None, 0.0412, 1.26, 12.4)] == ["–", "0.041", "1.3", "12"]
    assert [gib(256), gib(4096)] == ["256 MiB", "4 GiB"]


def test_writing_guests_wait_for_idle_ones() -> None:
    """Lose this and a slow machine measures small guests completely and large guests not at all."""
    clock = [0.0]
    budget = Budget(300, now=lambda: clock[0])
    budget.spent["private", 256] = clock[0] = 40.0
    assert budget.estimate("private", 1024) == pytest.approx(40 * (1 + 3 * GROWTH))
    assert budget.estimate("kept", 1024) == 30
    assert budget.fits_dirtying("private", 256, [("private", 1024)])
    assert not budget.fits_dirtying("private", 256, [("private", 1024), ("private", 4096)])
    clock[0] = 301.0
    assert budget.left == -1


def test_slow_host_shares_its_time_among_all_sizes() -> None:
    """Lose this and a slow host has no figures for large guests, which matter most."""
    budget = Budget(900, now=lambda: 0.0)
    later: list[tuple[Memory, int]] = [("private", 1024), ("private", 2048)]
    assert budget.share(("private", 256), later) == pytest.approx(SLACK * 900 / (3 + (3 + 7) * GROWTH))
    assert budget.share(("private", 2048), []) > budget.left


def test_plan_has_no_limits() -> None:
    """Lose this and the benchmark measures a configured bandwidth limit."""
    free = unlimited(
        MigrationPlan(
            "postcopy", ("events",), 1, bandwidth=1000, postcopy=True, parameters={"mode": "normal"}
        )
    )
    assert free.bandwidth == NO_LIMIT
    assert free.downtime_limit_ms == 1
    assert free.parameters == {"mode": "normal", "max-postcopy-bandwidth": 0}
    assert unlimited(MigrationPlan("precopy", (), 300, bandwidth=1000)).downtime_limit_ms == 50


def test_floor_can_be_measured() -> None:
    """Lose this and the report does not show how far a mechanism is from the host's limit."""
    found = measured_floor(8, 2)
    assert len(found) == 2
    assert all(rate > 1 for rate in found)
