# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of an invented host."""

from __future__ import annotations

from collections.abc import Iterable

from fixtures.bench.results import LOADS, Bench, Boot, Floor, Measurement, Series, Throughput
from fixtures.matrix.mechanisms import MECHANISMS, Mechanism

MIB = 1 << 20
SIZES = (256, 1024, 2048, 4096)
RATE = 1000.0
"""MiB/s of the floor (the host's limit); half of each guest's RAM is not zero."""


def make_sample(total_ms: float, *, mib: float = 0.0) -> Measurement:
    """A move of `total_ms`, with all other figures derived from it."""
    return Measurement(total_ms, total_ms / 2, int(mib * MIB), 0.1, 0.2, total_ms, int(mib * MIB))


def make_series(
    mechanism: Mechanism, base: float, per_gib: float, sizes: Iterable[int] = SIZES
) -> list[Series]:
    """Three moves for each size and load: on the line, 10 ms below it and 30 ms above it."""
    copied = MECHANISMS[mechanism].memory == "private"
    return [
        Series(
            mechanism,
            ram,
            load,
            [
                make_sample(base + per_gib * ram / 1024 + off, mib=ram / 2 if copied else 0.1)
                for off in (0.0, -10.0, 30.0)
            ],
        )
        for load in LOADS
        for ram in sizes
    ]


def make_bench(*series: Series) -> Bench:
    """A benchmark of an invented host."""
    return Bench(
        "debian-12",
        "debian-13",
        {"processor": "one <of> these", "accelerator": "tcg"},
        3,
        started="2026-11-23T11:00:00+00:00",
        seconds=700.0,
        series=list(series),
        floors=[Floor(ram, ram * 6 // 10, [RATE, RATE - 100, RATE - 500]) for ram in SIZES],
        boots=[Boot(256, 2.0), Boot(256, 4.0), Boot(1024, 3.0)],
        throughputs=[Throughput(2, 6, 30.0, 40.0, 12.0, 60.0, 90.0, 900.0)],
        move_overhead_s=[1.0, 1.5],
        left_out=["cpr-exec: the source lacks migration mode `cpr-exec`"],
    )
