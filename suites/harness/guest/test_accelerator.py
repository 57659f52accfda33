# SPDX-License-Identifier: Apache-2.0
"""Does the suite say why this machine cannot try KVM?"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.guest import accelerator
from fixtures.guest.accelerator import lack_of_kvm


@pytest.fixture
def kvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for /dev/kvm on a machine of x86_64."""
    device = tmp_path / "kvm"
    device.touch()
    monkeypatch.setattr(accelerator, "KVM", device)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return device


@pytest.mark.usefixtures("kvm")
def test_machine_with_kvm_lacks_nothing() -> None:
    """Lose this and guests run under TCG on every machine."""
    assert lack_of_kvm("x86_64") == ""


@pytest.mark.usefixtures("kvm")
def test_other_architecture_is_named() -> None:
    """Lose this and a user looks for a fault in a /dev/kvm that works."""
    assert lack_of_kvm("ppc64le") == "this machine is x86_64"


def test_missing_device_is_named(kvm: Path) -> None:
    """Lose this and a user does not know that the module or the nesting is missing."""
    kvm.unlink()
    assert lack_of_kvm("x86_64") == f"there is no {kvm}"


def test_device_without_access_is_named(kvm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a user who is not in the group kvm does not know it."""
    monkeypatch.setattr("os.access", lambda *_: False)
    assert lack_of_kvm("x86_64") == f"this user may not read and write {kvm}"
