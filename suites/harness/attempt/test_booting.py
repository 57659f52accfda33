# SPDX-License-Identifier: Apache-2.0
"""A guest is in its firmware, or in the first steps of its kernel, when it is moved."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import booting, started_again
from fixtures.attempt.booting import Booting, in_long_mode, in_uefi, translates
from fixtures.errors import RigError
from fixtures.evidence.beats import Beat
from fixtures.evidence.checks import Check, CheckRecord

FIRMWARE = "EAX=00000000\nCR0=00000010 CR2=00000000 CR3=00000000 CR4=00000000\nEFER=0000000000000000\n"
KERNEL = (
    "IDT=     fffffe0000000000 00000fff\n"
    "CR0=80050033 CR2=0000 CR3=0000 CR4=000006b0\nDR0=0000\nEFER=0000000000000d01\n"
)
UEFI = "IDT=     000000000e5e9018 00000fff\nCR0=80010033 CR2=0000\nEFER=0000000000000d00\n"
EARLY_UEFI = UEFI.replace("00000fff", "0000021f")
PROTECTED = "CR0=00000011 CR2=0000\nEFER=0000000000000000\n"


@pytest.mark.parametrize(
    "registers, runs", [(FIRMWARE, False), (PROTECTED, False), (KERNEL, True), ("", False)]
)
def test_kernel_is_told_from_firmware(registers: str, runs: bool) -> None:
    """Lose this and a guest that runs Linux counts as one in its firmware."""
    assert in_long_mode(registers) is runs


@pytest.mark.parametrize(
    "registers, runs",
    [(FIRMWARE, False), (EARLY_UEFI, False), (UEFI, True), (KERNEL, False), ("", False)],
)
def test_drivers_of_uefi_are_told_from_its_first_steps_and_from_linux(registers: str, runs: bool) -> None:
    """Lose this and a guest that runs Linux counts as one in UEFI."""
    assert in_uefi(registers) is runs


@pytest.mark.parametrize(
    "registers, runs",
    [("MSR 8000000000001032", True), ("MSR 8000000000001002", False), ("MSR 8000000000001022", False)],
)
def test_kernel_of_power_is_told_from_firmware(registers: str, runs: bool) -> None:
    """Lose this and a POWER guest in its firmware counts as one whose kernel starts."""
    assert translates(registers) is runs


HOST = SimpleNamespace(accelerator="kvm")


class Stage:
    """An attempt, its guest and its only machine in one."""

    def __init__(self, registers: str) -> None:
        self.guest = self.machine = self.path = self
        self.spec = SimpleNamespace(arch="x86_64")
        self.setting = SimpleNamespace(new=None, plan=None, spec=None, host=HOST)
        self.channels = {"console": SimpleNamespace(lines=[])}
        self.stands_still = self.began = False
        self.moved_while_still: bool | None = None
        self.patched: Any = None
        self.checks = CheckRecord()
        self.record, self.demand = self.checks.record, lambda _check: None
        self._registers = registers
        self._resets = 0

    def reset(self) -> None:
        """Reset it."""
        self._resets += 1

    def resets(self, _since: float) -> int:
        """How often it was reset."""
        return self._resets

    def registers(self) -> str:
        """Its registers."""
        return self._registers

    def pause(self) -> None:
        """As the management layer does."""

    def resume(self) -> None:
        """As the management layer does."""

    def hot_patch(self, *_: object) -> Any:
        """Move the guest."""
        self.moved_while_still = self.stands_still
        return SimpleNamespace(checks=[], started=0.0, paused=False)

    def has_started_again(self, _first: Beat) -> Check:
        """It has."""
        return Check("reboot", True, "")

    def goes_on(self) -> Check:
        """It does."""
        return Check("alive", True, "")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for, and the guest beats as soon as it was moved."""
    first = Beat(time.monotonic(), 1, 0, (0,), 0)
    monkeypatch.setattr(booting, "KERNEL_SECONDS", 0.0)
    monkeypatch.setattr(booting, "management_of", lambda machine: machine)
    monkeypatch.setattr(started_again, "wait_for_beats", lambda *_, **__: first)


def test_guest_in_its_firmware_is_moved() -> None:
    """Lose this and every such guest counts against the update."""
    stage: Any = Stage(FIRMWARE)
    assert Booting(stage).in_firmware() is stage.patched
    assert (stage.began, stage.moved_while_still) == (True, False)


def test_guest_that_has_left_its_firmware_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a busy host moves a guest that runs Linux, and the cell passes."""
    with pytest.raises(RigError, match="had left its firmware"):
        Booting(Stage(KERNEL)).in_firmware()  # type: ignore[arg-type]
    monkeypatch.setattr(booting, "MENU_MS", 0)
    with pytest.raises(RigError, match="had left its firmware"):
        Booting(Stage(FIRMWARE)).in_firmware()  # type: ignore[arg-type]


def test_guest_in_its_kernel_is_stopped_moved_and_resumed() -> None:
    """Lose this and the guest has booted before it is moved, or never goes on."""
    stage: Any = Stage(KERNEL)
    assert Booting(stage).in_early_kernel() is stage.patched
    assert (stage.moved_while_still, stage.stands_still) == (True, False)


def test_guest_without_a_kernel_is_an_error() -> None:
    """Lose this and a guest that never loads its kernel is moved in its firmware."""
    with pytest.raises(RigError, match="no kernel runs"):
        Booting(Stage(FIRMWARE)).in_early_kernel()  # type: ignore[arg-type]


def test_guest_that_has_booted_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the cell moves a guest whose agent runs already."""
    beat = Beat(time.monotonic(), 1, 0, (0,), 0)
    monkeypatch.setattr(started_again.StartsAgain, "at_source", lambda _: beat)
    with pytest.raises(RigError, match="had booted"):
        Booting(Stage(KERNEL)).in_early_kernel()  # type: ignore[arg-type]
