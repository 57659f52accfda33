# SPDX-License-Identifier: Apache-2.0
"""How a report says things: symbols and meanings of outcomes, the verdict in one sentence, figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fixtures.outcome.findings import findings
from fixtures.outcome.outcome import COUNTS_AGAINST, RANK, BuildInfo, CellResult, Outcome, RunResult, Verdict

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

_GUEST_SUITES = frozenset({"hotpatch", "libvirt"})


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


def why(run: RunResult) -> str:
    """The one plain sentence (two at most) under the verdict: what was seen that led to it."""
    move = f"from {build_words(run.old)} to {build_words(run.new)}"
    total = len(run.cells)
    against = [cell for cell in run.cells if cell.outcome in COUNTS_AGAINST]
    errors = [cell for cell in run.cells if cell.outcome is Outcome.ERROR]
    if not total:
        return f"Not a single cell ran, so nothing is known about the update {move}."
    if run.verdict is Verdict.UNSAFE:
        verb = "counts" if len(against) == 1 else "count"
        blind = ""
        if errors:
            stayed = "cell stays" if len(errors) == 1 else "cells stay"
            blind = f" {len(errors)} more {stayed} unjudged, because the rig or the host failed."
        share = f"{len(against)} of {count(total, 'cell')}"
        causes = len(findings(against))
        grouped = f", in {count(causes, 'finding')}" if causes < len(against) else ""
        return f"{share} {verb} against the update {move}{grouped}: {tally(against)}.{blind}"
    if run.verdict is Verdict.UNDECIDED:
        where = "outside the cells (see the remarks)"
        if errors:
            where = f"in {len(errors)} of {count(total, 'cell')}"
        return (
            f"The rig or the host failed {where}, so the update {move} is not judged. "
            "What did run shows nothing against it."
        )
    return _why_safe(run.cells, move)


def _why_safe(cells: list[CellResult], move: str) -> str:
    """A safe verdict is only as good as what was really moved, so cells that did not move are named."""
    passed = sum(cell.outcome is Outcome.PASS for cell in cells)
    rest = [cell for cell in cells if cell.outcome is not Outcome.PASS]
    if not passed:
        return f"Nothing counts against the update {move}, but no guest was moved either: {tally(rest)}."
    apart = f" The rest does not count against the update: {tally(rest)}." if rest else ""
    if all(cell.suite in _GUEST_SUITES for cell in cells):
        guests = "guest" if len(cells) == 1 else "guests"
        return f"{passed} of {len(cells)} {guests} came through the update {move} and noticed nothing.{apart}"
    return f"{passed} of {count(len(cells), 'cell')} passed: guests move {move} and notice nothing.{apart}"
