# SPDX-License-Identifier: Apache-2.0
"""How long does a hot patch take, by mechanism and RAM? For an otherwise idle machine: `make bench`."""

import os
from pathlib import Path

import pytest

from fixtures.bench.run import RAM_MIB, benchmark
from fixtures.outcome.report_dirs import point_latest_at, report_dir, shown_place
from fixtures.qualify.pair_under_test import PairUnderTest
from reports.bench.figures import growths, not_flat
from reports.bench.page import terminal_lines, write_bench

SECONDS = 18 * 60 + 30
SIZES_VARIABLE = "HOTPATCH_BENCH_MIB"
SECONDS_VARIABLE = "HOTPATCH_BENCH_SECONDS"
"""Of the environment, for a quick look: other sizes of RAM, such as `256 1024`; less time."""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
def test_mechanisms_that_leave_memory_alone_take_no_longer_for_more_of_it(
    request: pytest.FixtureRequest, pair_under_test: PairUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and users cannot compare mechanisms, and a slower one goes unnoticed."""
    if not any(Path(__file__).name in given for given in request.config.args):
        pytest.skip("takes a whole machine for 20 minutes: run `make bench`")

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"bench: {line}", flush=True)  # noqa: T201 - the user waits for it for minutes

    directory = report_dir(request.config)
    sizes = [int(size) for size in os.environ.get(SIZES_VARIABLE, "").split()] or RAM_MIB
    seconds = float(os.environ.get(SECONDS_VARIABLE, SECONDS))
    bench = benchmark(pair_under_test, directory / "evidence", seconds, say, sizes)
    page = write_bench(bench, directory)
    point_latest_at(directory)
    for line in terminal_lines(bench):
        say(line)
    say(f"{shown_place(directory)}/{page.name}")
    assert bench.series, "nothing was measured"
    assert not not_flat(growths(bench))
