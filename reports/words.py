# SPDX-License-Identifier: Apache-2.0
"""Words and symbols of the reports: outcomes and their meanings, figures with units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fixtures.evidence.harm import Harm
from fixtures.matrix.names import COMPARED
from fixtures.outcome.outcome import COUNTS_AGAINST, RANK, BuildInfo, CellResult, Outcome
from fixtures.printable import count

SYMBOLS = {
    Outcome.REGRESSION: "✖",
    Outcome.DEFECT_NEW: "✖",
    Outcome.REMOVED: "⊖",
    Outcome.FLAKY: "≈",
    Outcome.ERROR: "!",
    Outcome.DEFECT_OLD: "◆",
    Outcome.KNOWN: "◇",
    Outcome.REFUSED: "⊘",
    Outcome.UNSUPPORTED: "–",
    Outcome.PASS: "✔",
}
"""One sign per outcome, so that no reader depends on colour; the outcome's name is always next to it."""

PLAIN_SYMBOLS = {"✖": "x", "⊖": "x", "≈": "~", "◆": "*", "◇": "+", "⊘": "/", "–": "-", "✔": "."}
"""Replacements on a terminal that cannot show these signs."""

MEANINGS = {
    Outcome.REGRESSION: "fails old→new; both controls pass: the update breaks it",
    Outcome.DEFECT_NEW: "fails old→new and new→new, passes old→old: the new build is at fault",
    Outcome.REMOVED: "the old build offers it, the new one does not",
    Outcome.FLAKY: "outcomes differ between repeats",
    Outcome.ERROR: "the suite or the host failed; says nothing about QEMU",
    Outcome.DEFECT_OLD: (
        "fails old→old too: such guests cannot safely leave the old build, with no update either"
    ),
    Outcome.KNOWN: "matches a known issue that has not expired",
    Outcome.REFUSED: "a build reports a migration blocker; the guest runs on unchanged at the source",
    Outcome.UNSUPPORTED: (
        "not tried: a build lacks what the cell needs, the accelerator itself breaks such guests, or "
        "an emulated host cannot run it yet"
    ),
    Outcome.PASS: "the guest moved and every check passed",
}


HARM_MEANINGS = {
    Harm.LOST: "the guest died, hangs or was corrupted, and the source cannot go on with it",
    Harm.STRANDED: "the guest did not move and runs on at the source, which it can leave by a restart only",
    Harm.CHANGED: "the guest moved and lives, but it or its next boot sees something else",
    Harm.SLOW: "the guest moved and lives, but a bound of blackout, time or cost was broken",
}


def meaning_of(outcome: Outcome, cells: Iterable[CellResult]) -> str:
    """What this outcome of these cells means; comparing two builds moves no guest."""
    if outcome is Outcome.REGRESSION and _only_compare(cells):
        return "the two builds offer guests different things: the update changes it"
    return MEANINGS[outcome]


def harm_meaning_of(harm: Harm, cells: Iterable[CellResult]) -> str:
    """What this harm of these cells means."""
    if harm is Harm.CHANGED and _only_compare(cells):
        return "a guest that is moved, or its next boot, sees something else"
    return HARM_MEANINGS[harm]


def _only_compare(cells: Iterable[CellResult]) -> bool:
    return all(cell.mechanism == COMPARED for cell in cells)


def harm_tone(harm: Harm) -> str:
    """The class of colours for a harm, as in :func:`tone`."""
    return {Harm.LOST: "bad", Harm.STRANDED: "warn", Harm.CHANGED: "apart", Harm.SLOW: "quiet"}[harm]


def worst_first(cells: Iterable[CellResult]) -> list[CellResult]:
    """The cells sorted by outcome, worst first, then by id."""
    return sorted(cells, key=lambda cell: (RANK[cell.outcome], cell.id))


def tone(outcome: Outcome) -> str:
    """`bad`, `warn`, `apart`, `quiet` or `good`: the class of colours for the outcome."""
    if outcome in COUNTS_AGAINST:
        return "bad"
    return {Outcome.ERROR: "warn", Outcome.DEFECT_OLD: "apart", Outcome.PASS: "good"}.get(outcome, "quiet")


def run_tone(result: str) -> str:
    """The tone of one run of a cell, as in :func:`tone`."""
    return {"pass": "good", "fail": "bad", "error": "warn"}.get(result, "quiet")


def ms(value: float | None) -> str:
    """A time in milliseconds as text: `0.4 ms`, `38 ms`, `1,250 ms`; `–` if it was not measured."""
    if value is None or value != value:
        return "–"
    return f"{value:.1f} ms" if abs(value) < 10 and value != round(value) else f"{value:,.0f} ms"


def seconds(value: float | None) -> str:
    """A duration in seconds as text: `0.4 s`, `12 s`, `3 min 05 s`; `–` if it was not measured."""
    if value is None or value != value:
        return "–"
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def build_words(build: BuildInfo) -> str:
    """`QEMU 7.2.22 (debian-12)`, or `QEMU of debian-12` if the version is unknown."""
    return f"QEMU {build.qemu} ({build.name})" if build.qemu else f"QEMU of {build.name}"


def tally(cells: Iterable[CellResult]) -> str:
    """`2 regression, 1 flaky`: outcomes of these cells, worst first."""
    totals = Counter(cell.outcome for cell in cells)
    return ", ".join(f"{totals[outcome]} {outcome}" for outcome in Outcome if totals[outcome])


def accelerators_of(build: BuildInfo, cells: Iterable[CellResult]) -> str:
    """The accelerator of each architecture; if its cells ran under several, each with its number of cells."""
    ran: dict[str, Counter[str]] = {arch: Counter() for arch in sorted(build.accelerators)}
    for cell in cells:
        if cell.accelerator and cell.arch in ran:
            ran[cell.arch][cell.accelerator] += 1
    return ", ".join(f"{arch}: {_several(used) or build.accelerators[arch]}" for arch, used in ran.items())


def _several(used: Counter[str]) -> str:
    """Accelerators with their numbers of cells, most cells first; empty if there are fewer than two."""
    most_first = sorted(used.items(), key=lambda item: (-item[1], item[0]))
    return " and ".join(f"{name} ({count(number, 'cell')})" for name, number in most_first if len(used) > 1)
