# SPDX-License-Identifier: Apache-2.0
"""Computes which moments a timeline shows and where their labels fit. Draws nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fixtures.evidence.timeline import Mark, Timeline

PASS = re.compile(r"(?:pass|iteration) (\d+)")
"""A pass over memory, as QEMU and libvirt announce it."""
_MIGRATE = re.compile(r"(?<![\w-])migrate(?![\w-])")
_END = re.compile(
    r"completed|failed|cancelled|postmigrate|RESUME|STOP|POSTCOPY|EOF|exited|died", re.IGNORECASE
)
_IMPORTANT = re.compile(_END.pattern + r"|postcopy|" + _MIGRATE.pattern, re.IGNORECASE)


@dataclass(frozen=True)
class Window:
    """The part of a timeline that is drawn; all moments in seconds of the host's clock."""

    origin: float
    """The moment that is shown as 0 ms."""
    start: float
    end: float
    origin_is_migrate: bool
    last: float
    """The last event of the migration; `end` is a little later."""

    def ms(self, at: float) -> float:
        """`at` in milliseconds since the origin."""
        return (at - self.origin) * 1000

    def holds(self, at: float) -> bool:
        """Whether `at` is drawn."""
        return self.start <= at <= self.end


@dataclass(frozen=True)
class Label:
    """The position of a label: its mark, its left end in ms, and its level (0 is the lowest)."""

    mark: Mark
    left: float
    level: int


def window(timeline: Timeline) -> Window:
    """From the `migrate` command to the last event of the migration, with a margin on both sides.

    Preparations before it and checks of the guest after it can last a hundred times as long as the
    migration, so what is further away is not drawn.
    """
    started = [
        mark.at for mark in timeline.marks if mark.side != "destination" and _MIGRATE.search(mark.what)
    ]
    moments = sorted(
        [mark.at for mark in timeline.marks]
        + [sample.at for sample in timeline.samples]
        + list(timeline.blackout or ())
    ) or sorted(timeline.beats)
    if not moments:
        return Window(0.0, 0.0, 1.0, False, 1.0)
    origin = started[0] if started else moments[0]
    ends = [mark.at for mark in timeline.marks if mark.at >= origin and _END.search(mark.what)]
    ends += [sample.at for sample in timeline.samples]
    ends += list(timeline.blackout or ())
    begin = min(origin, timeline.blackout[0]) if timeline.blackout else origin
    end = max(ends, default=moments[-1])
    margin = max((end - begin) * 0.08, 0.005)
    return Window(origin, begin - margin, end + margin, bool(started), end)


def place(marks: Sequence[Mark], shown: Window, ms_per_letter: float, levels: int) -> tuple[list[Label], int]:
    """Labels that do not overlap, and the number of labels without room.

    `ms_per_letter` is the width of a letter on the time axis. Marks that end or switch a migration are placed
    first. A label that would cross the right edge is placed left of its mark.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(levels)]
    first, last = shown.ms(shown.start), shown.ms(shown.end)
    labels = []
    dropped = 0
    for mark in sorted(marks, key=lambda mark: (not _IMPORTANT.search(mark.what), mark.at)):
        width = (len(mark.what) + 2) * ms_per_letter
        at = shown.ms(mark.at)
        left = at if at + width <= last else max(first, at - width)
        for level, row in enumerate(taken):
            if all(left + width <= begin or end <= left for begin, end in row):
                row.append((left, left + width))
                labels.append(Label(mark, left, level))
                break
        else:
            dropped += 1
    return labels, dropped


def beat_gaps(beats: Sequence[float], shown: Window, bins: int = 900) -> tuple[list[float], list[float]]:
    """For drawing: moments (ms since the origin) and the gap (ms) since the beat before.

    At most `bins` points: of the beats on one pixel, the one after the longest gap is kept,
    so that no gap is hidden.
    """
    width = (shown.end - shown.start) / bins
    longest: dict[int, tuple[float, float]] = {}
    for before, at in pairwise(beats):
        # A gap that is still open at the right edge is drawn too.
        if at < shown.start or before > shown.end:
            continue
        place_of = min(int((at - shown.start) / width), bins)
        gap = (at - before) * 1000
        if place_of not in longest or gap > longest[place_of][1]:
            longest[place_of] = (shown.ms(at), gap)
    points = [longest[key] for key in sorted(longest)]
    return [at for at, _ in points], [gap for _, gap in points]


def numbers(
    spans: Sequence[tuple[float, float]], widths: Sequence[float], last: float
) -> list[tuple[int, float]]:
    """The labels of a row of spans that are shown without overlap, as index and left end.

    The first and the last have priority because they show the number of spans; then labels that fit their
    span. No label ends beyond `last`.
    """
    final = len(spans) - 1
    left = [min(start, last - width) for (start, _), width in zip(spans, widths, strict=True)]
    fits = [start + width <= end for (start, end), width in zip(spans, widths, strict=True)]
    taken: dict[int, tuple[float, float]] = {}
    for row in sorted(range(len(spans)), key=lambda row: (row not in (0, final), not fits[row], row)):
        begin, end = left[row], left[row] + widths[row]
        if all(end <= other or there <= begin for other, there in taken.values()):
            taken[row] = (begin, end)
    return [(row, left[row]) for row in sorted(taken)]
