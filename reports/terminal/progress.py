# SPDX-License-Identifier: Apache-2.0
"""Live progress in the terminal: tests done, outcomes, running tests. Plain lines if it is no terminal."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fixtures.outcome.outcome import Outcome
from reports.terminal.lines import encodable, tally_text

_SHOWN = 8


class Progress:
    """Shows the progress of a run.

    On a terminal a few lines at the bottom, redrawn four times a second; elsewhere one line for each
    finished test and nothing else, so that a CI log stays readable. `stop` may be called more than once.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console()
        self._clock = clock
        # rich redraws from a thread of its own.
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, float]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._done = 0
        self._total = 0
        self._started = clock()
        self._live: Live | None = None

    def start(self, total: int) -> None:
        """Begin; `total` is the number of tests that will run (cells and sweeps)."""
        self._total = total
        self._started = self._clock()
        if self._console.is_terminal and self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self.render,
                transient=True,
                vertical_overflow="ellipsis",
            )
            self._live.start()

    def test_started(self, test_id: str, worker: str) -> None:
        """A worker (xdist's name, or empty) began this test. Its previous test has ended, reported or not."""
        with self._lock:
            self._running[worker or test_id] = (test_id, self._clock())

    def test_finished(self, test_id: str, outcomes: Mapping[str, Outcome], seconds: float) -> None:
        """A test ended after `seconds`: a cell, or a sweep, with the outcomes of its cells by their ids.

        Two sweeps may have the same cell, which is counted once, as in the report.
        """
        with self._lock:
            self._running = {key: value for key, value in self._running.items() if value[0] != test_id}
            self._outcomes |= outcomes
            self._done += 1
            done = self._done
        if self._live is None:
            digits = len(str(self._total))
            words = _words(list(outcomes.values()))
            line = f"[{done:>{digits}}/{self._total}] {seconds:>3.0f}s  {words:<11} {test_id}"
            self._console.print(Text(encodable(line, self._console)), soft_wrap=True)

    def stop(self) -> None:
        """End the live display and restore the terminal."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def render(self) -> RenderableType:
        """The current content of the live display."""
        with self._lock:
            counts = Counter(self._outcomes.values())
            done = self._done
            running = sorted(self._running.values(), key=lambda item: item[1])
        now = self._clock()
        head = Table.grid(padding=(0, 1), expand=True)
        head.add_column(no_wrap=True)
        head.add_column(ratio=1)
        head.add_column(no_wrap=True)
        # At least 1: rich draws a bar of total 0 as an endless pulse.
        bar = ProgressBar(total=max(self._total, done, 1), completed=done)
        head.add_row(f"{done}/{self._total}", bar, _clock_words(now - self._started))
        lines: list[RenderableType] = [head]
        if counts:
            tally = tally_text(counts, self._console)
            tally.no_wrap, tally.overflow = True, "ellipsis"
            lines.append(tally)
        for cell_id, since in running[:_SHOWN]:
            text = f"{now - since:4.0f}s  {encodable(cell_id, self._console)}"
            lines.append(Text(text, no_wrap=True, overflow="ellipsis"))
        if len(running) > _SHOWN:
            lines.append(Text(f"      and {len(running) - _SHOWN} more", style="dim"))
        return Group(*lines)


def _words(outcomes: Sequence[Outcome]) -> str:
    """`pass`, or for a sweep `1 removed, 170 pass`, worst first."""
    if len(outcomes) == 1:
        return str(outcomes[0])
    counts = Counter(outcomes)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]) or "no cells"


def _clock_words(elapsed: float) -> str:
    whole = int(elapsed)
    return f"{whole // 60}:{whole % 60:02d}"
