# SPDX-License-Identifier: Apache-2.0
"""How a report says things: symbols and meanings of outcomes, the verdict in one sentence, figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fixtures.outcome.outcome import COUNTS_AGAINST, RANK, BuildInfo, CellResult, Outcome

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
"""One sign per outcome, so that no reader depends on colour; the word always stands near it."""

PLAIN_SYMBOLS = {"✖": "x", "⊖": "x", "≈": "~", "◆": "*", "◇": "+", "⊘": "/", "–": "-", "✔": "."}
"""The signs for a terminal that cannot show the others."""

MEANINGS = {
    Outcome.REGRESSION: "fails old→new; both controls pass: the update breaks it",
    Outcome.DEFECT_NEW: "fails old→new and new→new, passes old→old: the new build is at fault",
    Outcome.REMOVED: "the old build offers it, the new one does not",
    Outcome.FLAKY: "outcomes differ between repeats",
    Outcome.ERROR: "the rig or the host failed; says nothing about QEMU",
    Outcome.DEFECT_OLD: "fails old→old too: such guests cannot leave the old build safely, update or not",
    Outcome.KNOWN: "matches a known issue that has not expired",
    Outcome.REFUSED: "a build says cleanly that this cannot migrate; the guest runs on untouched",
    Outcome.UNSUPPORTED: "one build does not offer the mechanism",
    Outcome.PASS: "the guest moved and every check held",
}


def worst_first(cells: Iterable[CellResult]) -> list[CellResult]:
    """The cells in the order in which a reader wants to see them: by outcome, then by id."""
    return sorted(cells, key=lambda cell: (RANK[cell.outcome], cell.id))


def tone(outcome: Outcome) -> str:
    """`bad`, `warn`, `apart`, `quiet` or `good`: which colours a renderer uses for the outcome."""
    if outcome in COUNTS_AGAINST:
        return "bad"
    return {Outcome.ERROR: "warn", Outcome.DEFECT_OLD: "apart", Outcome.PASS: "good"}.get(outcome, "quiet")


def run_tone(result: str) -> str:
    """The tone of one run of a cell, as in :func:`tone`."""
    return {"pass": "good", "fail": "bad", "error": "warn"}.get(result, "quiet")


def ms(value: float | None) -> str:
    """Milliseconds for a person: `0.4 ms`, `38 ms`, `1,250 ms`; `–` where not measured."""
    if value is None or value != value:
        return "–"
    return f"{value:.1f} ms" if abs(value) < 10 and value != round(value) else f"{value:,.0f} ms"


def seconds(value: float | None) -> str:
    """A duration in seconds for a person: `0.4 s`, `12 s`, `3 min 05 s`; `–` where not measured."""
    if value is None or value != value:
        return "–"
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def count(number: int, noun: str) -> str:
    """`1 cell`, `3 cells`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def build_words(build: BuildInfo) -> str:
    """`QEMU 7.2.22 (debian-12)`, or without the version where it is not known."""
    return f"QEMU {build.qemu} ({build.name})" if build.qemu else f"QEMU of {build.name}"


def tally(cells: Iterable[CellResult]) -> str:
    """`2 regression, 1 flaky`: outcomes of these cells, worst first."""
    totals = Counter(cell.outcome for cell in cells)
    return ", ".join(f"{totals[outcome]} {outcome}" for outcome in Outcome if totals[outcome])
