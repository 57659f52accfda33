# SPDX-License-Identifier: Apache-2.0
"""Lines and paragraphs of a terminal: no wider than its columns, without markup, in its encoding."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from fixtures.outcome.outcome import Outcome
from fixtures.printable import printable
from reports.words import PLAIN_SYMBOLS, SYMBOLS, tone

WIDTH = 100
"""Columns of a table, and most of a terminal."""
REASON_LINES = 3
STYLES = {"bad": "bold red", "warn": "bold yellow", "apart": "magenta", "quiet": "dim", "good": "green"}
"""Terminal styles by tone; without colours the text must be enough."""


def console_on(stream: TextIO) -> Console:
    """The console for a run: as wide as the terminal, or as the table if the output is a file."""
    return Console(file=stream, highlight=False, emoji=False, width=None if stream.isatty() else WIDTH)


class Lines:
    """What is printed on one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, WIDTH) if console.is_terminal else WIDTH

    def line(self, text: str = "", style: str = "") -> None:
        """One line unchanged: markup in a reason has no effect, and a command is not wrapped."""
        self._console.print(Text(encodable(text, self._console), style=style), soft_wrap=True)

    def paragraph(
        self, text: str, *, indent: str = "", hang: str = "", lines: int = REASON_LINES, style: str = ""
    ) -> None:
        """`text` wrapped to the width, cut after a few lines; the report has all of it."""
        wrapped = textwrap.wrap(
            " ".join(encodable(text, self._console).split()),
            max(self._width, 20),
            initial_indent=indent,
            subsequent_indent=indent + hang,
            max_lines=lines,
            placeholder=" […]" if _is_unicode(self._console) else " [...]",
        )
        for part in wrapped:
            self.line(part, style)

    def show(self, table: RenderableType) -> None:
        """Print what rich lays out itself."""
        self._console.print(table)

    def text(self, text: str) -> Text:
        """`text` as a cell of a table."""
        return Text(encodable(text, self._console))

    def symbol(self, outcome: Outcome) -> str:
        """The outcome's sign, or a plain one if the terminal's encoding lacks it."""
        return symbol(outcome, self._console)

    def tally(self, counts: Mapping[Outcome, int]) -> Text:
        """As :func:`tally_text`."""
        return tally_text(counts, self._console)


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


def tally_text(counts: Mapping[Outcome, int], console: Console) -> Text:
    """`✖ 1 regression  ✔ 5 pass`, coloured, worst first."""
    parts = [
        Text(f"{symbol(outcome, console)} {counts[outcome]} {outcome}", STYLES[tone(outcome)])
        for outcome in Outcome
        if counts.get(outcome)
    ]
    return Text("  ").join(parts)


def _is_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
