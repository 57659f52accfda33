# SPDX-License-Identifier: Apache-2.0
"""The panels of a timeline's picture below its lanes: phases, passes, bytes, rates, throttle, beats."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from fixtures.evidence.timeline import Sample, Timeline
from reports.timeline.labels import Window, beat_gaps, numbers
from reports.timeline.phases import Pass, Phase, lengths
from reports.timeline.series import Stretch

PHASE_COLOURS = {
    "setup": "#757575",
    "precopy": "#2f74b5",
    "switchover": "#d9740b",
    "postcopy": "#7b4fa3",
    "interrupted": "#b71c1c",
    "recovery": "#00796b",
}
_SENT, _LEFT = "#0b57b0", "#b3541e"
_PASSES = ("#cfd8dc", "#eceff1")
_MIB = 1 << 20


def draw_phases(axes: Axes, phases: Sequence[Phase], shown: Window, ms_per_letter: float) -> None:
    """A bar per phase, with its name if there is room; :func:`phase_legend` names all phases."""
    for phase in phases:
        start, end = shown.ms(phase.start), shown.ms(phase.end)
        colour = PHASE_COLOURS[phase.name]
        # The edge makes phases visible that are narrower than a pixel.
        axes.axvspan(start, end, facecolor=colour, edgecolor=colour, linewidth=0.8)
        if end - start > (len(phase.name) + 1) * ms_per_letter:
            axes.text(
                *((start + end) / 2, 0.46, phase.name),
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="center",
                fontsize=8,
                color="white",
            )
    _strip(axes, "phase")


def phase_legend(phases: Sequence[Phase]) -> tuple[list[Patch], list[str]]:
    """Colour and duration of each phase; a switchover is too short to be measured in the picture."""
    seconds = lengths(phases)
    patches = [Patch(facecolor=PHASE_COLOURS[name]) for name in seconds]
    return patches, [f"{name} {phase_words(each * 1000)}" for name, each in seconds.items()]


def draw_passes(axes: Axes, passes: Sequence[Pass], shown: Window, ms_per_letter: float) -> None:
    """A bar per pass over memory, alternately dark and light, with as many numbers as fit."""
    widths = [(len(str(each.number)) + 1) * ms_per_letter for each in passes]
    for place, (each, width) in enumerate(zip(passes, widths, strict=True)):
        start, end = shown.ms(each.start), shown.ms(each.end)
        axes.axvspan(start, end, facecolor=_PASSES[place % 2], edgecolor="none")
        if end - start >= width:  # In a narrower one, a line would cross the previous number.
            axes.axvline(start, color="#607d8b", linewidth=0.6)
    spans = [(shown.ms(each.start), shown.ms(each.end)) for each in passes]
    for place, left in numbers(spans, widths, shown.ms(shown.end)):
        axes.text(
            *(left + ms_per_letter * 0.4, 0.46, str(passes[place].number)),
            transform=axes.get_xaxis_transform(),
            va="center",
            fontsize=8,
            color="#263238",
        )
    _strip(axes, "pass")


def draw_transfer(axes: Axes, samples: Sequence[Sample], shown: Window) -> None:
    """Bytes transferred and remaining, as `query-migrate` gave them.

    On a logarithmic scale above 1 MiB: a migration that does not converge sends many times the guest's
    memory, and the last remaining pages would be a flat line on a linear scale.
    """
    at = [shown.ms(sample.at) for sample in samples]
    few = len(samples) <= 60
    for name, colour, style in (("transferred", _SENT, "-"), ("remaining", _LEFT, "--" if few else "-")):
        values = [getattr(sample, name) / _MIB for sample in samples]
        axes.plot(
            *(at, values, style),
            marker="." if few else "",
            markersize=5,
            linewidth=1.4,
            color=colour,
            label=name,
        )
    largest = max(max(sample.transferred, sample.remaining) for sample in samples) / _MIB
    axes.set_yscale("symlog", linthresh=1, linscale=0.5)
    ticks = [0.0] + [10.0**power for power in range(7) if 10**power <= max(largest, 1) * 2]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylim(0, max(largest, 1) * 2)
    axes.grid(axis="y", color="#e0e0e0", linewidth=0.6)
    axes.set_ylabel("MiB")
    _legend(axes)


def draw_rates(axes: Axes, sent: Sequence[Stretch], dirtied: Sequence[Stretch], shown: Window) -> None:
    """Bandwidth and dirty rate; precopy cannot converge while the dirty rate is higher."""
    for name, stretches, colour, style in (
        ("sent per second", sent, _SENT, "-"),
        ("dirtied per second, as QEMU measured it last", dirtied, _LEFT, "--"),
    ):
        if stretches:
            at, values = _steps(stretches, shown)
            axes.plot(at, [value / _MIB for value in values], style, linewidth=1.4, color=colour, label=name)
    largest = max(each.value for each in (*sent, *dirtied)) / _MIB
    axes.set_ylim(0, largest * 1.08)
    axes.grid(axis="y", color="#e0e0e0", linewidth=0.6)
    axes.set_ylabel("MiB/s")
    _legend(axes)


def draw_throttle(axes: Axes, throttles: Sequence[Stretch], shown: Window) -> None:
    """Percent of the time that auto-converge keeps the guest's CPUs from running."""
    at, values = _steps(throttles, shown)
    axes.fill_between(at, values, color="#7b4fa3", alpha=0.25, linewidth=0)
    axes.plot(at, values, color="#7b4fa3", linewidth=1.2)
    axes.set_ylim(0, 108)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("throttle\n%")


def draw_beats(axes: Axes, timeline: Timeline, shown: Window, ms_per_letter: float) -> None:
    """The gap before each beat on a logarithmic scale: steady beats give a flat line, a blackout a spike."""
    at, gaps = beat_gaps(timeline.beats, shown)
    if not gaps:
        say_empty(axes, "no beats" if not timeline.beats else "no beats in this window")
        axes.set_ylabel("beats")
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("ms between\nbeats")
    floor = max(min(gaps), 0.1) / 2
    axes.vlines(at, floor, [max(gap, 0.1) for gap in gaps], color="#37474f", linewidth=0.9)
    axes.set_ylim(floor, max(*gaps, floor * 20) * 2)
    silent, end = max(at), shown.ms(shown.end)
    words = "no beat recorded"  # Either the guest died or its consoles were no longer read.
    if end - silent > len(words) * ms_per_letter:
        axes.text(
            *((silent + end) / 2, 0.5, words),
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="center",
            fontsize=8,
            color="#555",
        )


def say_empty(axes: Axes, words: str) -> None:
    """Write into an empty panel why it is empty."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="#555")


def blackout_words(length: float) -> str:
    """The length of a blackout (ms) as text: `4.2 ms`, `38 ms`."""
    return f"{length:.1f} ms" if length < 10 else f"{length:.0f} ms"


def phase_words(length: float) -> str:
    """The duration of a phase (ms), which may be long: `4.2 ms`, `38 ms`, `8.03 s`, `33.4 s`."""
    if length < 1000:
        return blackout_words(length)
    return f"{length / 1000:.2f} s" if length < 10_000 else f"{length / 1000:.1f} s"


def _steps(stretches: Sequence[Stretch], shown: Window) -> tuple[list[float], list[float]]:
    at = [shown.ms(moment) for each in stretches for moment in (each.start, each.end)]
    return at, [value for each in stretches for value in (each.value, each.value)]


def _strip(axes: Axes, name: str) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([0.5], [name])
    axes.spines[["left", "bottom"]].set_visible(False)


def _legend(axes: Axes) -> None:
    """Above the panel, where there is no data."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        borderaxespad=0.0,
        borderpad=0.2,
        frameon=False,
        fontsize=8,
        ncols=2,
    )
