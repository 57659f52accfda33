# SPDX-License-Identifier: Apache-2.0
"""A copy of this checkout with other suites in it, to run pytest there."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fixtures.outcome.report_dirs import LINKS
from fixtures.places import ROOT
from suites.harness.support.nested import PLUGINS, run_nested

LINKED = ("fixtures", "images", "matrix.yaml", "builds.lock.json", "pyproject.toml")
NOT_OURS = frozenset({*LINKS, *LINKS.values(), "history"})
SECONDS = 120
"""Seconds that a pytest process may take if it only collects."""


@dataclass(frozen=True)
class Said:
    """Exit status and output (both streams) of a pytest process."""

    status: int
    text: str

    @property
    def tests(self) -> list[str]:
        """Ids of the collected tests, in order."""
        return re.findall(r"^suites/\S+::\S.*$", self.text, re.MULTILINE)


@dataclass(frozen=True)
class SampleCheckout:
    """A directory with the library of this checkout, its own `suites/` and its own `reports/`."""

    root: Path

    def pytest(self, *words: str) -> Said:
        """Run pytest there, without workers unless `words` contain `-n`."""
        return self._run("-m", "pytest", "-n0", *PLUGINS, *words)

    def python(self, code: str) -> Said:
        """Run a piece of Python there."""
        return self._run("-c", code)

    def _run(self, *words: str) -> Said:
        done = run_nested([sys.executable, *words], SECONDS, directory=self.root)
        return Said(done.returncode, done.stdout + done.stderr)

    def collect(self, *words: str) -> Said:
        """Only list the tests."""
        return self.pytest("--collect-only", "-q", *words)


def sample_checkout(root: Path, files: Mapping[str, str]) -> SampleCheckout:
    """Make a sample checkout in `root`; `files` maps paths below its `suites/` to their contents."""
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    shutil.copy2(ROOT / "conftest.py", root)
    (root / "reports").mkdir()
    for path in (ROOT / "reports").iterdir():
        if path.name not in NOT_OURS:
            (root / "reports" / path.name).symlink_to(path)
    for name, text in files.items():
        path = root / "suites" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SampleCheckout(root)
