# SPDX-License-Identifier: Apache-2.0
"""The report of a benchmark: bench.json for scripts, bench.html for people, and lines for the terminal."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment

from fixtures.bench.results import FILLED, LOADS, Bench, GuestLoad
from fixtures.matrix.mechanisms import Mechanism
from fixtures.printable import count
from reports import words
from reports.bench.figures import FLAT, Growth, Row, floor_line, floors, growths, not_flat, rows
from reports.figures import Spread, spread
from reports.files import write_atomically
from reports.page.render import environment


def write_bench(bench: Bench, directory: Path) -> Path:
    """Write bench.json, bench.html and its plots into `directory`; returns the page's path.

    Raises OSError if the directory cannot be written.
    """
    write_atomically(directory / "bench.json", json.dumps(to_json(bench), indent=1) + "\n")
    plots = {load: svg for load in LOADS if (svg := _plot(bench, load))}
    for load, svg in plots.items():
        write_atomically(directory / f"bench-{load}.svg", svg)
    template = _environment().get_template("bench.html.j2")
    return write_atomically(directory / "bench.html", template.render(_content(bench, plots)))


def to_json(bench: Bench) -> dict[str, Any]:
    """The benchmark with its figures; keys that end in `_ms` are times in milliseconds."""
    return bench.to_json() | {
        "rows": [asdict(row) for row in rows(bench)],
        "floor_rows": [asdict(row) for row in floors(bench)],
        "growth": [asdict(growth) for growth in growths(bench)],
    }


def terminal_lines(bench: Bench) -> Iterator[str]:
    """Lines for a terminal: medians, mechanisms that should be flat and are not, and what was left out."""
    yield f"{bench.old} → {bench.new}, {bench.machine.get('accelerator', '')}: medians of {bench.repeats}"
    yield (
        f"{'':<17}{'load':<9}{'RAM':>8}{'total':>10}{'blackout':>10}{'sent':>10}{'CPU':>8}{'× floor':>8}"
        f"{'touched':>10}{'both':>9}"
    )
    for row in rows(bench):
        yield (
            f"{row.mechanism:<17}{row.load:<9}{gib(row.ram_mib):>8}{words.ms(row.total_ms.middle):>10}"
            f"{words.ms(row.blackout_ms.middle):>10}{row.sent_mib.middle:>6,.0f} MiB"
            f"{row.cpu_s.middle:>6.2f} s{times(row.multiple):>8}"
            f"{row.touched_mib.middle:>6,.0f} MiB{row.of_both_mib.middle:>5,.0f} MiB"
        )
    for floor in floors(bench):
        yield (
            f"{'floor':<26}{gib(floor.ram_mib):>8}{words.ms(floor.ms):>10}"
            f"   {floor.nonzero_mib:,.0f} MiB at {floor.mib_per_s.greatest:,.0f} MiB/s"
        )
    for run in bench.throughputs:
        workers = count(run.workers, "worker")
        yield f"the suite with {workers}: {run.cells_per_minute:.1f} cells a minute"
    for growth in not_flat(growths(bench)):
        yield f"not flat: {growth.mechanism}, {growth.load}: {growth.total.ms_per_gib:.0f} ms per GiB"
    for what in bench.left_out:
        yield f"left out: {what}"


def gib(mib: int) -> str:
    """A RAM size with its unit: `256 MiB`, `4 GiB`."""
    return f"{mib} MiB" if mib % 1024 else f"{mib // 1024} GiB"


def times(multiple: float | None) -> str:
    """A multiple: `0.04`, `1.3`, `12`; `–` if it is unknown."""
    if multiple is None:
        return "–"
    return f"{multiple:.0f}" if multiple >= 10 else f"{multiple:#.2g}"


def figure(value: float) -> str:
    """A figure without its unit, with about two significant digits: `0.35`, `7.2`, `1,250`."""
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.2g}"


def _plot(bench: Bench, load: GuestLoad) -> str:
    found = [row for row in rows(bench) if row.load == load]
    # matplotlib is loaded only to draw, because every worker imports this module.
    from reports.bench.svg import plot

    return plot(load, found, floors(bench)) if found else ""


def _content(bench: Bench, plots: dict[GuestLoad, str]) -> dict[str, Any]:
    by_load: list[tuple[GuestLoad, str, list[tuple[Mechanism, list[Row]]], list[Growth]]] = []
    grown = growths(bench)
    for load, svg in plots.items():
        of_load = [row for row in rows(bench) if row.load == load]
        names = list(dict.fromkeys(row.mechanism for row in of_load))
        groups = [(name, [row for row in of_load if row.mechanism == name]) for name in names]
        picture = base64.b64encode(svg.encode()).decode()
        by_load.append((load, picture, groups, [growth for growth in grown if growth.load == load]))
    return {
        "bench": bench,
        "loads": by_load,
        "floors": floors(bench),
        "floor_line": floor_line(bench),
        "flat": FLAT,
        "filled": FILLED,
        "not_flat": not_flat(grown),
        "boots": _boots(bench),
        "overhead": spread(bench.move_overhead_s),
        "own_share": _own_share(bench),
    }


def _own_share(bench: Bench) -> float | None:
    """CPU time of the suite during moves, relative to that of both QEMUs; None if nothing moved."""
    samples = [sample for series in bench.series for sample in series.samples]
    used = sum(sample.cpu_s for sample in samples)
    return sum(sample.suite_cpu_s for sample in samples) / used if used else None


def _boots(bench: Bench) -> list[tuple[int, float, int]]:
    """RAM, median seconds and number of the boots."""
    sizes = sorted({boot.ram_mib for boot in bench.boots})
    taken = {size: [boot.seconds for boot in bench.boots if boot.ram_mib == size] for size in sizes}
    return [(size, median(seconds), len(seconds)) for size, seconds in taken.items()]


def _range(value: Spread | None) -> str:
    if value is None or figure(value.least) == figure(value.greatest):
        return ""
    return f"{figure(value.least)}–{figure(value.greatest)}"


def _environment() -> Environment:
    made = environment()
    made.filters |= {
        "gib": gib,
        "times": times,
        "figure": figure,
        "range": _range,
    }
    return made
