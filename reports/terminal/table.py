# SPDX-License-Identifier: Apache-2.0
"""The table at the end of a run in the terminal: failures and how to rerun them, then the whole matrix."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fixtures.outcome.findings import Finding, findings, not_tried, rollbacks
from fixtures.outcome.outcome import CellResult, Outcome, RunResult
from fixtures.printable import count, printable
from reports.changes import NOTHING_BEFORE, Changes
from reports.figures import spread, with_times
from reports.overview.affected import against, apart
from reports.overview.ship import ship
from reports.overview.untested import untested
from reports.rollback import rollback_words
from reports.sentences.sentences import sentences
from reports.sentences.tried import Tried
from reports.swept import by_kind, in_order, listed, swept
from reports.views import briefly, harms_in_words, short_name
from reports.why import guests_not_judged, judged_words, remarks, why
from reports.words import PLAIN_SYMBOLS, SYMBOLS, build_words, ms, seconds, tone

_WIDTH = 100
_REASON_LINES = 3
_WHY_LINES = 6
_TITLE_LINES = 5
STYLES = {"bad": "bold red", "warn": "bold yellow", "apart": "magenta", "quiet": "dim", "good": "green"}
"""Terminal styles by tone; without colours the text must be enough."""
_FULL_FINDINGS, _SHORT_FINDINGS = 12, 10
"""Numbers of findings shown in full and in one line; the page has them all."""
_TALLY = 4
"""Number of outcomes in one line of a table cell."""
_NOT_TRIED = (Outcome.REFUSED, Outcome.UNSUPPORTED)


def console_on(stream: TextIO) -> Console:
    """The console for a run: as wide as the terminal, or as the table if the output is a file."""
    return Console(file=stream, highlight=False, emoji=False, width=None if stream.isatty() else _WIDTH)


def print_table(
    run: RunResult,
    console: Console,
    directory: Path = Path("reports/latest"),
    changes: Changes = NOTHING_BEFORE,
) -> None:
    """Print the run's result; the last line is exactly `verdict: safe|unsafe|undecided`.

    `directory` is the report's directory, as it is to be shown. No line is wider than 100 columns except
    the the commands, which stay on one line so that they can be copied.
    """
    width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    _line(console, "")
    took = (
        f", took {seconds(run.seconds)}" if run.seconds else ""
    )  # Unknown if it was killed in its first test.
    _line(console, f"{build_words(run.old)} → {build_words(run.new)}{took}", "bold")
    for note in run.notes:
        _paragraph(console, f"note: {note}", width, indent="  ")
    _paragraph(console, f"can we ship? {ship(run, against(run), apart(run))}", width, lines=_WHY_LINES)
    _failures(run, console, width)
    _rollback(run, console, width)
    _changes(changes, console, width)
    _others(run, console, width)
    _untested(run, console, width)
    tables = (_matrix, listed(run.cells)), (_sweeps, swept(run.cells))
    for table, cells in tables:
        if cells:
            _line(console, "")
            console.print(table(run, console))
    if run.cells:
        _line(console, "")
    _guests_not_judged(run, console, width)
    for remark in remarks(run):
        _paragraph(console, f"note: {remark}", width)
    _paragraph(console, why(run), width, lines=_WHY_LINES)
    if judged := judged_words(run):
        _paragraph(console, f"judged: {judged}", width)
    _line(console, f"report: {directory / 'index.html'}")
    style = {"safe": "bold green", "unsafe": "bold red", "undecided": "bold yellow"}[run.verdict]
    _line(console, f"verdict: {run.verdict}", style)


def symbol(outcome: Outcome, console: Console) -> str:
    """The outcome's sign, or a plain one if the terminal's encoding lacks it."""
    sign = SYMBOLS[outcome]
    return sign if _is_unicode(console) else PLAIN_SYMBOLS.get(sign, sign)


def encodable(text: str, console: Console) -> str:
    """`text` without control characters, and without letters that the terminal's encoding lacks."""
    plain = printable(text)
    if _is_unicode(console):
        return plain
    return plain.replace("→", "->").replace("…", "...").encode("ascii", "replace").decode("ascii")


def _failures(run: RunResult, console: Console, width: int) -> None:
    """Each finding that counts or could not be judged: outcome, cells, reason, and one rerun command."""
    found = [
        finding
        for finding in findings(run.cells)
        if finding.counts or finding.outcome in {Outcome.ERROR, Outcome.DEFECT_OLD}
    ]
    tried = Tried(run.cells)
    for finding in found[:_FULL_FINDINGS]:
        style = STYLES[tone(finding.outcome)]
        head = f"{symbol(finding.outcome, console)} {finding.outcome}"
        _line(console, "")
        if len(finding.cells) == 1:
            _line(console, f"{head}: {finding.first.id}", style)
        else:
            _paragraph(console, f"{head}: {_cells_in_words(finding)}", width, hang="    ", style=style)
        said = sentences(finding, tried)
        _paragraph(console, said.title, width, indent="    ", lines=_TITLE_LINES)
        _paragraph(console, f"what to do: {said.advice}", width, indent="    ")
        _paragraph(console, f"message: {finding.reason or 'no reason was given'}", width, indent="    ")
        for harm in harms_in_words(finding):
            _paragraph(console, harm, width, indent="    ", hang="  ")
        if finding.first.repeats:
            _line(console, f"    repeats: {finding.first.repeats}")
        if finding.first.rerun:
            _line(console, f"    rerun: {finding.first.rerun}")
    _more(found[_FULL_FINDINGS:], console, width)


def _more(found: Sequence[Finding], console: Console, width: int) -> None:
    """Findings beyond those shown in full: a line each; beyond _SHORT_FINDINGS only their number."""
    if found:
        _line(console, "")
    for finding in found[:_SHORT_FINDINGS]:
        what = finding.first.id if len(finding.cells) == 1 else count(len(finding.cells), "cell")
        harm = f", {finding.harm}" if finding.harm else ""
        text = f"{symbol(finding.outcome, console)} {finding.outcome}{harm}: {what}: {finding.reason}"
        _paragraph(console, text, width, lines=1, style=STYLES[tone(finding.outcome)])
    if len(found) > _SHORT_FINDINGS:
        _line(console, f"and {count(len(found) - _SHORT_FINDINGS, 'more finding')}: see the report")


def _cells_in_words(finding: Finding) -> str:
    """`12 cells: pseries-5.0/machine, …`."""
    shown, more = briefly(finding.cells)
    rest = f" and {more} more" if more else ""
    return f"{count(len(finding.cells), 'cell')}: {', '.join(each.text for each in shown)}{rest}"


def _rollback(run: RunResult, console: Console, width: int) -> None:
    """Can guests go back? That does not count, but matters before an update ships."""
    said, stuck = rollback_words(run), rollbacks(run)
    if not said:
        return
    _line(console, "")
    style = STYLES["apart"] if stuck else ""
    _paragraph(console, f"back to the old build: {said}", width, hang="    ", lines=6, style=style)
    for finding in stuck[:_SHORT_FINDINGS]:
        _paragraph(console, _cells_in_words(finding), width, indent="  ", hang="  ", lines=2)
        _paragraph(console, finding.reason, width, indent="    ")
        for said in harms_in_words(finding):
            _paragraph(console, said, width, indent="    ", hang="  ")
    if len(stuck) > _SHORT_FINDINGS:
        _line(console, f"  and {len(stuck) - _SHORT_FINDINGS} more reasons: see the report")


def _changes(changes: Changes, console: Console, width: int) -> None:
    """The changes since earlier runs of the pair, in a few lines; the report has them in full."""
    if not changes.any:
        return
    _line(console, "")
    numbers = [(len(changes.new), "new finding"), (len(changes.gone), "gone finding")]
    numbers += [(len(changes.blackouts), "changed blackout"), (len(changes.flaky), "wavering cell")]
    words = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in numbers if number)
    _line(console, f"since {changes.since[:16].replace('T', ' ')}: {words}", "bold")
    for new in changes.new[:_SHORT_FINDINGS]:
        what = f"new: {new.finding.outcome}: {count(len(new.cells), 'cell')}: {new.finding.reason}"
        _paragraph(console, what, width, indent="  ", hang="  ", lines=1)
    for gone in changes.gone[:_SHORT_FINDINGS]:
        what = f"gone: {gone.outcome}: {count(len(gone.cells), 'cell')}: {gone.reason}"
        _paragraph(console, what, width, indent="  ", hang="  ", lines=1)


def _guests_not_judged(run: RunResult, console: Console, width: int) -> None:
    """Classes of guests without a cell that moved: the run cannot show what the update breaks for them."""
    classes = guests_not_judged(run)
    if not classes:
        return
    _line(console, "guests that could not be judged:", STYLES["apart"])
    for said in classes[:_SHORT_FINDINGS]:
        _paragraph(console, said, width, indent="  ", hang="  ")
    if len(classes) > _SHORT_FINDINGS:
        _line(console, f"  and {len(classes) - _SHORT_FINDINGS} more classes: see the report")
    _line(console, "")


def _untested(run: RunResult, console: Console, width: int) -> None:
    """What was not tested, and why, in a line or two each."""
    found = untested(run)
    if found:
        _line(console, "")
        _line(console, "what was not tested, and why:", STYLES["apart"])
    for each in found[:_SHORT_FINDINGS]:
        number = f" ({count(each.cells, 'cell')})" if each.cells > 1 else ""
        _paragraph(console, f"{each.what}: {each.why}{number}", width, indent="  ", hang="  ")
    if len(found) > _SHORT_FINDINGS:
        _line(console, f"  and {len(found) - _SHORT_FINDINGS} more reasons: see the report")


def _others(run: RunResult, console: Console, width: int) -> None:
    """Cells that do not count, or did not move, one line per class of reasons."""
    found = findings(run.cells)
    _excused([finding for finding in found if finding.excused], run.policy, console, width)
    known = [finding for finding in found if finding.outcome is Outcome.KNOWN]
    for groups in (known, *(not_tried(run.cells, outcome) for outcome in _NOT_TRIED)):
        if groups:
            _line(console, "")
            _in_lines(groups, str(groups[0].outcome), console, width)


def _excused(found: Sequence[Finding], policy: str, console: Console, width: int) -> None:
    """What does not count by what the distribution supports."""
    if found:
        number = count(sum(len(finding.cells) for finding in found), "cell")
        what = f"{number} in {count(len(found), 'finding')}"
        _line(console, "")
        _line(console, f"do not count by the policy {policy}: {what}", STYLES["apart"])
        _in_lines(found, "do not count", console, width)


def _in_lines(groups: Sequence[Finding], what: str, console: Console, width: int) -> None:
    """A line for each of the first few; `what` says what all of them are."""
    for finding in groups[:_SHORT_FINDINGS]:
        _paragraph(console, f"{symbol(finding.outcome, console)} {_in_short(finding)}", width, hang="    ")
    rest = groups[_SHORT_FINDINGS:]
    if rest:
        cells = count(sum(len(finding.cells) for finding in rest), "cell")
        line = f"{what}: {cells} more for {count(len(rest), 'other reason')}: see the report"
        _line(console, f"{symbol(groups[0].outcome, console)} {line}")


def _in_short(finding: Finding) -> str:
    """`refused: 23 cells: …`, with the common part of their reasons."""
    one = len(finding.cells) == 1
    what = short_name(finding.first) if one else count(len(finding.cells), "cell")
    said = finding.reason if one or finding.outcome is Outcome.KNOWN else finding.signature
    return f"{finding.outcome}: {what}: {said or 'no reason was given'}"


def _matrix(run: RunResult, console: Console) -> Table:
    """One row per architecture, path and mechanism. All outcomes share one column."""
    table = _table("arch", "path", "mechanism")
    table.add_column("blackout", justify="right", no_wrap=True)
    table.add_column("longest", justify="right", no_wrap=True)
    rows: dict[tuple[str, str, str], list[CellResult]] = defaultdict(list)
    for cell in listed(run.cells):
        rows[cell.arch, cell.path, cell.mechanism].append(cell)
    for names, cells in sorted(rows.items()):
        # Passing cells only: the blackout of a guest that never woke is a time limit, not a measurement.
        blackout = spread(cell.blackout_ms for cell in with_times(cells))
        figures = [f"median {ms(blackout.middle)}", ms(blackout.greatest)] if blackout else ["-", "-"]
        named = [Text(encodable(text, console)) for text in names]
        table.add_row(*named, tally_text(Counter(cell.outcome for cell in cells), console), *figures)
    return table


def _sweeps(run: RunResult, console: Console) -> Table:
    """One row per architecture, accelerator and kind of swept subject."""
    table = _table("arch", "accelerator", "swept", "on")
    for arch, accelerator, kind, machines, tally in by_kind(swept(run.cells)):
        ordered = in_order(tally)
        parts = [dict(ordered[place : place + _TALLY]) for place in range(0, len(ordered), _TALLY)]
        tallies = Text("\n").join(tally_text(part, console) for part in parts)
        table.add_row(
            arch, accelerator, Text(encodable(kind, console)), count(machines, "machine type"), tallies
        )
    return table


def _table(*names: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column("cells")
    return table


def tally_text(counts: Mapping[Outcome, int], console: Console) -> Text:
    """`✖ 1 regression  ✔ 5 pass`, coloured, worst first."""
    parts = [
        Text(f"{symbol(outcome, console)} {counts[outcome]} {outcome}", STYLES[tone(outcome)])
        for outcome in Outcome
        if counts.get(outcome)
    ]
    return Text("  ").join(parts)


def _paragraph(
    console: Console,
    text: str,
    width: int,
    *,
    indent: str = "",
    hang: str = "",
    lines: int = _REASON_LINES,
    style: str = "",
) -> None:
    """`text` wrapped to `width`, cut after a few lines; the report has all of it."""
    line = " ".join(encodable(text, console).split())
    more = "[...]" if not _is_unicode(console) else "[…]"
    wrapped = textwrap.wrap(
        line,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + hang,
        max_lines=lines,
        placeholder=f" {more}",
    )
    for part in wrapped:
        _line(console, part, style)


def _line(console: Console, text: str, style: str = "") -> None:
    """One line unchanged: markup in a reason has no effect, and a command is not wrapped."""
    console.print(Text(encodable(text, console), style=style), soft_wrap=True)


def _is_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
