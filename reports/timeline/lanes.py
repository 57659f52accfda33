# SPDX-License-Identifier: Apache-2.0
"""The upper part of a timeline's picture: a lane for each side, a tick and a label for each mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from fixtures.evidence.timeline import Mark, Timeline
from fixtures.printable import printable
from reports.timeline.labels import PASS, Label, Window, place

LEVEL_PIXELS = 16
_LANES = {"source": "#0b57b0", "destination": "#14592b", "rig": "#5c4400"}
_LEVELS = 3
_LONGEST_LABEL = 44


@dataclass(frozen=True)
class Lane:
    """The lane of one side."""

    side: str
    marks: Sequence[Mark]
    labels: Sequence[Label]
    floor: float
    """Height of its line, in levels above the lowest lane's line."""

    @property
    def levels(self) -> int:
        """Number of rows for its labels, at least one."""
        return 1 + max((label.level for label in self.labels), default=0)


@dataclass(frozen=True)
class Lanes:
    """The lanes from the lowest to the highest, and a note about marks that are not shown."""

    lanes: Sequence[Lane]
    remark: str
    """What is not shown. The picture must say so, because it is evidence."""

    @property
    def height(self) -> float:
        """In levels, from half a level below the lowest line."""
        return self.lanes[-1].floor + self.lanes[-1].levels + 0.8


def lanes_of(timeline: Timeline, shown: Window, ms_per_letter: float) -> Lanes:
    """Place the labels. Passes over memory are ticks only; another panel numbers them."""
    visible = [
        replace(mark, what=cut(mark.what, _LONGEST_LABEL)) for mark in timeline.marks if shown.holds(mark.at)
    ]
    sides = {mark.side for mark in visible} or {"source", "destination"}
    lanes: list[Lane] = []
    unlabelled = 0
    floor = 0.0
    for side in reversed([side for side in _LANES if side in sides]):
        marks = [mark for mark in visible if mark.side == side]
        named = [mark for mark in marks if not (side == "source" and PASS.fullmatch(mark.what))]
        labels, dropped = place(named, shown, ms_per_letter, _LEVELS)
        unlabelled += dropped
        lanes.append(Lane(side, marks, labels, floor))
        floor += lanes[-1].levels + 1.0
    outside = len(timeline.marks) - len(visible)
    parts = [
        f"marks outside this window: {outside}" if outside else "",
        f"labels without room: {unlabelled}" if unlabelled else "",
    ]
    said = ", ".join(part for part in parts if part)
    return Lanes(lanes, f"left out: {said}" if said else "")


def draw_lanes(axes: Axes, lanes: Lanes, shown: Window, ms_per_letter: float) -> None:
    """A line per side, a tick per mark, labels on levels above it, joined by a thin line."""
    for lane in lanes.lanes:
        colour = _LANES[lane.side]
        axes.axhline(lane.floor, color=colour, linewidth=0.8, alpha=0.5)
        at = [shown.ms(mark.at) for mark in lane.marks]
        axes.plot(
            at, [lane.floor] * len(at), "|", markersize=9, markeredgewidth=1.2, color=colour, clip_on=False
        )
        for label in lane.labels:
            _label(axes, label, lane.floor, shown, ms_per_letter, colour)
    axes.set_ylim(-0.5, lanes.height - 0.5)
    axes.set_yticks([lane.floor for lane in lanes.lanes], [lane.side for lane in lanes.lanes])
    axes.spines[["left", "bottom"]].set_visible(False)


def _label(axes: Axes, label: Label, floor: float, shown: Window, ms_per_letter: float, colour: str) -> None:
    level = floor + 0.8 + label.level
    at = shown.ms(label.mark.at)
    axes.plot([at, at], [floor, level + 0.35], color=colour, linewidth=0.5, alpha=0.6)
    # A label that had to move is left of its mark and ends there.
    moved = shown.ms(shown.start) < label.left < at
    axes.text(
        at - ms_per_letter * 0.6 if moved else label.left + ms_per_letter * 0.6,
        level,
        label.mark.what,
        fontsize=8,
        color=colour,
        ha="right" if moved else "left",
        va="center",
        parse_math=False,
    )


def cut(text: str, length: int) -> str:
    """`text` on one line, at most `length` letters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"
