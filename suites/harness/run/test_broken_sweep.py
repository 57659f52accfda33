# SPDX-License-Identifier: Apache-2.0
"""What a sweep that breaks off reports."""

from pathlib import Path

import pytest

from fixtures.run.executing import pair_under_test_of
from suites.harness.support.seeded_run import copy_of_checkout, run_seeded
from suites.harness.support.sweep_that_breaks import CELLS, WORDS

pytestmark = pytest.mark.x86_64


def test_results_of_a_broken_sweep_are_reported(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Lose this and one error of the suite hides a hundred results, or they hide the error."""
    build = pair_under_test_of(request.config).pair.new
    words = ("suites/compat/test_sweeps.py", "-k", "machines", "--arch=x86_64", "-n", "0")
    plugin = ("-p", "suites.harness.support.sweep_that_breaks")
    matrix = Path(request.config.getoption("--matrix"))
    run = run_seeded(copy_of_checkout(tmp_path / "checkout"), matrix, build, build, (*words, *plugin))
    assert run.status == 2, run.said
    assert run.verdict["verdict"] == "undecided"
    *found, error = run.verdict["cells"]
    assert [cell["outcome"] for cell in found] == ["pass"] * CELLS
    assert (error["id"], error["outcome"]) == ("compat/x86_64-machines", "error")
    assert WORDS in error["reason"]
