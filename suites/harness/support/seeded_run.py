# SPDX-License-Identifier: Apache-2.0
"""A run of the real command over a build with defects, from a copy of this checkout, and its verdict.

The copy has its own reports directory, so that a report about a build with seeded defects does not replace
one of the user's. It has no Node modules, so no time is spent on Allure's HTML.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from fixtures.outcome.report_dirs import LINKS, all_runs
from fixtures.places import ROOT
from suites.harness.support import no_kvm_here, old_is_right, power_roots, tracing_allowed
from suites.harness.support.nested import PLUGINS, run_nested
from suites.harness.support.tamper import plugin

PARTS = ("conftest.py", "pyproject.toml", "builds.lock.json", "fixtures", "images", "reports", "suites")
NOT_COPIED = shutil.ignore_patterns(*LINKS, *LINKS.values(), "history", "*.pyc.*")
"""Bytecode is copied, as a copied source keeps its time; `*.pyc.*` is still being written."""
RUN_SECONDS = 1500
"""Limit in seconds, against a run that hangs. A booted cell with its controls takes half a minute under TCG,
or three if the host is busy; a build has six of them at most."""
FOUND_PROPERTY = "seeded defect"
"""Name of the user property with which a worker sends a row of the table."""
LIFELINE = ("setpriv", "--pdeathsig", "KILL")
"""The run is killed when the worker that started it dies."""


class Row(TypedDict):
    """The result of one seed."""

    kind: str
    seed: str
    subject: str
    expected: str
    seen: str
    """Outcome and reason of the cell that should show the defect."""
    check: str
    """The check that failed, by its name in the reason; empty if the reason begins with none."""
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
        """The cell with this subject, or with an id that ends with it."""
        cells: list[dict[str, Any]] = self.verdict.get("cells", [])
        found = (cell for cell in cells if cell["subject"] == subject or cell["id"].endswith(subject))
        return next(found, None)


def copy_of_checkout(into: Path) -> Path:
    """Copy what a run needs of this checkout. An existing copy is reused, reports included."""
    if into.is_dir():
        return into
    into.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, into / part, ignore=NOT_COPIED)
        else:
            shutil.copy2(ROOT / part, into / part)
    return into


def run_seeded(
    checkout: Path,
    matrix: Path,
    old: str,
    new: str,
    words: Iterable[str],
    orders: Path | None = None,
    *,
    power_root: Path | None = None,
    only_new_is_wrong: bool = False,
    kvm_works: bool = True,
) -> SeededRun:
    """Qualify the pair with the command that a user would type, followed by `words`.

    `orders` is a file of what proxies do to the moves, if they do anything. `power_root` is the root of the
    build with defects for an emulated POWER host. If the old build is known to have no defect, its control
    runs less often. If KVM is known not to work on this machine, the build with defects is not tried with it.
    """
    if not kvm_works:
        words = [*words, "-p", no_kvm_here.__name__]
    if only_new_is_wrong:
        words = [*words, "-p", old_is_right.__name__]
    command = [*LIFELINE, sys.executable, "-m", "pytest", "-p", tracing_allowed.__name__, *words]
    # Defects are planted in whatever shows them soonest, not in what managers give guests.
    command += [f"--old={old}", f"--new={new}", f"--matrix={matrix}", "--support=everything", *PLUGINS]
    more = {}
    if power_root is not None:
        command += ["-p", power_roots.__name__]
        more[power_roots.ROOT] = str(power_root)
    if orders is not None:
        command += ["-p", plugin.__name__]
        more[plugin.ORDERS_FILE] = str(orders)
    done = run_nested(command, RUN_SECONDS, directory=checkout, more=more)
    written = (run / "verdict.json" for run in reversed(all_runs(checkout / "reports")))
    verdict: dict[str, Any] = next((json.loads(file.read_text()) for file in written if file.is_file()), {})
    return SeededRun(done.returncode, done.stdout + done.stderr, verdict)
