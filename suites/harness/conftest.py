# SPDX-License-Identifier: Apache-2.0
"""No limit of time for an example of Hypothesis; at the end of a run, the table of the seeded defects."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import settings

from suites.harness.support.seeded_run import FOUND_PROPERTY, Row
from suites.harness.support.seeded_table import seeded_line, seeded_shares

settings.register_profile("busy host", deadline=None)
settings.load_profile("busy host")


@pytest.fixture(autouse=True)
def _an_idle_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other work does not change how long the tests wait."""
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr("fixtures.waiting.runnable_threads", lambda: 0)


@pytest.fixture
def machine_of_x86_64(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs here and what on an emulated host is as on most machines."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


@pytest.fixture
def pages_of_4_kib(monkeypatch: pytest.MonkeyPatch) -> None:
    """The RAM of guests has the sizes that it has on most machines."""
    monkeypatch.setattr("resource.getpagesize", lambda: 4096)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, if seeds were sown."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    properties = [entry for report in reports for entry in getattr(report, "user_properties", ())]
    rows: list[Row] = [json.loads(str(value)) for name, value in properties if name == FOUND_PROPERTY]
    if not rows:
        return
    found = sum(row["found"] for row in rows)
    terminalreporter.section(f"seeded defects: {found} of {len(rows)} found")
    for row in sorted(rows, key=lambda row: (row["found"], row["kind"])):
        terminalreporter.line(seeded_line(row))
    for kind, (seen, sown) in sorted(seeded_shares(rows).items()):
        terminalreporter.line(f"{seen} of {sown}: {kind}")
