# SPDX-License-Identifier: Apache-2.0
"""When does a vCPU spin with values in all registers while it is moved?"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import holding
from fixtures.attempt.holding import Spinning
from fixtures.errors import HotPatchFailure, Refused
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
    "arch,hardware,old,paused,spinning",
    [
        ("ppc64le", "bare", "10.0.13", False, Spinning.BEATING),
        ("ppc64le", "bare", "7.2.22", False, Spinning.NONE),
        ("ppc64le", "virtio", "10.0.13", False, Spinning.NONE),
        ("x86_64", "bare", "10.0.13", False, Spinning.NONE),
        ("x86_64", "bare", "7.2.22", True, Spinning.ALL),
        ("ppc64le", "bare", "10.0.13", True, Spinning.ALL),
        ("ppc64le", "bare", "7.2.22", True, Spinning.NONE),
    ],
)
def test_only_some_guests_hold_values_by_spinning(
    arch: Arch, hardware: Hardware, old: Any, paused: bool, spinning: Spinning
) -> None:
    """Lose this and no move of a POWER guest shows a lost register, or none is of a vCPU that sleeps."""
    new: Any = "10.0.2"
    spec = replace(SPEC, arch=arch, hardware=hardware)
    assert holding.spinning_in(spec, "tcg", old, new, paused=paused) is spinning


class Spins:
    """A guest that notes what is asked of its processor."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.spec = SPEC
        self.processor = self

    def fills_registers(self, *, on: bool, vcpu: int | None = None) -> None:
        """Asked for, and answered."""
        self.asked.append("off" if not on else f"on {'all' if vcpu is None else vcpu}")

    def forgets_registers(self) -> None:
        """Asked for, without an answer."""
        self.asked.append("off, unheard")


def spins_while(ends: BaseException | None, spinning: Spinning = Spinning.ALL) -> list[str]:
    """What a guest is asked for during a move that ends so."""
    guest: Any = Spins()
    expected = contextlib.suppress(Refused, HotPatchFailure, KeyboardInterrupt)
    with expected, holding.Holding().during(guest, spinning):
        if ends is not None:
            raise ends
    return list(guest.asked)


@pytest.mark.parametrize(
    "ends,asked",
    [
        (None, ["on all", "off"]),
        (Refused("no"), ["on all", "off"]),
        (HotPatchFailure("migrate", "it failed"), ["on all", "off, unheard"]),
        (KeyboardInterrupt(), ["on all", "off, unheard"]),
    ],
)
def test_spinning_ends_however_a_move_ends(ends: BaseException | None, asked: list[str]) -> None:
    """Lose this and a guest that goes on after a refusal never sleeps again, or a dead one is waited for."""
    assert spins_while(ends) == asked


def test_vcpu_that_beats_spins_alone() -> None:
    """Lose this and a move never meets a vCPU that sleeps while another one holds values."""
    assert spins_while(None, Spinning.BEATING) == [f"on {SPEC.beat_vcpu}", "off"]


def test_guest_that_holds_nothing_is_not_asked() -> None:
    """Lose this and each move of an x86_64 guest ends later."""
    assert spins_while(None, Spinning.NONE) == []


def test_spinning_ends_once() -> None:
    """Lose this and a guest whose registers were compared spins on, and its blackout is measured so."""
    guest: Any = Spins()
    owner = holding.Holding()
    with owner.during(guest, Spinning.ALL):
        owner.end()
        assert guest.asked == ["on all", "off"]
    assert guest.asked == ["on all", "off"]
