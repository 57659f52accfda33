# SPDX-License-Identifier: Apache-2.0
"""The cells of a run as numbers: a table of the guests that ran, and one of what was swept."""

from __future__ import annotations

from collections import Counter, defaultdict

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from fixtures.outcome.outcome import CellResult, RunResult
from fixtures.printable import count
from reports.figures import spread, with_times
from reports.swept import by_kind, in_order, listed, swept
from reports.terminal.lines import Lines
from reports.words import ms

_TALLY = 4
"""Number of outcomes in one line of a table cell."""


def print_totals(run: RunResult, out: Lines) -> None:
    """Print the tables that have rows."""
    for table, cells in ((_matrix, listed(run.cells)), (_sweeps, swept(run.cells))):
        if cells:
            out.line()
            out.show(table(run, out))
    if run.cells:
        out.line()


def _matrix(run: RunResult, out: Lines) -> Table:
    """One row per architecture, path and mechanism. All outcomes share one column."""
    table = _table("arch", "path", "mechanism")
    table.add_column("blackout", justify="right", no_wrap=True)
    table.add_column("longest", justify="right", no_wrap=True)
    rows: dict[tuple[str, str, str], list[CellResult]] = defaultdict(list)
    for cell in listed(run.cells):
        rows[cell.arch, cell.path, cell.mechanism].append(cell)
    for names, cells in sorted(rows.items()):
        # Passing cells only: the blackout of a guest that never woke is a time limit, not a measurement.
        blackout = spread(cell.blackout_ms for cell in with_times(cells))
        figures = [f"median {ms(blackout.middle)}", ms(blackout.greatest)] if blackout else ["-", "-"]
        table.add_row(*map(out.text, names), out.tally(Counter(cell.outcome for cell in cells)), *figures)
    return table


def _sweeps(run: RunResult, out: Lines) -> Table:
    """One row per architecture, accelerator and kind of swept subject."""
    table = _table("arch", "accelerator", "swept", "on")
    for arch, accelerator, kind, machines, tally in by_kind(swept(run.cells)):
        ordered = in_order(tally)
        parts = [dict(ordered[place : place + _TALLY]) for place in range(0, len(ordered), _TALLY)]
        tallies = Text("\n").join(out.tally(part) for part in parts)
        table.add_row(arch, accelerator, out.text(kind), count(machines, "machine type"), tallies)
    return table


def _table(*names: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column("cells")
    return table
