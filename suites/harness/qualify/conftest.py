# SPDX-License-Identifier: Apache-2.0
"""Scripted attempts in place of real ones: these tests are about the suite's reaction, not about guests."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.machine.probe import Probe
from suites.harness.support.scripted_attempts import (
    FORWARD,
    ScriptedAttempt,
    Stage,
    probe,
)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Probe]:
    """The probe results of the builds; a test may change them."""
    said = dict.fromkeys(FORWARD, probe("pc-q35-7.2"))
    for room in ("qualify.qualification", "path.interface"):
        monkeypatch.setattr(f"fixtures.{room}.probed", lambda build, _arch: said[build.name])
    monkeypatch.setattr("fixtures.hosts.local.missing", lambda _version: None)
    return said


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probes: dict[str, Probe]) -> Stage:
    """A stage on which every run passes unless a test scripts a different end."""
    stage = Stage(tmp_path)
    monkeypatch.setattr(
        "fixtures.qualify.qualification.Attempt", lambda setting: ScriptedAttempt(stage, setting)
    )
    return stage
