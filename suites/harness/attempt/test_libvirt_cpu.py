# SPDX-License-Identifier: Apache-2.0
"""What is asked of both libvirts about a guest's CPU, before and after its move."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.attempt.libvirt_cpu import LibvirtCpu
from fixtures.matrix.guestspec import GuestSpec
from fixtures.path.libvirt.cpu_definition import Cpu
from fixtures.path.libvirt.daemons import Daemons
from fixtures.path.libvirt.path import LibvirtPath
from suites.harness.support.libvirt_errors import error_of


@pytest.fixture
def path() -> LibvirtPath:
    """The path of an attempt whose guest has booted."""
    return LibvirtPath(lambda _domain: None, Daemons(), direct=False)


def asked(path: LibvirtPath) -> LibvirtCpu:
    """The questions, as a test asks them."""
    return LibvirtCpu(attempt_by(path))


def attempt_by(path: LibvirtPath) -> Any:
    """An attempt whose guest has booted."""
    setting = SimpleNamespace(new=None)
    return SimpleNamespace(path=path, setting=setting, record=lambda check: check, began=False)


def daemon(lacks: str) -> Any:
    """A daemon whose host lacks these features of the CPU that a guest has."""

    def compare(*_all: object) -> None:
        if lacks:
            said = f"Host CPU does not provide required features: {lacks}"
            raise error_of(libvirt.VIR_ERR_CPU_INCOMPATIBLE, said)

    build = SimpleNamespace(program=lambda _arch: "/usr/bin/qemu-system-x86_64")
    return SimpleNamespace(connection=SimpleNamespace(compareHypervisorCPU=compare), build=build)


@pytest.mark.parametrize(
    "there,here,held",
    [("", "", True), ("svm", "", False), ("topoext", "topoext", True), ("svm,topoext", "topoext", False)],
)
def test_new_libvirt_must_accept_the_cpu(there: str, here: str, held: bool, path: LibvirtPath) -> None:
    """Lose this and a guest is moved to a libvirt that cannot give it all features of its CPU."""
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0)
    source: Any = SimpleNamespace(daemon=daemon(here), spec=spec)
    path.domain = source
    path.daemon_of_destination = lambda _build: daemon(there)  # type: ignore[assignment, method-assign]
    check = asked(path).accepted(Cpu.of("<domain><cpu mode='custom'><model>EPYC</model></cpu></domain>"))
    assert (bool(check), there in check.detail) == (held, True)


def test_refusal_of_a_cpu_is_a_failure_of_the_update(path: LibvirtPath) -> None:
    """Lose this and a new libvirt that cannot run the guest is an error of the suite, which blames nobody."""
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0)
    source: Any = SimpleNamespace(daemon=daemon(""), spec=spec)
    path.domain = source
    path.daemon_of_destination = lambda _build: daemon("svm")  # type: ignore[assignment, method-assign]
    attempt = attempt_by(path)
    assert not LibvirtCpu(attempt).accepted(Cpu.of("<domain><cpu mode='custom'/></domain>"))
    assert attempt.began


def test_cpu_that_changed_on_its_way_is_a_failure(path: LibvirtPath) -> None:
    """Lose this and a guest whose CPU lost a feature in the move passes."""
    xml = "<domain><cpu mode='custom'><feature policy='require' name='svm'/></cpu></domain>"
    before = Cpu.of(xml)
    for now, held in ((xml, True), (xml.replace("svm", "npt"), False)):
        domain: Any = SimpleNamespace(handle=SimpleNamespace(XMLDesc=lambda _flags, now=now: now))
        path.domain = domain
        assert bool(asked(path).kept(before)) is held
