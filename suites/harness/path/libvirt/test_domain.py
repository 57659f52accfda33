# SPDX-License-Identifier: Apache-2.0
"""What is asked of a domain's QEMU past libvirt, with a scripted libvirt."""

from __future__ import annotations

from typing import Any

import libvirt
import libvirt_qemu
import pytest

from fixtures.matrix.guestspec import GuestSpec
from fixtures.path.libvirt.domain import Domain


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A domain of an x86_64 guest with two vCPUs."""
    found: Any = object.__new__(Domain)
    found.spec = GuestSpec("x86_64", "pc-q35-9.0", 2, "idle", "bare", 0)
    monkeypatch.setattr(Domain, "handle", None)
    return found


def test_local_apics_are_asked_of_the_human_monitor(domain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a boot that TCG stopped after a move by libvirt makes an update unsafe."""

    def answer(_handle: object, line: str, flags: int) -> str:
        return line if flags == libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP else ""

    monkeypatch.setattr(libvirt_qemu, "qemuMonitorCommand", answer)
    assert domain.interrupts() == "info registers -a\nAPIC#0\ninfo lapic 0\nAPIC#1\ninfo lapic 1"


def test_domain_that_is_gone_has_no_local_apics(domain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest whose QEMU ended in its reboot ends the test with libvirt's error."""

    def refuse(*_arguments: object) -> str:
        raise libvirt.libvirtError("domain is not running")

    monkeypatch.setattr(libvirt_qemu, "qemuMonitorCommand", refuse)
    assert domain.interrupts() is None
