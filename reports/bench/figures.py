# SPDX-License-Identifier: Apache-2.0
"""Computes the figures of a benchmark from its samples: medians, multiples of the floor, growth with RAM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import linear_regression, median

from fixtures.bench.results import Bench, GuestLoad, Measurement, Series, is_constant
from fixtures.matrix.mechanisms import MECHANISMS, Mechanism
from reports.figures import Spread, spread

MIB = 1 << 20
FLAT = 0.15
"""A time is flat if it grows by less than this fraction of the floor's growth. A mechanism that copies RAM
grows by at least all of it; other work on the host can make all times grow by some milliseconds."""


@dataclass(frozen=True)
class Row:
    """One mechanism with one RAM size under one load."""

    mechanism: Mechanism
    load: GuestLoad
    ram_mib: int
    total_ms: Spread
    blackout_ms: Spread
    sent_mib: Spread
    cpu_s: Spread
    touched_mib: Spread
    of_both_mib: Spread
    multiple: float | None
    """The median total as a multiple of the floor; None if there is no floor."""


@dataclass(frozen=True)
class FloorRow:
    """The floor for one RAM size."""

    ram_mib: int
    nonzero_mib: float
    """RAM of the guest that is not zero, which a mechanism that copies RAM must send."""
    mib_per_s: Spread
    ms: float
    """Time to stream the non-zero RAM at the greatest measured rate; disturbances can only lower the rate."""


@dataclass(frozen=True)
class Line:
    """A straight line through points (GiB, ms), by least squares."""

    base_ms: float
    ms_per_gib: float
    fit: float
    """R², the fraction of the variance that the line explains; 1 if the points do not vary."""


@dataclass(frozen=True)
class Growth:
    """How one mechanism's times grow with RAM."""

    mechanism: Mechanism
    load: GuestLoad
    total: Line
    blackout: Line
    of_floor: float | None
    """Growth of the total relative to the floor's growth; 1 is as fast as memory can be copied."""
    must_be_flat: bool
    is_flat: bool | None
    """None if there is no floor to compare with."""


def nonzero_mib(bench: Bench, ram_mib: int) -> float | None:
    """Non-zero RAM in MiB of idle guests with this RAM size, from the pages that precopy sent.

    The amount that guests were filled with if precopy was not measured; None if that is unknown too.
    """
    sent = [
        sample.nonzero_bytes / MIB
        for series in bench.series
        if (series.mechanism, series.ram_mib, series.load) == ("precopy", ram_mib, "idle")
        for sample in series.samples
        if sample.nonzero_bytes
    ]
    filled = [floor.mib for floor in bench.floors if floor.ram_mib == ram_mib]
    return median(sent) if sent else next(iter(filled), None)


def floors(bench: Bench) -> list[FloorRow]:
    """The floor for each RAM size that has one."""
    rows = []
    for floor in bench.floors:
        rate, size = spread(floor.mib_per_s), nonzero_mib(bench, floor.ram_mib)
        if rate and size is not None:
            rows.append(FloorRow(floor.ram_mib, size, rate, size / rate.greatest * 1000))
    return rows


def rows(bench: Bench) -> list[Row]:
    """All measurements, sorted by load, mechanism and RAM size."""
    by_ram = {floor.ram_mib: floor.ms for floor in floors(bench)}
    order = list(MECHANISMS)
    measured = [series for series in bench.series if series.samples]
    measured.sort(key=lambda each: (each.load != "idle", order.index(each.mechanism), each.ram_mib))
    return [_row(series, by_ram.get(series.ram_mib)) for series in measured]


def _row(series: Series, floor_ms: float | None) -> Row:
    def over(figure: Callable[[Measurement], float]) -> Spread:
        found = spread(figure(sample) for sample in series.samples)
        assert found is not None
        return found

    total = over(lambda sample: sample.total_ms)
    return Row(
        series.mechanism,
        series.load,
        series.ram_mib,
        total,
        over(lambda sample: sample.blackout_ms),
        over(lambda sample: sample.sent_bytes / MIB),
        over(lambda sample: sample.cpu_s),
        over(lambda sample: sample.touched_mib),
        over(lambda sample: sample.of_both_mib),
        total.middle / floor_ms if floor_ms else None,
    )


def line(points: Sequence[tuple[float, float]]) -> Line | None:
    """The line through points (GiB, ms); None unless there are at least two different sizes."""
    at, values = [point[0] for point in points], [point[1] for point in points]
    if len(set(at)) < 2:
        return None
    slope, base = linear_regression(at, values)
    mean = sum(values) / len(values)
    varies = sum((value - mean) ** 2 for value in values)
    missed = sum((value - base - slope * x) ** 2 for x, value in points)
    return Line(base, slope, 1 - missed / varies if varies else 1.0)


def floor_line(bench: Bench) -> Line | None:
    """How the floor grows with RAM."""
    return line([(floor.ram_mib / 1024, floor.ms) for floor in floors(bench)])


def growths(bench: Bench) -> list[Growth]:
    """Growth with RAM of each mechanism: lines through the medians of the sizes with all repeats."""
    floor = floor_line(bench)
    groups: dict[tuple[GuestLoad, Mechanism], list[Row]] = defaultdict(list)
    for row in (row for row in rows(bench) if row.total_ms.number >= bench.repeats):
        groups[row.load, row.mechanism].append(row)
    found = []
    for (load, mechanism), group in groups.items():
        total = line([(row.ram_mib / 1024, row.total_ms.middle) for row in group])
        blackout = line([(row.ram_mib / 1024, row.blackout_ms.middle) for row in group])
        if total and blackout:
            part = total.ms_per_gib / floor.ms_per_gib if floor and floor.ms_per_gib > 0 else None
            flat = None if part is None else part < FLAT
            found.append(Growth(mechanism, load, total, blackout, part, is_constant(mechanism), flat))
    return found


def not_flat(found: Iterable[Growth]) -> list[Growth]:
    """The mechanisms that leave RAM in place but still take longer with more RAM."""
    return [growth for growth in found if growth.must_be_flat and growth.is_flat is False]
