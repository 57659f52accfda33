# SPDX-License-Identifier: Apache-2.0
"""Draws one hot patch: events of each side, transferred data, and beats of the guest."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from fixtures.evidence.timeline import Timeline
from reports.files import write_atomically
from reports.timeline.labels import Window, window
from reports.timeline.lanes import LEVEL_PIXELS, cut, draw_lanes, lanes_of
from reports.timeline.panels import (
    PHASE_COLOURS,
    blackout_words,
    draw_beats,
    draw_passes,
    draw_phases,
    draw_rates,
    draw_throttle,
    draw_transfer,
    phase_legend,
    say_empty,
)
from reports.timeline.phases import Phase, passes, phases
from reports.timeline.series import bandwidths, begun, dirty_rates, throttles

_WIDTH, _DPI = 1000, 96  # CSS pixels; an inch of SVG has 96
_LEFT, _RIGHT = 85, 985
_HEADER, _FOOTER = 56, 46
_LETTER = 6.6  # pixels per letter in labels, rounded up
_FINEST = 150
"""Maximum number of values of a derived rate in a picture; with more, the line cannot be read."""
_LONGEST_IN_MS = 10.0
"""Pictures of at least this many seconds have a time axis in seconds, others in ms."""
_BAND = "#c62828"


@dataclass(frozen=True)
class _Panel:
    height: int
    """Height and gap are in pixels."""
    gap: int
    """Height above the panel, for legends and the length of the blackout."""
    draw: Callable[[Axes], None]
    shaded: bool = True
    """Whether its background shows the phases and the blackout."""


def write_timeline(timeline: Timeline, path: Path) -> None:
    """Draw `timeline` as an SVG 1000 pixels wide, as high as its panels need, and write it in one step.

    Equal timelines give equal bytes. Raises OSError if `path` cannot be written.
    """
    shown = window(timeline)
    buffer = io.StringIO()
    # A guest's text may have characters that are not in matplotlib's font; the SVG viewer has its own fonts.
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcParams.update({"svg.hashsalt": "timeline", "svg.fonttype": "none", "font.size": 9})
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = _draw(timeline, shown)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    write_atomically(path, buffer.getvalue())


def _draw(timeline: Timeline, shown: Window) -> Figure:
    ms_per_letter = (shown.end - shown.start) * 1000 / (_RIGHT - _LEFT) * _LETTER
    lanes = lanes_of(timeline, shown, ms_per_letter)
    found = phases(timeline, shown)
    top = _Panel(
        round(lanes.height * LEVEL_PIXELS),
        0,
        partial(draw_lanes, lanes=lanes, shown=shown, ms_per_letter=ms_per_letter),
    )
    panels = [top, *_panels(timeline, shown, found, ms_per_letter)]
    height = _HEADER + sum(panel.gap + panel.height for panel in panels) + _FOOTER
    figure = Figure(figsize=(_WIDTH / _DPI, height / _DPI), dpi=_DPI)
    FigureCanvasSVG(figure)
    all_axes = _axes(figure, panels, shown, height)
    for panel, axes in zip(panels, all_axes, strict=True):
        panel.draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        if panel.shaded:
            _shade(axes, found, shown)
            _band(axes, timeline, shown)
    _header(figure, timeline, found, lanes.remark, height)
    _band_words(all_axes[-1], timeline, shown)
    _time_axis(all_axes[-1], shown)
    return figure


def _panels(timeline: Timeline, shown: Window, found: Sequence[Phase], ms_per_letter: float) -> list[_Panel]:
    """The panels below the lanes, from top to bottom; only those with data."""
    panels = []
    if found:
        strip = partial(draw_phases, phases=found, shown=shown, ms_per_letter=ms_per_letter)
        panels.append(_Panel(16, 8, strip, shaded=False))
    memory = passes(timeline, shown, found[-1].end if found else shown.last)
    if memory:
        row = partial(draw_passes, passes=memory, shown=shown, ms_per_letter=ms_per_letter)
        panels.append(_Panel(16, 3, row, shaded=False))
    samples = begun(timeline.samples)
    if samples:
        panels.append(_Panel(110, 24, partial(draw_transfer, samples=samples, shown=shown)))
    else:
        words = "no samples: the migration ended before a query-migrate"
        panels.append(_Panel(30, 12, partial(say_empty, words=words)))
    sent = bandwidths(samples, (shown.end - shown.start) / _FINEST)
    dirtied = dirty_rates(samples)
    if sent or dirtied:
        panels.append(_Panel(80, 26, partial(draw_rates, sent=sent, dirtied=dirtied, shown=shown)))
    throttled = throttles(samples)
    if throttled:
        panels.append(_Panel(50, 14, partial(draw_throttle, throttles=throttled, shown=shown)))
    beats = partial(draw_beats, timeline=timeline, shown=shown, ms_per_letter=ms_per_letter)
    panels.append(_Panel(80, 26, beats))
    return panels


def _axes(figure: Figure, panels: Sequence[_Panel], shown: Window, height: int) -> list[Axes]:
    """Panels one below the other, with one time axis, which only the last panel labels."""
    made: list[Axes] = []
    above = _HEADER
    for panel in panels:
        above += panel.gap + panel.height
        place = (_LEFT / _WIDTH, 1 - above / height, (_RIGHT - _LEFT) / _WIDTH, panel.height / height)
        axes = figure.add_axes(place, sharex=made[0] if made else None)
        axes.tick_params(axis="x", length=0, labelbottom=False)
        if not panel.shaded or not made:
            axes.tick_params(axis="y", length=0)
        axes.yaxis.set_label_coords(-52 / (_RIGHT - _LEFT), 0.5)
        made.append(axes)
    made[0].set_xlim(shown.ms(shown.start), shown.ms(shown.end))
    return made


def _header(figure: Figure, timeline: Timeline, found: Sequence[Phase], remark: str, height: int) -> None:
    left, right = _LEFT / _WIDTH, _RIGHT / _WIDTH
    title = cut(timeline.title, 120)
    figure.text(left, 1 - 16 / height, title, va="center", fontsize=11, fontweight="bold", parse_math=False)
    if found:
        figure.legend(
            *phase_legend(found),
            loc="center left",
            bbox_to_anchor=(left, 1 - 38 / height),
            ncols=len(PHASE_COLOURS),
            frameon=False,
            fontsize=9,
            borderpad=0.0,
            borderaxespad=0.0,
            handlelength=1.0,
            handletextpad=0.4,
            columnspacing=1.4,
        )
    figure.text(right, 1 - 38 / height, remark, ha="right", va="center", fontsize=8, color="#555")


def _time_axis(axes: Axes, shown: Window) -> None:
    axes.tick_params(axis="x", length=3.5, labelbottom=True)
    long = shown.end - shown.start > _LONGEST_IN_MS
    if long:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:g}"))
    since = "the migrate command" if shown.origin_is_migrate else "the first mark"
    axes.set_xlabel(f"{'s' if long else 'ms'} since {since}")


def _shade(axes: Axes, found: Sequence[Phase], shown: Window) -> None:
    """Colours the background by phase; precopy stays white."""
    for phase in found:
        if phase.name != "precopy":
            colour = PHASE_COLOURS[phase.name]
            start, end = shown.ms(phase.start), shown.ms(phase.end)
            axes.axvspan(start, end, facecolor=colour, edgecolor="none", alpha=0.1, zorder=0)


def _band(axes: Axes, timeline: Timeline, shown: Window) -> None:
    if timeline.blackout is None:
        return
    start, end = (shown.ms(at) for at in timeline.blackout)
    # The edge makes a blackout visible that is narrower than a pixel.
    axes.axvspan(start, end, facecolor=_BAND, edgecolor=_BAND, alpha=0.18, linewidth=1.0, zorder=0)


def _band_words(axes: Axes, timeline: Timeline, shown: Window) -> None:
    """Above the panel, where there are no beats, and on the side of the band with more room."""
    if timeline.blackout is None:
        return
    start, end = (shown.ms(at) for at in timeline.blackout)
    first, last = axes.get_xlim()
    right = last - end >= start - first
    axes.text(
        start if right else end,
        1.03,
        f"blackout {blackout_words(end - start)}",
        transform=axes.get_xaxis_transform(),
        ha="left" if right else "right",
        va="bottom",
        fontsize=10,
        fontweight="bold",
        color=_BAND,
    )
