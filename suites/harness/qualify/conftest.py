# SPDX-License-Identifier: Apache-2.0
"""Scripted attempts in place of real ones: these tests are about the suite's reaction, not about guests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.machine.probe import Probe
from fixtures.matrix.names import AcceleratorChoice
from fixtures.matrix.schema import Matrix
from fixtures.qualify import pair_under_test as pair_module
from fixtures.qualify import venues as venues_module
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.venues import Venues
from suites.harness.support.scripted_attempts import (
    FORWARD,
    SHIPPED,
    ScriptedAttempt,
    Stage,
    probe,
)
from suites.harness.support.scripted_venues import NEW, OLD, PAIR, Hosts, Made


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


@pytest.fixture
def hosts(machine_of_x86_64: None, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """What the venues boot and open, on a machine that runs no POWER guests under KVM."""
    hosts = Hosts()
    monkeypatch.setattr(venues_module, "open_build", hosts.open_build)
    monkeypatch.setattr(venues_module, "probed", lambda _build, _arch, host: host())
    for name in ("host_image", "guest_image"):
        monkeypatch.setattr(venues_module, name, lambda _matrix, arch, **_more: Path(f"/{arch}"))
    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", hosts.boot)
    return hosts


@pytest.fixture
def made(hosts: Hosts, tmp_path: Path) -> Made:
    """Makes venues of the shipped matrix."""

    def make(
        wanted: AcceleratorChoice, *, kvm: bool = False, matrix: Matrix = SHIPPED, strict_pins: bool = False
    ) -> Venues:
        return Venues(
            matrix,
            PAIR,
            wanted,
            strict_pins=strict_pins,
            has_kvm=lambda _arch: kvm,
            why_no_kvm=lambda _arch: "there is no /dev/kvm",
            evidence=lambda: tmp_path,
        )

    return make


@pytest.fixture
def power_pair(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PairUnderTest:
    """A run of ppc64le guests on emulated hosts, with builds that are never run."""
    monkeypatch.setattr(pair_module, "probed", lambda _build, _arch: replace(probe(), version="10.0.13"))
    monkeypatch.setattr(pair_module, "usable_accelerator", lambda _build, _arch, _image: "tcg")
    monkeypatch.setattr(pair_module, "digest_of", lambda _build, _archs: "")
    for name in ("image_notes", "notes_on_shared"):
        monkeypatch.setattr(pair_module, name, lambda *_all: [])
    monkeypatch.setattr(pair_module, "guest_image", lambda *_all, **_more: Path("/image"))
    pair = PairUnderTest(SHIPPED, PAIR, strict_pins=False, accelerator="emulated", evidence=lambda: tmp_path)
    pair.old, pair.new = (replace(build, programs={"ppc64le": "/usr/bin/qemu"}) for build in (OLD, NEW))
    pair.archs = pair.moved_by_qmp = ("ppc64le",)
    return pair
