# SPDX-License-Identifier: Apache-2.0
"""Why a run has its verdict, in plain sentences: what was judged, what was not, and further remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fixtures.evidence.tcg_boots import SECOND_BOOTS
from fixtures.outcome.by_design import lost_by_design, those_lost
from fixtures.outcome.findings import findings, reason_class
from fixtures.outcome.judged import (
    Judged,
    about_update,
    accepted,
    compares,
    judged_archs,
    limits_that_hold,
    unjudged_archs,
    unjudged_guests,
)
from fixtures.outcome.outcome import CellResult, Outcome, RunResult, Verdict
from fixtures.printable import MOST_LINE, count, shown_line
from reports.figures import on_emulated_host
from reports.sentences.subjects import aspect_of
from reports.swept import listed
from reports.words import build_words, tally

MOST_UNTRIED = 5
"""Known issues that are named; verdict.json has them all."""


def why(run: RunResult) -> str:
    """The plain sentences below the verdict: the results that led to it."""
    move = f"from {build_words(run.old)} to {build_words(run.new)}"
    if not run.cells:
        return f"No cell ran, so nothing is known about the update {move}."
    if run.verdict is Verdict.UNSAFE:
        return _why_unsafe(run.cells, move)
    if run.verdict is Verdict.UNDECIDED:
        return _why_undecided(run, move)
    return _why_safe(about_update(run.cells), move)


def judged_words(run: RunResult) -> str:
    """`x86_64 by 353 moves, ppc64le not at all; the other 449 cells show no move that passed`.

    Empty if only canaries ran.
    """
    archs = judged_archs(run.cells)
    said = ", ".join(f"{arch.name} {_judged_by(arch)}" for arch in archs)
    others = sum(len(arch.cells) - arch.moved for arch in archs)
    if not others:
        return said
    which = "one shows" if others == 1 else f"{others} cells show"
    return f"{said}; the other {which} no move that passed"


def _judged_by(arch: Judged) -> str:
    if not arch.judges:
        return "not at all"
    return f"by {count(arch.moved, 'move')}" if arch.moved else "by comparing the builds alone"


def remarks(run: RunResult) -> list[str]:
    """What a reader must know besides the verdict: a quick run, equal builds, known issues, waivers, limits.

    And which guests are lost by design, how many booted only the second time, and that the times of emulated
    hosts are no figures to compare.
    """
    said = (
        _quick(run),
        _same_builds(run),
        _safe_by_known_issues(run),
        _excused(run),
        _untried(run),
        _limits_hold(run),
        *_lost_by_design(run),
        _second_boots(run),
        _emulated(run),
    )
    return [each for each in said if each]


def guests_not_judged(run: RunResult) -> list[str]:
    """Each class of guests without a cell that moved, with the outcomes of its cells."""
    return [f"{guests.name}: {tally(guests.cells)}" for guests in unjudged_guests(run.cells)]


def _why_unsafe(cells: Sequence[CellResult], move: str) -> str:
    against = [cell for cell in cells if cell.counts]
    errors = sum(cell.outcome is Outcome.ERROR for cell in cells)
    verb = "counts" if len(against) == 1 else "count"
    blind = f" {_not_judged_elsewhere(cells)}".rstrip()
    if errors:
        stayed = "cell is" if errors == 1 else "cells are"
        blind += f" {errors} more {stayed} not judged, because the suite or the host failed."
    share = f"{len(against)} of {count(len(about_update(cells)), 'cell')}"
    causes = len(findings(against))
    grouped = f", in {count(causes, 'finding')}" if causes < len(against) else ""
    return f"{share} {verb} against the update {move}{grouped}: {tally(against)}.{blind}"


def _why_undecided(run: RunResult, move: str) -> str:
    errors = sum(cell.outcome is Outcome.ERROR for cell in run.cells)
    if not errors and not run.notes and not about_update(run.cells):
        return f"No guest was moved, so the update {move} is not judged: only canaries ran."
    if not errors and not run.notes and unjudged_archs(run.cells):
        return _why_not_judged(run.cells, move)
    rest = f"The other results show nothing against it. {_not_judged_elsewhere(run.cells)}".rstrip()
    if run.notes and not errors:
        return f"The update {move} is not judged: {'. '.join(run.notes)}. {rest}"
    where = f"in {errors} of {count(len(run.cells), 'cell')}" if errors else "outside the cells"
    return f"The suite or the host failed {where}, so the update {move} is not judged. {rest}"


def _why_not_judged(cells: Sequence[CellResult], move: str) -> str:
    """For a run in which no cell moved a guest of some architectures, or of all."""
    unjudged = unjudged_archs(cells)
    missing = {arch.name for arch in unjudged}
    rest = [arch.name for arch in judged_archs(cells) if arch.name not in missing]
    if not rest:
        became = _became([cell for arch in unjudged for cell in arch.cells])
        return f"No guest was moved, so the update {move} is not judged: {became}."
    names = " and ".join(arch.name for arch in unjudged)
    became = "; ".join(_became(arch.cells) for arch in unjudged)
    return (
        f"No guest of {names} was moved, so the update {move} is not judged there: {became}. "
        f"On {' and '.join(rest)}, nothing counts against it."
    )


def _not_judged_elsewhere(cells: Sequence[CellResult]) -> str:
    unjudged = unjudged_archs(cells)
    names = " and ".join(arch.name for arch in unjudged)
    return f"No guest of {names} was moved, so the update is not judged there." if unjudged else ""


def _became(cells: Sequence[CellResult]) -> str:
    """Outcomes of cells that did not judge the update, and the reason if they share one."""
    quiet = [cell for cell in cells if cell.outcome is not Outcome.PASS]
    said = [tally(quiet)] if quiet else []
    passed = [cell for cell in cells if cell.outcome is Outcome.PASS]
    if compared := sum(map(compares, passed)):
        said.append(f"{count(compared, 'cell')} only compared what the builds offer")
    if unmoved := len(passed) - compared:
        said.append(f"{count(unmoved, 'cell')} passed and left no guest in the new build")
    if quiet and len({reason_class(cell) for cell in quiet}) == 1 and quiet[0].reason:
        said[0] += f" ({shown_line(quiet[0].reason, MOST_LINE)})"
    return ", ".join(said)


def _why_safe(cells: Sequence[CellResult], move: str) -> str:
    """A safe verdict covers only guests that moved, so the outcomes of all other cells are listed."""
    passed = sum(cell.outcome is Outcome.PASS for cell in cells)
    rest = [cell for cell in cells if cell.outcome is not Outcome.PASS]
    apart = f" The others do not count against the update: {tally(rest)}." if rest else ""
    if len(listed(cells)) == len(cells) and not those_lost(cells):
        guests = "guest" if len(cells) == 1 else "guests"
        return f"{passed} of {len(cells)} {guests} survived the update {move} and passed all checks.{apart}"
    return f"{passed} of {count(len(cells), 'cell')} passed the update {move}.{apart}"


def _quick(run: RunResult) -> str:
    if not run.left_out:
        return ""
    return "Quick run: it has only a part of the tests. Decide about shipping by a complete run."


def _same_builds(run: RunResult) -> str:
    old, new = run.old, run.new
    if old.name == new.name:
        return f"Both builds are the same, {old.name}: this run judges the build itself, not an update."
    if old.digest and old.digest == new.digest:
        what = "packages" if old.package else "QEMU programs"
        return f"Both builds, {old.name} and {new.name}, have the same {what}: there is no update to judge."
    return ""


def _safe_by_known_issues(run: RunResult) -> str:
    excused = accepted(run.cells)
    if run.verdict is not Verdict.SAFE or not excused:
        return ""
    verb = "counts" if len(excused) == 1 else "count"
    return (
        f"The verdict is safe only because known issues accept {count(len(excused), 'cell')}. "
        f"Without them, {len(excused)} {verb} against the update."
    )


def _excused(run: RunResult) -> str:
    """What does not count by what the distribution supports."""
    excused = [cell for cell in run.cells if cell.excused]
    if not excused:
        return ""
    verb = "does" if len(excused) == 1 else "do"
    return (
        f"By the policy {run.policy}, {count(len(excused), 'failed cell')} {verb} not count "
        f"against the update: {tally(excused)}."
    )


def _untried(run: RunResult) -> str:
    """Known issues and waivers of which this run says nothing, in one line."""
    if not run.untried:
        return ""
    rest = len(run.untried) - MOST_UNTRIED
    named = [shown_line(each, MOST_LINE) for each in run.untried[:MOST_UNTRIED]]
    said = "; ".join([*named, *([f"{rest} more"] if rest > 0 else [])])
    return f"Not tried in this run: {said}."


def _limits_hold(run: RunResult) -> str:
    held = limits_that_hold(run.cells)
    if not held:
        return ""
    said = "; ".join(f"limit {limit} still holds" for limit in held)
    return f"{said[0].upper()}{said[1:]}. The canaries that show it do not judge the update."


def _lost_by_design(run: RunResult) -> list[str]:
    """Of each kind of guests that are lost although their cells passed: why, and what an operator can do."""
    kinds = Counter(lost_by_design(aspect_of(cell.subject)) for cell in those_lost(run.cells))
    return [
        f"{count(number, 'cell')} passed, {'its guest is' if number == 1 else 'their guests are'} {said}."
        for said, number in kinds.items()
    ]


def _second_boots(run: RunResult) -> str:
    """How many guests booted only the second time under each build, because of TCG."""
    boots: dict[str, list[bool]] = {}
    for cell in run.cells:
        for each in cell.runs if cell.accelerator == "tcg" else ():
            if each.result != "unsupported":
                boots.setdefault(each.source, []).append(SECOND_BOOTS in each.figures)
    shares = [f"{sum(by)} of {count(len(by), 'guest')} under {name}" for name, by in boots.items() if any(by)]
    if not shares:
        return ""
    return f"TCG ended or stopped the first boot of {', '.join(shares)}; their second boot went well."


def _emulated(run: RunResult) -> str:
    cells = [cell for cell in listed(run.cells) if on_emulated_host(cell)]
    if not cells:
        return ""
    return (
        f"{count(len(cells), 'cell')} ran on an emulated host, where time is stretched: "
        "do not compare their blackouts and durations with others. Medians leave them out."
    )
