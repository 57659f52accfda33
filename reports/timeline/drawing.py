# SPDX-License-Identifier: Apache-2.0
"""Draws timelines during the tests in a separate process, the only one that loads matplotlib.

Loading it takes a second and 50 MiB of memory, which the workers of a run save.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from fixtures.outcome.outcome import CellResult, RunRecord, RunResult
from fixtures.places import ROOT

LIBRARY = "matplotlib"
"""It has no wheels for ppc64le, so set-up leaves it out there."""
DATA = "timeline.json"
PICTURE = "timeline.svg"
"""The picture of a DATA in the same directory."""
FAILED = "Could not draw"
"""Prefix of the drawing process's lines about timelines that it could not draw; libraries print others."""
FINISH_SECONDS = 300.0
"""Time limit in seconds for the timelines left at the end; one takes 0.2 s."""


class TimelineDrawer:
    """The drawing process. It starts with the first timeline, and ends when this process closes its input.

    It also ends if this process is killed, because the kernel closes the input then.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._output: IO[str] | None = None
        self._asked: set[Path] = set()
        self._error = ""

    def draw(self, data: Path) -> None:
        """Draw the timeline in the file `data` into PICTURE in its directory. Returns before that is done."""
        if data in self._asked:
            return
        self._asked.add(data)
        if find_spec(LIBRARY) is None:
            self._error = f"this machine has no {LIBRARY}"
            return
        try:
            self._send(f"{data.absolute()}\n")
        except OSError as error:
            self._error = str(error)

    def finish(self) -> list[str]:
        """Wait until all timelines are drawn. Returns a sentence for each one that could not be drawn."""
        if self._process is not None:
            self._end(self._process)
        said = self._said()
        if self._error:
            return [f"Could not draw all timelines: {self._error}", *said[-1:]]
        return [line for line in said if line.startswith(FAILED)]

    def _said(self) -> list[str]:
        if self._output is None:
            return []
        with self._output:
            self._output.seek(0)
            return self._output.read().splitlines()

    def _end(self, process: subprocess.Popen[str]) -> None:
        try:
            process.communicate(timeout=FINISH_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._error = f"drawing took more than {FINISH_SECONDS:.0f} s"
        except OSError as error:
            process.wait()
            self._error = str(error)
        if process.returncode and not self._error:
            self._error = f"the drawing process ended with status {process.returncode}"

    def _send(self, line: str) -> None:
        if self._process is None:
            self._output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
            self._process = subprocess.Popen(
                [sys.executable, "-m", "reports.timeline"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                text=True,
                # Ctrl-C ends the tests; their timelines are still drawn.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()


def illustrated(run: RunResult, directory: Path, drawer: TimelineDrawer) -> tuple[RunResult, list[str]]:
    """Draw each timeline below `directory` that has no picture yet.

    Returns the run with the pictures among its evidence, and a sentence for each one that could not be drawn.
    """
    for data in sorted(directory.rglob(DATA)):
        if not _is_drawn(data):
            drawer.draw(data)
    remarks = drawer.finish()
    return replace(run, cells=[_cell_with_pictures(cell, directory) for cell in run.cells]), remarks


def timelines_of(cell: CellResult) -> list[str]:
    """The data of all timelines of a cell, relative to the report's directory."""
    return [name for run in cell.runs for name in run.evidence if Path(name).name == DATA]


def _is_drawn(data: Path) -> bool:
    picture = data.with_name(PICTURE)
    return picture.is_file() and picture.stat().st_mtime_ns >= data.stat().st_mtime_ns


def _cell_with_pictures(cell: CellResult, directory: Path) -> CellResult:
    runs = [_run_with_pictures(run, directory) for run in cell.runs]
    return replace(cell, evidence=_with_pictures(cell.evidence, directory), runs=runs)


def _run_with_pictures(run: RunRecord, directory: Path) -> RunRecord:
    return replace(run, evidence=_with_pictures(run.evidence, directory))


def _with_pictures(evidence: Iterable[str], directory: Path) -> list[str]:
    """The evidence with each picture after its data."""
    shown = []
    for name in evidence:
        shown.append(name)
        picture = Path(name).with_name(PICTURE)
        if Path(name).name == DATA and (directory / picture).is_file():
            shown.append(str(picture))
    return list(dict.fromkeys(shown))
