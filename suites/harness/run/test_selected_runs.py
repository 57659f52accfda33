# SPDX-License-Identifier: Apache-2.0
"""The tests that pytest collects with the options that select among them, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from fixtures.matrix.expansion import expand
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.nested import PLUGINS, run_nested

SECONDS = 120
"""Limit in seconds."""
SOME_SUITES = ("suites/hotpatch", "suites/compat", "suites/life")
"""Tests of cells and of sweeps; collecting all suites would take three times as long."""
SLOW = [cell.id for cell in expand(load_matrix(MATRIX_FILE)) if "slow" in cell.marks]


def collected(*more: str) -> tuple[int, list[str], str]:
    """Exit status, test ids and output of `pytest --collect-only` in a separate process."""
    command = [sys.executable, "-m", "pytest", *SOME_SUITES, "--collect-only", "-q", "-n0", *PLUGINS, *more]
    done = run_nested(command, SECONDS)
    tests = [line for line in done.stdout.splitlines() if "::" in line]
    return done.returncode, tests, done.stdout + done.stderr


def test_two_shards_are_the_whole_suite() -> None:
    """Lose this and no host of the nightly runs a part of the suite."""
    (_, whole, _), (_, first, _), (_, second, _) = (
        collected("-m", "not slow", *shard) for shard in ((), ("--shard=1/2",), ("--shard=2/2",))
    )
    assert len(whole) > len(first) > 0
    assert len(second) > 0
    assert sorted(first + second) == sorted(whole)


def test_listed_cells_run_although_they_are_slow(tmp_path: Path) -> None:
    """Lose this and a list of cells to repeat selects only some of them, or none."""
    file = tmp_path / "cells"
    file.write_text(f"{SLOW[0]}\n{SLOW[-1]}\n")
    _, tests, _ = collected(f"--cells={file}")
    assert {test.partition("[")[2] for test in tests} == {f"{cell}]" for cell in (SLOW[0], SLOW[-1])}


def test_wrong_option_is_one_message() -> None:
    """Lose this and a wrong option ends in a traceback, or in a run of everything."""
    status, tests, said = collected("--shard=3/2")
    assert (status, tests) == (2, [])
    assert "such as 1/2" in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
