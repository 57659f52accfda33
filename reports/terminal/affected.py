# SPDX-License-Identifier: Apache-2.0
"""Who is affected, in the terminal: the rows of the first screen in its order, with how to rerun them."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.evidence.harm import Harm
from fixtures.outcome.findings import Finding, findings
from fixtures.outcome.outcome import CellResult, Outcome, RunResult
from fixtures.printable import count
from reports.overview.affected import Row
from reports.terminal.lines import STYLES, Lines
from reports.views import briefly, harms_in_words
from reports.words import tone

_TITLE_LINES = 5
_FULL, _SHORT = 12, 10
"""Numbers of rows shown in full and in one line; the page has them all."""
_ALIKE = 2
"""Findings of one row whose messages and commands are shown."""
_MUST_ACT = frozenset({Harm.LOST, Harm.STRANDED})
"""The harms of guests for which somebody has to do something, whether they count or not."""


def print_affected(rows: Sequence[Row], out: Lines) -> None:
    """What counts against the update: each row with its cells, sentences, messages and rerun commands."""
    for row in rows[:_FULL]:
        _in_full(row, out)
    rest = rows[_FULL:]
    if rest:
        out.line()
    for row in rest[:_SHORT]:
        out.paragraph(f"{_head(row, out)}: {row.said.title}", lines=1, style=_style(row))
    left = sum(len(row.findings) for row in rest[_SHORT:])
    if left:
        out.line(f"and {count(left, 'more finding')}: see the report")


def print_errors(run: RunResult, out: Lines) -> None:
    """What the suite or the host failed to judge."""
    errors = [each for each in findings(run.cells) if each.outcome is Outcome.ERROR]
    for finding in errors[:_FULL]:
        head = f"{out.symbol(finding.outcome)} {finding.outcome}: {cells_in_words(finding.cells)}"
        out.line()
        out.paragraph(head, hang="    ", style=STYLES[tone(finding.outcome)])
        _evidence(finding, out)
    if errors[_FULL:]:
        out.line(f"and {count(len(errors) - _FULL, 'more error')}: see the report")


def print_apart(rows: Sequence[Row], policy: str, out: Lines) -> None:
    """What does not count; a defect of the old build in full, because it may lose guests all the same."""
    if not rows:
        return
    number = count(sum(row.number for row in rows), "cell")
    by = f" (policy {policy})" if policy else ""
    out.line()
    out.line(f"does not count: {count(len(rows), 'kind')} of guests, {number}{by}", STYLES["apart"])
    for row in rows[:_SHORT]:
        if row.first.outcome is Outcome.DEFECT_OLD:
            _in_full(row, out)
            continue
        out.paragraph(f"{_head(row, out)}: {row.said.title}", hang="    ")
        if row.first.outcome is Outcome.KNOWN:
            out.paragraph(row.first.reason, indent="    ")
        elif row.harm in _MUST_ACT:
            _advice(row, out)
    rest = rows[_SHORT:]
    if rest:
        cells = count(sum(row.number for row in rest), "cell")
        out.line(
            f"does not count: {cells} more of {count(len(rest), 'other kind')} of guests: see the report"
        )


def cells_in_words(cells: Sequence[CellResult]) -> str:
    """`12 cells: pseries-5.0/machine, …`; of one cell its whole id."""
    if len(cells) == 1:
        return cells[0].id
    shown, more = briefly(cells)
    rest = f" and {more} more" if more else ""
    return f"{count(len(cells), 'cell')}: {', '.join(each.text for each in shown)}{rest}"


def _head(row: Row, out: Lines) -> str:
    """`✖ lost, regression`."""
    return f"{out.symbol(row.first.outcome)} {f'{row.harm}, ' if row.harm else ''}{row.first.outcome}"


def _style(row: Row) -> str:
    return STYLES[tone(row.first.outcome)]


def _advice(row: Row, out: Lines) -> None:
    out.paragraph(f"what to do: {row.said.advice}", indent="    ")


def _in_full(row: Row, out: Lines) -> None:
    cells = [cell for finding in row.findings for cell in finding.cells]
    head = f"{_head(row, out)}: {cells_in_words(cells)}"
    out.line()
    if len(cells) == 1:
        out.line(head, _style(row))
    else:
        out.paragraph(head, hang="    ", style=_style(row))
    out.paragraph(row.said.title, indent="    ", lines=_TITLE_LINES)
    _advice(row, out)
    for place, finding in enumerate(row.findings[:_ALIKE]):
        _evidence(finding, out, harm=not place)
    rest = len(row.findings) - _ALIKE
    if rest > 0:
        out.line(f"    and {count(rest, 'more finding')} like this: see the report")


def _evidence(finding: Finding, out: Lines, *, harm: bool = True) -> None:
    """Message, harm, repeats and the command that reruns its first cell."""
    out.paragraph(f"message: {finding.reason or 'no reason was given'}", indent="    ")
    for said in harms_in_words(finding) if harm else ():
        out.paragraph(said, indent="    ", hang="  ")
    if finding.first.repeats:
        out.line(f"    repeats: {finding.first.repeats}")
    if finding.first.rerun:
        out.line(f"    rerun: {finding.first.rerun}")
