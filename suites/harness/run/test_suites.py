# SPDX-License-Identifier: Apache-2.0
"""Suites are the folders of suites/: a new one needs no other change."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from fixtures.matrix.schema import load_matrix
from fixtures.matrix.sweep_plan import plans_of
from fixtures.places import MATRIX_FILE, ROOT, suite_of, suites
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.sweep.sweep import Sweep
from suites.harness.support.sample_checkout import SampleCheckout, sample_checkout

TEST = """
import pytest

@pytest.mark.guest(profile="busy")
def test_guest_survives(guest, hot_patch):
    assert hot_patch().runs_on_new_build
"""


@pytest.fixture
def checkout(tmp_path: Path) -> SampleCheckout:
    """A checkout with a suite that no file of the library knows."""
    return sample_checkout(tmp_path, {"faults/test_x.py": TEST, "hotpatch/test_y.py": TEST})


def test_new_folder_is_a_marker(checkout: SampleCheckout) -> None:
    """Lose this and a new suite ends in an unknown marker, or cannot be selected."""
    said = checkout.collect("-m", "faults")
    assert {test.split("/")[1] for test in said.tests} == {"faults"}, said.text


def test_new_folder_is_in_the_plan(checkout: SampleCheckout) -> None:
    """Lose this and `--plan` leaves out a suite."""
    assert "\nfaults        x86_64 " in checkout.pytest("--plan").text


def test_suites_are_the_folders_with_tests() -> None:
    """Lose this and a list in the library has to be kept for each suite."""
    assert {"compat", "convergence", "harness", "hotpatch", "libvirt", "performance"} <= set(suites())
    assert "__pycache__" not in suites()


@pytest.mark.parametrize(
    "path,suite",
    [("suites/compat/test_x.py", "compat"), ("suites/harness/run/test_x.py", "harness"), ("a/b.py", "a")],
)
def test_suite_of_a_file(path: str, suite: str) -> None:
    """Lose this and a test outside the suites ends in an internal error of pytest."""
    assert suite_of(ROOT / path) == suite


def test_cells_of_a_sweep_belong_to_the_suite_of_its_test(tmp_path: Path) -> None:
    """Lose this and a sweep of another suite is reported as one of suites/compat."""
    plan = plans_of(load_matrix(MATRIX_FILE))[0]
    under_test = cast("PairUnderTest", None)
    assert Sweep(plan, under_test, tmp_path, "suites/faults/test_x.py::t", str).suite == "faults"
