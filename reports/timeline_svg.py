# SPDX-License-Identifier: Apache-2.0
"""The picture of one hot patch: what each side did, what went over the wire, and when the guest beat."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from fixtures.timeline import Mark, Timeline
from reports.files import clean, write_atomically
from reports.timeline_labels import Window, beat_gaps, place, window

_WIDTH, _HEIGHT, _DPI = 1000, 500, 96  # CSS pixels, of which an inch of SVG has 96
_LEFT, _RIGHT = 0.085, 0.985
_LETTER = 6.6  # pixels of one letter at the labels' size, rather too wide than too narrow
_LANES = {"source": "#0b57b0", "destination": "#14592b", "rig": "#5c4400"}
_LEVELS = 3
_BAND = "#c62828"
_MIB = 1 << 20
_LONGEST_LABEL = 44


def write_timeline(timeline: Timeline, path: Path) -> None:
    """Draw `timeline` as an SVG of about 1000 × 500 pixels and write it to `path` in one step.

    Equal timelines give equal bytes. Raises OSError where `path` cannot be written.
    """
    shown = window(timeline)
    buffer = io.StringIO()
    # A guest's text may hold letters that matplotlib's font lacks; the viewer of the SVG has its own fonts.
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcParams.update({"svg.hashsalt": "timeline", "svg.fonttype": "none", "font.size": 9})
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = _draw(timeline, shown)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    write_atomically(path, buffer.getvalue())


def _draw(timeline: Timeline, shown: Window) -> Figure:
    figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI)
    FigureCanvasSVG(figure)
    top, middle, bottom = figure.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": [2.5, 1.3, 1.1], "hspace": 0.12}
    )
    figure.subplots_adjust(left=_LEFT, right=_RIGHT, top=0.93, bottom=0.095)
    figure.text(_LEFT, 0.955, _cut(timeline.title, 120), fontsize=11, fontweight="bold", parse_math=False)
    top.set_xlim(shown.ms(shown.start), shown.ms(shown.end))
    _marks(top, timeline, shown)
    _transfer(middle, timeline, shown)
    _beats(bottom, timeline, shown)
    for axes in (top, middle, bottom):
        axes.spines[["top", "right"]].set_visible(False)
        _band(axes, timeline, shown)
    _band_words(bottom, timeline, shown)
    since = "the migrate command" if shown.origin_is_migrate else "the first mark"
    bottom.set_xlabel(f"ms since {since}")
    return figure


def _marks(axes: Axes, timeline: Timeline, shown: Window) -> None:
    """One lane per side: a tick per mark, labels on levels above it, joined by a thin line."""
    visible = [_cleaned(mark) for mark in timeline.marks if shown.holds(mark.at)]
    sides = {mark.side for mark in visible} or {"source", "destination"}
    lanes = [side for side in _LANES if side in sides]
    pixels = (_RIGHT - _LEFT) * _WIDTH
    ms_per_letter = (shown.end - shown.start) * 1000 / pixels * _LETTER
    unlabelled = 0
    height = _LEVELS + 1.0
    for number, side in enumerate(reversed(lanes)):
        floor = number * height
        axes.axhline(floor, color=_LANES[side], linewidth=0.8, alpha=0.5)
        marks = [mark for mark in visible if mark.side == side]
        labels, dropped = place(marks, shown, ms_per_letter, _LEVELS)
        unlabelled += dropped
        for mark in marks:
            axes.plot(
                [shown.ms(mark.at)], [floor], marker="|", markersize=9, color=_LANES[side], clip_on=False
            )
        for label in labels:
            level = floor + 0.55 + label.level
            at = shown.ms(label.mark.at)
            axes.plot([at, at], [floor, level + 0.35], color=_LANES[side], linewidth=0.5, alpha=0.6)
            # A label that had to move stands left of its mark and ends there.
            moved = shown.ms(shown.start) < label.left < at
            words_at = at - ms_per_letter * 0.6 if moved else label.left + ms_per_letter * 0.6
            axes.text(
                words_at,
                level,
                label.mark.what,
                fontsize=8,
                color=_LANES[side],
                ha="right" if moved else "left",
                va="center",
                parse_math=False,
            )
    axes.set_ylim(-0.5, len(lanes) * height - 0.2)
    axes.set_yticks([number * height for number in range(len(lanes))], list(reversed(lanes)))
    axes.tick_params(axis="both", length=0, labelbottom=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    _remark(axes, len(timeline.marks) - len(visible), unlabelled)


def _remark(axes: Axes, outside: int, unlabelled: int) -> None:
    """Say what was left out: a picture that hides things silently is not evidence."""
    parts = [
        f"marks outside this window: {outside}" if outside else "",
        f"labels without room: {unlabelled}" if unlabelled else "",
    ]
    if any(parts):
        text = "left out: " + ", ".join(part for part in parts if part)
        axes.text(1.0, 1.0, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=8, color="#555")


def _transfer(axes: Axes, timeline: Timeline, shown: Window) -> None:
    """Bytes transferred and remaining, as `query-migrate` gave them."""
    axes.set_ylabel("MiB")
    axes.tick_params(labelbottom=False)
    if not timeline.samples:
        axes.set_yticks([])
        _empty(axes, "no samples: the migration gave no chance for a query-migrate")
        return
    at = [shown.ms(sample.at) for sample in timeline.samples]
    for name, values, style in (
        ("transferred", [sample.transferred / _MIB for sample in timeline.samples], "-"),
        ("remaining", [sample.remaining / _MIB for sample in timeline.samples], "--"),
    ):
        colour = "#0b57b0" if name == "transferred" else "#b3541e"
        axes.plot(at, values, style, marker=".", markersize=4, linewidth=1.4, color=colour, label=name)
    axes.set_ylim(bottom=0)
    axes.legend(loc="best", frameon=False, fontsize=8, ncols=2)


def _beats(axes: Axes, timeline: Timeline, shown: Window) -> None:
    """The gap before each beat on a logarithmic scale: steady beats are a flat line, a blackout a spike."""
    at, gaps = beat_gaps(timeline.beats, shown)
    if not gaps:
        axes.set_yticks([])
        axes.set_ylabel("beats")
        _empty(axes, "no beats" if not timeline.beats else "no beats in this window")
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("ms between\nbeats")
    floor = max(min(gaps), 0.1) / 2
    axes.vlines(at, floor, [max(gap, 0.1) for gap in gaps], color="#37474f", linewidth=0.9)
    axes.set_ylim(floor, max(*gaps, floor * 20) * 2)


def _band(axes: Axes, timeline: Timeline, shown: Window) -> None:
    if timeline.blackout is None:
        return
    start, end = (shown.ms(at) for at in timeline.blackout)
    # The edge keeps a blackout visible that is narrower than a pixel.
    axes.axvspan(start, end, facecolor=_BAND, edgecolor=_BAND, alpha=0.18, linewidth=1.0, zorder=0)


def _band_words(axes: Axes, timeline: Timeline, shown: Window) -> None:
    if timeline.blackout is None:
        return
    start, end = (shown.ms(at) for at in timeline.blackout)
    first, last = axes.get_xlim()
    # Beside the band on the side with more room, so that neither edge cuts the words.
    right = last - end >= start - first
    gap = (last - first) * 0.008
    axes.text(
        end + gap if right else start - gap,
        0.93,
        f"blackout {blackout_words(end - start)}",
        transform=axes.get_xaxis_transform(),
        ha="left" if right else "right",
        va="top",
        fontsize=10,
        fontweight="bold",
        color=_BAND,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )


def blackout_words(length: float) -> str:
    """The length of a blackout (ms) as the picture writes it: `4.2 ms`, `38 ms`."""
    return f"{length:.1f} ms" if length < 10 else f"{length:.0f} ms"


def _empty(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="#555")


def _cleaned(mark: Mark) -> Mark:
    return replace(mark, what=_cut(mark.what, _LONGEST_LABEL))


def _cut(text: str, length: int) -> str:
    """`text` on one line, at most `length` letters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"
