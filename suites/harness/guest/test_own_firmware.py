# SPDX-License-Identifier: Apache-2.0
"""Is it seen that other firmware starts a guest, or that it has forgotten something? With a made-up agent."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.beats import crc16
from fixtures.evidence.checks import Check
from fixtures.guest.own_firmware import FIRMWARE, OTHER_FIRMWARE, OwnFirmware, VariablesFile

TEMPLATE, FLASH = b"template", b"with the mark"


class Firmware:
    """A guest's firmware, with its flash memory and the file of that."""

    def __init__(self) -> None:
        self.answer = {"started": "uefi", "secure": "off", "variable": "none"}
        self.flash = self.file = TEMPLATE
        self.keeps, self.writes = True, True

    def ask(self, command: str, mark: str = "") -> dict[str, str]:
        """What the guest's agent answers."""
        assert command == "uefi"
        if mark and self.keeps:
            self.answer["variable"], self.flash = mark, FLASH
            self.file = FLASH if self.writes else self.file
        return {**self.answer, "bytes": str(len(self.flash)), "crc": f"{crc16(self.flash):04x}"}

    def moves(self, *, sent: bool = True, written: bool = True) -> None:
        """Into a QEMU that has opened the file."""
        assert self.file == TEMPLATE, "the destination finds in the file what is to be sent"
        self.flash = self.flash if sent else self.file
        self.file = self.flash if written else self.file

    def of(self, checks: list[Check], *, is_uefi: bool = True, has_file: bool = True) -> OwnFirmware:
        """As a test sees it."""

        def record(check: Check) -> Check:
            checks.append(check)
            return check

        def reset() -> None:
            self.file = TEMPLATE

        agent: Any = SimpleNamespace(ask=self.ask)
        file = VariablesFile(lambda most: self.file[:most], reset) if has_file else None
        return OwnFirmware(lambda: agent, record, is_uefi=is_uefi, file=file)


def found(change: Callable[[Firmware], None], **move: bool) -> list[str]:
    """What the checks that fail say, after a move and a reboot."""
    firmware, checks = Firmware(), list[Check]()
    own = firmware.of(checks)
    own.is_used()
    firmware.moves(**move)
    change(firmware)
    _ = [*own.is_as_before(), *own.starts_it_again()]
    return [f"{check.name}: {check.what}" for check in checks if not check]


def nothing(_firmware: Firmware) -> None:
    """Nothing is wrong."""


def test_firmware_that_keeps_everything_passes() -> None:
    """Lose this and each UEFI guest fails."""
    assert found(nothing) == []


@pytest.mark.parametrize(
    "change, move, words",
    [
        (nothing, {"sent": False}, "uefi-variables: the flash memory has other content"),
        (nothing, {"written": False}, "uefi-variables: the file has other content than the flash memory"),
        (lambda its: its.answer.update(variable="none"), {}, "uefi-variables: the variable is gone"),
        (lambda its: its.answer.update(started="otherwise"), {}, "firmware: other firmware has started it"),
        (lambda its: its.answer.update(secure="on"), {}, "firmware: secure boot"),
    ],
)
def test_what_is_lost_is_named(change: Callable[[Firmware], None], move: dict[str, bool], words: str) -> None:
    """Lose this and a guest that loses its boot entries, keys or firmware passes."""
    assert words in found(change, **move)


def test_guest_that_other_firmware_has_started_fails_as_after_a_reboot() -> None:
    """Lose this and a new build whose firmware is another one cannot be blamed: its control does not run."""
    firmware = Firmware()
    firmware.answer["started"] = "otherwise"
    with pytest.raises(HotPatchFailure, match="not started by UEFI firmware") as failure:
        firmware.of([]).is_used()
    assert (failure.value.check, failure.value.cause) == (FIRMWARE, OTHER_FIRMWARE)


@pytest.mark.parametrize("broken", ["keeps", "writes"])
def test_variable_that_is_not_kept_is_no_finding_before_a_move(broken: str) -> None:
    """Lose this and the check compares nothing with nothing."""
    firmware = Firmware()
    setattr(firmware, broken, False)
    with pytest.raises(RigError, match="does not keep a variable"):
        firmware.of([]).is_used()


def test_firmware_without_flash_memory_has_only_to_start_the_guest() -> None:
    """Lose this and guests with `-bios OVMF.fd` fail, whose variables are lost at each boot."""
    firmware, checks = Firmware(), list[Check]()
    own = firmware.of(checks, has_file=False)
    own.is_used()
    _ = [*own.is_as_before(), *own.starts_it_again()]
    assert [check.name for check in checks] == ["firmware"]


def test_guest_with_a_bios_is_asked_nothing() -> None:
    """Lose this and guests with SeaBIOS or SLOF fail, which have no variables."""
    own = Firmware().of([], is_uefi=False, has_file=False)
    own.is_used()
    assert [*own.is_as_before(), *own.starts_it_again()] == []
