# SPDX-License-Identifier: Apache-2.0
"""The plots of a benchmark: total and blackout against RAM, a line for each mechanism."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from fixtures.bench.results import GuestLoad
from fixtures.matrix.mechanisms import MECHANISMS
from reports.bench.figures import FloorRow, Row
from reports.figures import Spread

_WIDTH, _HEIGHT, _DPI = 1100, 430, 96  # CSS pixels; an inch of SVG has 96
_COLOURS = ("#0b57b0", "#b3541e", "#14592b", "#8a2be2", "#a11212", "#00838f", "#7a4a00", "#c2185b", "#37474f")
_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*", "h")
_STYLE = {
    name: (_COLOURS[row % len(_COLOURS)], _MARKERS[(row + row // len(_COLOURS)) % len(_MARKERS)])
    for row, name in enumerate(MECHANISMS)
}
"""Each mechanism has the same colour and marker in every plot."""


@dataclass(frozen=True)
class _Panel:
    title: str
    figure: Callable[[Row], Spread]


_PANELS = (
    _Panel("total, ms", lambda row: row.total_ms),
    _Panel("blackout, ms", lambda row: row.blackout_ms),
)


def plot(load: GuestLoad, rows: Sequence[Row], floors: Sequence[FloorRow]) -> str:
    """The two plots of one load side by side, as SVG; equal figures give equal bytes."""
    buffer = io.StringIO()
    with mpl.rc_context():
        mpl.rcParams.update({"svg.hashsalt": f"bench-{load}", "svg.fonttype": "none", "font.size": 9})
        figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI)
        FigureCanvasSVG(figure)
        panels = figure.subplots(1, len(_PANELS))
        figure.subplots_adjust(left=0.06, right=0.84, top=0.91, bottom=0.12, wspace=0.2)
        mine = [row for row in rows if row.load == load]
        for axes, panel in zip(panels, _PANELS, strict=True):
            _draw(axes, panel, mine)
        if floors:
            at = [floor.ram_mib / 1024 for floor in floors]
            panels[0].plot(at, [floor.ms for floor in floors], "--", color="#555", label="floor")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="center left", bbox_to_anchor=(0.85, 0.5), frameon=False)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _draw(axes: Axes, panel: _Panel, rows: Sequence[Row]) -> None:
    for mechanism, (colour, marker) in _STYLE.items():
        of_mechanism = [row for row in rows if row.mechanism == mechanism]
        if not of_mechanism:
            continue
        at = [row.ram_mib / 1024 for row in of_mechanism]
        spreads = [panel.figure(row) for row in of_mechanism]
        middle = [each.middle for each in spreads]
        below = [each.middle - each.least for each in spreads]
        above = [each.greatest - each.middle for each in spreads]
        axes.errorbar(
            *(at, middle),
            yerr=[below, above],
            color=colour,
            marker=marker,
            markersize=5,
            linewidth=1.3,
            elinewidth=0.8,
            capsize=2.5,
            label=mechanism,
        )
    axes.set_title(panel.title, loc="left", fontsize=10, fontweight="bold")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    sizes = sorted({row.ram_mib / 1024 for row in rows})
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("RAM, GiB")
    axes.grid(axis="y", color="#ddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
