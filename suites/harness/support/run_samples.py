# SPDX-License-Identifier: Apache-2.0
"""Sample plans and journals of runs, for tests of the code that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fixtures.outcome.journal import Ended, RunPlan, append, write_plan
from fixtures.outcome.outcome import BuildInfo, CellResult

OLD = BuildInfo(
    "debian-12", "7.2.22", "1:7.2+dfsg-7", "9.0.0", {"x86_64": "tcg"}, ("a pin has moved",), "0ld"
)
NEW = BuildInfo("debian-13", "10.0.13", "1:10.0.13", "11.3.0", {"x86_64": "tcg"}, (), "4ew")


def make_plan(tests: Sequence[str] = (), shard: str = "", **more: Any) -> RunPlan:
    """The plan of a run of these tests; `more` replaces single fields."""
    values: dict[str, Any] = {
        "old": OLD,
        "new": NEW,
        "selection": {"markexpr": "not slow", "seed": "739000"},
        "shard": shard,
        "tests": tuple(tests),
        "matrix": "the matrix",
        "suite": "the suite",
        "started": "2026-11-22T21:14:03+00:00",
        "command": ".venv/bin/pytest",
        "host": {"cores": "2"},
    }
    return RunPlan(**(values | more))


def make_ended(*cells: CellResult, seconds: float = 11.0, at: float = 0.0) -> Ended:
    """One test that reported these cells, `at` seconds after its run began."""
    return Ended(cells[0].nodeid, seconds, cells, at=at)


def leave_run(directory: Path, plan: RunPlan, ended: Sequence[Ended]) -> Path:
    """Write a run's journal as the run itself does; return its directory."""
    write_plan(plan, directory)
    for test in ended:
        append(test, directory)
    return directory
