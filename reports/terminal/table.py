# SPDX-License-Identifier: Apache-2.0
"""The end of a run in the terminal: the answers of the first screen in its order, then the totals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from fixtures.outcome.findings import Finding, not_tried, rollbacks
from fixtures.outcome.outcome import Outcome, RunResult
from fixtures.printable import count
from reports.changes import NOTHING_BEFORE, Changes
from reports.overview.affected import against, apart
from reports.overview.ship import ship
from reports.overview.untested import untested
from reports.overview.ways import ways
from reports.rollback import rollback_words
from reports.terminal.affected import cells_in_words, print_affected, print_apart, print_errors
from reports.terminal.lines import STYLES, Lines
from reports.terminal.totals import print_totals
from reports.views import harms_in_words, short_name
from reports.why import guests_not_judged, judged_words, remarks, why
from reports.words import build_words, seconds

_WHY_LINES = 6
_MOST = 10
"""Number of entries of each list; the page has them all."""
_NOT_TRIED = (Outcome.REFUSED, Outcome.UNSUPPORTED)


def print_table(
    run: RunResult,
    console: Console,
    directory: Path = Path("reports/latest"),
    changes: Changes = NOTHING_BEFORE,
) -> None:
    """Print the run's result; the last line is exactly `verdict: safe|unsafe|undecided`.

    `directory` is the report's directory, as it is to be shown. No line is wider than 100 columns except
    the commands, which stay on one line so that they can be copied.
    """
    out = Lines(console)
    counting, others = against(run), apart(run)
    out.line()
    # The time is unknown if the run was killed in its first test.
    took = f", took {seconds(run.seconds)}" if run.seconds else ""
    out.line(f"{build_words(run.old)} → {build_words(run.new)}{took}", "bold")
    for note in run.notes:
        out.paragraph(f"note: {note}", indent="  ")
    shippable = f"can we ship? {ship(run, counting, others)}"
    out.paragraph(shippable, lines=_WHY_LINES)
    print_affected(counting, out)
    print_errors(run, out)
    print_apart(others, run.policy, out)
    _usable(run, out)
    _untested(run, out)
    _not_tried(run, out)
    _changes(changes, out)
    print_totals(run, out)
    _guests_not_judged(run, out)
    for remark in remarks(run):
        out.paragraph(f"note: {remark}")
    if counting:  # A terminal ends here, some hundred lines below the first time.
        out.paragraph(f"{shippable} Which they are, and what to do with them, is above.", lines=_WHY_LINES)
    out.paragraph(why(run), lines=_WHY_LINES)
    if judged := judged_words(run):
        out.paragraph(f"judged: {judged}")
    out.line(f"report: {directory / 'index.html'}")
    style = {"safe": "bold green", "unsafe": "bold red", "undecided": "bold yellow"}[run.verdict]
    out.line(f"verdict: {run.verdict}", style)


def _usable(run: RunResult, out: Lines) -> None:
    """Can guests go back, and how may they be moved? That matters before an update ships."""
    said, stuck, found = rollback_words(run), rollbacks(run), ways(run.cells)
    if said or found:
        out.line()
    if said:
        style = STYLES["apart"] if stuck else ""
        out.paragraph(f"back to the old build: {said}", hang="    ", lines=6, style=style)
        _stuck(stuck, out)
    for way in found:
        out.paragraph(f"{way.mechanism}: {way.words}", hang="    ")


def _stuck(stuck: Sequence[Finding], out: Lines) -> None:
    for finding in stuck[:_MOST]:
        number = "1 cell: " if len(finding.cells) == 1 else ""
        out.paragraph(f"{number}{cells_in_words(finding.cells)}", indent="  ", hang="  ", lines=2)
        out.paragraph(finding.reason, indent="    ")
        for said in harms_in_words(finding):
            out.paragraph(said, indent="    ", hang="  ")
    if len(stuck) > _MOST:
        out.line(f"  and {len(stuck) - _MOST} more reasons: see the report")


def _changes(changes: Changes, out: Lines) -> None:
    """The changes since earlier runs of the pair, in a few lines; the report has them in full."""
    if not changes.any:
        return
    out.line()
    numbers = [(len(changes.new), "new finding"), (len(changes.gone), "gone finding")]
    numbers += [(len(changes.blackouts), "changed blackout"), (len(changes.flaky), "wavering cell")]
    words = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in numbers if number)
    out.line(f"since {changes.since[:16].replace('T', ' ')}: {words}", "bold")
    said = [
        f"new: {new.finding.outcome}: {count(len(new.cells), 'cell')}: {new.finding.reason}"
        for new in changes.new[:_MOST]
    ]
    said += [
        f"gone: {gone.outcome}: {count(len(gone.cells), 'cell')}: {gone.reason}"
        for gone in changes.gone[:_MOST]
    ]
    for each in said:
        out.paragraph(each, indent="  ", hang="  ", lines=1)


def _guests_not_judged(run: RunResult, out: Lines) -> None:
    """Classes of guests without a cell that moved: the run cannot show what the update breaks for them."""
    classes = guests_not_judged(run)
    if not classes:
        return
    out.line("guests that could not be judged:", STYLES["apart"])
    for said in classes[:_MOST]:
        out.paragraph(said, indent="  ", hang="  ")
    if len(classes) > _MOST:
        out.line(f"  and {len(classes) - _MOST} more classes: see the report")
    out.line()


def _untested(run: RunResult, out: Lines) -> None:
    """What was not tested, and why, in a line or two each."""
    found = untested(run)
    if found:
        out.line()
        out.line("what was not tested, and why:", STYLES["apart"])
    for each in found[:_MOST]:
        number = f" ({count(each.cells, 'cell')})" if each.cells > 1 else ""
        out.paragraph(f"{each.what}: {each.why}{number}", indent="  ", hang="  ")
    if len(found) > _MOST:
        out.line(f"  and {len(found) - _MOST} more reasons: see the report")


def _not_tried(run: RunResult, out: Lines) -> None:
    """Cells that were refused or could not be tried, one line per class of reasons."""
    for groups in (not_tried(run.cells, outcome) for outcome in _NOT_TRIED):
        if groups:
            out.line()
        for finding in groups[:_MOST]:
            out.paragraph(f"{out.symbol(finding.outcome)} {_in_short(finding)}", hang="    ")
        rest = groups[_MOST:]
        if rest:
            cells = count(sum(len(finding.cells) for finding in rest), "cell")
            line = f"{rest[0].outcome}: {cells} more for {count(len(rest), 'other reason')}: see the report"
            out.line(f"{out.symbol(rest[0].outcome)} {line}")


def _in_short(finding: Finding) -> str:
    """`refused: 23 cells: …`, with the common part of their reasons."""
    one = len(finding.cells) == 1
    what = short_name(finding.first) if one else count(len(finding.cells), "cell")
    said = finding.reason if one else finding.signature
    return f"{finding.outcome}: {what}: {said or 'no reason was given'}"
