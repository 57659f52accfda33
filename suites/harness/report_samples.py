# SPDX-License-Identifier: Apache-2.0
"""Runs and timelines as the suite leaves them, for the tests of the reports."""

from __future__ import annotations

from typing import Any

from fixtures.outcome import BuildInfo, CellResult, Outcome, RunResult, verdict_of
from fixtures.timeline import Mark, Sample, Timeline


def make_cell(number: int = 0, outcome: Outcome = Outcome.PASS, **more: Any) -> CellResult:
    """A cell as the suite leaves it; `more` replaces single fields."""
    subject = f"busy-virtio-{number}cpu"
    name = f"x86_64-pc-q35-7.2-qmp-postcopy-{subject}"
    nodeid = f"suites/hotpatch/test_qmp.py::test_survives[{name}]"
    values: dict[str, Any] = {
        "suite": "hotpatch",
        "arch": "x86_64",
        "machine": "pc-q35-7.2",
        "path": "qmp",
        "mechanism": "postcopy",
        "subject": subject,
        "outcome": outcome,
        "accelerator": "tcg",
        "total_ms": 812.5,
        "downtime_ms": 9.0,
        "blackout_ms": 41.5,
        "seconds": 11.0,
        "rerun": f"pytest --old debian-12 --new debian-13 '{nodeid}'",
    }
    return CellResult(id=name, nodeid=nodeid, **(values | more))


def make_run(*cells: CellResult, rig_failed: bool = False, notes: tuple[str, ...] = ()) -> RunResult:
    """A run of these cells from debian-12 to debian-13."""
    return RunResult(
        old=BuildInfo("debian-12", "7.2.22", "1:7.2+dfsg-7+deb12u18", "9.0.0-4+deb12u3", {"x86_64": "tcg"}),
        new=BuildInfo("debian-13", "10.0.13"),
        cells=list(cells),
        verdict=verdict_of((cell.outcome for cell in cells), rig_failed=rig_failed),
        started="2026-11-22T21:14:03Z",
        seconds=251.3,
        command="make qualify",
        host={"cpus": "2"},
        notes=list(notes),
    )


def make_timeline(length: float = 2.0, *, samples: bool = True, beats: bool = True) -> Timeline:
    """A migration of `length` seconds with a blackout of 48 ms in its middle."""
    middle = 100 + length / 2
    marks = [
        Mark(98.0, "rig", "boot the guest"),
        Mark(100.0, "source", "migrate"),
        Mark(middle, "source", "STOP"),
        Mark(middle + 0.001, "destination", "says \x1b[31m$x <b>&amp;\x00 $y \udc80 漢"),
        Mark(100 + length, "source", "MIGRATION completed"),
    ]
    return Timeline(
        "a <title> with $math$",
        marks,
        [Sample(100 + length * i / 9, "active", i << 24, (9 - i) << 24) for i in range(10)]
        if samples
        else [],
        [99 + i / 100 for i in range(100)] + [middle, middle + 0.048] if beats else [],
        (middle, middle + 0.048),
    )
