# SPDX-License-Identifier: Apache-2.0
"""A run of the real command over a wrong build, from a copy of this checkout, and the verdict it came to.

The copy has a reports directory of its own, so that no report of the user's is pushed out by one about a
build that was wrong on purpose; and it has no Node modules, so nothing is spent on Allure's HTML.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from fixtures.outcome.report_dirs import LINKS, all_runs
from fixtures.places import ROOT
from suites.harness.support import tracing_allowed

PARTS = ("conftest.py", "pyproject.toml", "builds.lock.json", "fixtures", "images", "reports", "suites")
NOT_COPIED = shutil.ignore_patterns(*LINKS, *LINKS.values(), "history", "__pycache__")
RUN_SECONDS = 400
"""A booted cell with all its controls takes a minute under TCG, on a machine that does other things too."""
FOUND_PROPERTY = "seeded defect"
"""Name of the user property in which a row of the table travels from a worker."""
LIFELINE = ("setpriv", "--pdeathsig", "KILL")
"""Who kills the worker that started the run kills the run as well."""


class Row(TypedDict):
    """What became of one seed."""

    seed: str
    subject: str
    expected: str
    seen: str
    """Outcome and reason of the cell that was to show it."""
    found: bool


@dataclass(frozen=True)
class SeededRun:
    """A finished run."""

    status: int
    """pytest's exit status."""
    said: str
    """What it printed."""
    verdict: dict[str, Any]
    """verdict.json; empty if it wrote none."""

    def cell(self, subject: str) -> dict[str, Any] | None:
        """The cell about `subject`, or whose id ends with that."""
        cells: list[dict[str, Any]] = self.verdict.get("cells", [])
        found = (cell for cell in cells if cell["subject"] == subject or cell["id"].endswith(subject))
        return next(found, None)


def copy_of_checkout(into: Path) -> Path:
    """What a run needs of this checkout; a copy that is there has the reports of earlier runs."""
    if into.is_dir():
        return into
    into.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, into / part, ignore=NOT_COPIED)
        else:
            shutil.copy2(ROOT / part, into / part)
    return into


def run_seeded(checkout: Path, matrix: Path, old: str, new: str, words: Iterable[str]) -> SeededRun:
    """Qualify the pair with the command that a user would type, and `words` after it."""
    command = [*LIFELINE, sys.executable, "-m", "pytest", "-p", tracing_allowed.__name__, *words]
    command += [f"--old={old}", f"--new={new}", f"--matrix={matrix}", "-p", "no:cacheprovider"]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command,
        cwd=checkout,
        env=ours,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    written = (run / "verdict.json" for run in reversed(all_runs(checkout / "reports")))
    verdict: dict[str, Any] = next((json.loads(file.read_text()) for file in written if file.is_file()), {})
    return SeededRun(done.returncode, done.stdout + done.stderr, verdict)
