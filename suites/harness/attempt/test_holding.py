# SPDX-License-Identifier: Apache-2.0
"""When does a vCPU spin with values in all registers while it is moved?"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import holding
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import Arch, Hardware

SPEC = GuestSpec("ppc64le", "pseries-9.0", 1, "idle", "bare", 0)


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build is its version."""
    monkeypatch.setattr(holding, "probed", lambda build, _arch: SimpleNamespace(version=build))


@pytest.mark.parametrize(
    "arch,accelerator,old,spins",
    [
        ("x86_64", "tcg", "7.2.22", True),
        ("ppc64le", "tcg", "7.2.22", False),
        ("ppc64le", "tcg", "10.0.13", True),
        ("ppc64le", "kvm", "7.2.22", True),
    ],
)
def test_vcpu_spins_only_where_it_goes_on(arch: Arch, accelerator: str, old: Any, spins: bool) -> None:
    """Lose this and POWER guests hang after a move between old builds because of the suite itself."""
    new: Any = "10.0.2"
    assert holding.can_spin(replace(SPEC, arch=arch), accelerator, old, new) == spins


@pytest.mark.parametrize(
    "arch,hardware,old,held",
    [
        ("ppc64le", "bare", "10.0.13", True),
        ("ppc64le", "bare", "7.2.22", False),
        ("ppc64le", "virtio", "10.0.13", False),
        ("x86_64", "bare", "10.0.13", False),
    ],
)
def test_only_some_guests_hold_values_by_spinning(
    arch: Arch, hardware: Hardware, old: Any, held: bool
) -> None:
    """Lose this and no move of a POWER guest shows a lost register, or none is of a vCPU that sleeps."""
    new: Any = "10.0.2"
    assert holding.holds_values(replace(SPEC, arch=arch, hardware=hardware), "tcg", old, new) == held
