# SPDX-License-Identifier: Apache-2.0
"""The table at the end of a run in the terminal: failures and how to rerun them, then the whole matrix."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fixtures.outcome import COUNTS_AGAINST, CellResult, Outcome, RunResult
from reports.figures import spread
from reports.files import clean
from reports.words import PLAIN_SYMBOLS, SYMBOLS, build_words, count, ms, seconds, tone, why, worst_first

_WIDTH = 100
_REASON_LINES = 3
STYLES = {"bad": "bold red", "warn": "bold yellow", "apart": "magenta", "quiet": "dim", "good": "green"}
"""Terminal styles by tone; without colours the words alone must do."""
_DETAILED = COUNTS_AGAINST | {Outcome.ERROR, Outcome.DEFECT_OLD}


def print_table(run: RunResult, console: Console, directory: Path = Path("reports/latest")) -> None:
    """Print the run's result; the last line is exactly `verdict: safe|unsafe|undecided`.

    `directory` is where the report lies, as it is to be shown. Nothing is wider than 100 columns but the
    commands, which stay on one line so that they can be copied.
    """
    width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    _line(console, "")
    _line(console, f"{build_words(run.old)} → {build_words(run.new)}, took {seconds(run.seconds)}", "bold")
    for note in run.notes:
        _paragraph(console, f"note: {note}", width, indent="  ")
    _failures(run, console, width)
    _others(run, console, width)
    if run.cells:
        _line(console, "")
        console.print(_matrix(run, console))
        _line(console, "")
    _paragraph(console, why(run), width)
    _line(console, f"report: {directory / 'index.html'}")
    style = {"safe": "bold green", "unsafe": "bold red", "undecided": "bold yellow"}[run.verdict]
    _line(console, f"verdict: {run.verdict}", style)


def symbol(outcome: Outcome, console: Console) -> str:
    """The outcome's sign, or a plain one where the terminal's encoding has no other."""
    sign = SYMBOLS[outcome]
    return sign if _is_unicode(console) else PLAIN_SYMBOLS.get(sign, sign)


def printable(text: str, console: Console) -> str:
    """`text` without control characters, and without letters that the terminal's encoding lacks."""
    plain = clean(text)
    if _is_unicode(console):
        return plain
    return plain.replace("→", "->").replace("…", "...").encode("ascii", "replace").decode("ascii")


def _failures(run: RunResult, console: Console, width: int) -> None:
    """Each cell that counts or could not be judged: outcome, id, reason, the command that reruns it."""
    for cell in worst_first(cell for cell in run.cells if cell.outcome in _DETAILED):
        style = STYLES[tone(cell.outcome)]
        _line(console, "")
        _line(console, f"{symbol(cell.outcome, console)} {cell.outcome}: {cell.id}", style)
        _paragraph(console, cell.reason or "no reason was given", width, indent="    ")
        if cell.repeats:
            _line(console, f"    repeats: {cell.repeats}")
        if cell.rerun:
            _line(console, f"    rerun: {cell.rerun}")


def _others(run: RunResult, console: Console, width: int) -> None:
    """Cells that did not move but do not count, said once per reason."""
    groups: dict[tuple[Outcome, str], list[CellResult]] = defaultdict(list)
    for cell in worst_first(run.cells):
        if cell.outcome not in _DETAILED and cell.outcome is not Outcome.PASS:
            groups[cell.outcome, cell.reason].append(cell)
    if groups:
        _line(console, "")
    for (outcome, reason), cells in groups.items():
        what = cells[0].id if len(cells) == 1 else count(len(cells), "cell")
        text = f"{symbol(outcome, console)} {outcome}: {what}: {reason or 'no reason was given'}"
        _paragraph(console, text, width, hang="    ")


def _matrix(run: RunResult, console: Console) -> Table:
    """One row per architecture, path and mechanism; outcomes as words, so that ten of them still fit."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("arch", "path", "mechanism"):
        table.add_column(name, no_wrap=True)
    table.add_column("cells")
    table.add_column("blackout", justify="right", no_wrap=True)
    table.add_column("longest", justify="right", no_wrap=True)
    rows: dict[tuple[str, str, str], list[CellResult]] = defaultdict(list)
    for cell in run.cells:
        rows[cell.arch, cell.path, cell.mechanism].append(cell)
    for names, cells in sorted(rows.items()):
        # Passing cells only: the blackout of a guest that never woke is a time limit, not a figure.
        blackout = spread(cell.blackout_ms for cell in cells if cell.outcome is Outcome.PASS)
        figures = [f"median {ms(blackout.middle)}", ms(blackout.greatest)] if blackout else ["-", "-"]
        named = [Text(printable(text, console)) for text in names]
        table.add_row(*named, tally_text(Counter(cell.outcome for cell in cells), console), *figures)
    return table


def tally_text(counts: Mapping[Outcome, int], console: Console) -> Text:
    """`✖ 1 regression  ✔ 5 pass`, coloured, worst first."""
    parts = [
        Text(f"{symbol(outcome, console)} {counts[outcome]} {outcome}", STYLES[tone(outcome)])
        for outcome in Outcome
        if counts.get(outcome)
    ]
    return Text("  ").join(parts)


def _paragraph(console: Console, text: str, width: int, *, indent: str = "", hang: str = "") -> None:
    """`text` wrapped to `width`, cut after a few lines: the whole of it stands in the report."""
    line = " ".join(printable(text, console).split())
    more = "[...]" if not _is_unicode(console) else "[…]"
    wrapped = textwrap.wrap(
        line,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + hang,
        max_lines=_REASON_LINES,
        placeholder=f" {more}",
    )
    for part in wrapped:
        _line(console, part)


def _line(console: Console, text: str, style: str = "") -> None:
    """One line as it is: no markup from a reason, no wrapping of a command."""
    console.print(Text(printable(text, console), style=style), soft_wrap=True)


def _is_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
