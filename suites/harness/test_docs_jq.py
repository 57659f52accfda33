# SPDX-License-Identifier: Apache-2.0
"""The lines of jq in the documentation, run on a verdict.json."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures.evidence.harm import Harm
from fixtures.outcome.outcome import Outcome
from reports.machine_readable.verdict_json import write_verdict
from suites.harness.support.docs_pages import pages
from suites.harness.support.report_samples import make_cell, make_run

SWEEP = "suites/compat/test_sweeps.py::test_devices_move_alone_and_together[x86_64-devices-1of2]"
LINES = [words for page in pages() for words in page.commands if words[0] == "jq"]


@pytest.fixture
def verdict(tmp_path: Path) -> Path:
    """verdict.json of a run whose first finding has two cells of one sweep, and loses guests."""
    cells = [
        make_cell(
            number,
            outcome=Outcome.REGRESSION,
            reason="migrate: the section is missing",
            rerun=f".venv/bin/pytest '{SWEEP}' --old=debian-12 --new=debian-13 --subject=pc/device:{number}",
            harm=Harm.LOST,
            harm_proof="the source has ended",
        )
        for number in (1, 2)
    ]
    return write_verdict(make_run(*cells), tmp_path)


def jq(words: list[str], verdict: Path) -> str:
    """What a documented command prints for that verdict."""
    if shutil.which("jq") is None:
        pytest.skip("the program jq is not installed")
    command = words[: words.index("reports/latest/verdict.json")]
    return subprocess.run([*command, str(verdict)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("words", LINES, ids=lambda words: words[2][:30])
def test_documented_filter_works(words: list[str], verdict: Path) -> None:
    """Lose this and a user copies a line of jq that fails."""
    assert jq(words, verdict).strip()


def test_cells_of_a_sweep_are_listed_as_tests(verdict: Path) -> None:
    """Lose this and `--cells` refuses the list that the page on triage makes, if a sweep comes first."""
    (words,) = [words for words in LINES if "capture" in words[2]]
    assert set(jq(words, verdict).split()) == {SWEEP}
