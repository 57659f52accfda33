# SPDX-License-Identifier: Apache-2.0
"""Which field guests have no firmware in System Management Mode: TCG would lose pages of their RAM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.matrix.cells import Cell
from fixtures.matrix.firmwares import BY_NAME, UEFI_FIRMWARE
from fixtures.matrix.guest_options import GuestOptions
from fixtures.qualify import secure_firmware
from fixtures.qualify.secure_firmware import with_possible_secure_firmware
from fixtures.qualify.venue import Place, Venue
from suites.harness.support.scripted_attempts import CELL, SHIPPED

SECURE = replace(
    CELL, hardware="virt-install", options=GuestOptions(firmware=BY_NAME["ovmf-ms-4m"]), mechanism="precopy"
)
Ask = Callable[..., tuple[Cell, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What becomes of a cell whose old build has QEMU 7.2.22, or another version, and the new one 10.0.13."""

    def asked(cell: Cell, place: Place = "tcg", version: str = "7.2.22") -> tuple[Cell, str]:
        versions = {"old": version, "new": "10.0.13"}
        monkeypatch.setattr(
            secure_firmware, "probed", lambda build, _arch: SimpleNamespace(version=versions[build.name])
        )
        monkeypatch.setattr(secure_firmware, "resolve", lambda *_: "pc-q35-7.2")
        old, new = (Build(name, Sandbox(tmp_path), {}) for name in versions)
        return with_possible_secure_firmware(cell, Venue(place, old, new), SHIPPED.limits)

    return asked


def test_guest_that_tcg_would_damage_has_other_uefi_firmware(ask: Ask) -> None:
    """Lose this and no UEFI guest of debian-12 is moved here, or each one is said to be lost."""
    cell, why = ask(SECURE)
    assert cell.options.firmware == UEFI_FIRMWARE
    assert cell.id == SECURE.id
    assert why.startswith("its guest has no firmware in System Management Mode: under TCG, pages that the")


def test_ram_of_a_guest_with_that_mode_is_whole_mib() -> None:
    """Lose this and OVMF 2022.11 ends before the guest has booted."""
    assert SECURE.guest("pc-q35-7.2").memory_kib % 1024 == 0
    assert replace(SECURE, options=GuestOptions()).guest("pc-q35-7.2").memory_kib % 256


KEPT: dict[str, tuple[Cell, Place, str]] = {
    "newer QEMU": (SECURE, "tcg", "10.0.13"),
    "KVM": (SECURE, "kvm", "7.2.22"),
    "SeaBIOS": (replace(SECURE, options=GuestOptions()), "tcg", "7.2.22"),
    "not of the field": (replace(SECURE, hardware="virtio"), "tcg", "7.2.22"),
}
"""By name: cell, place, QEMU of the old build."""


@pytest.mark.parametrize("case", KEPT)
def test_all_others_keep_theirs(case: str, ask: Ask) -> None:
    """Lose this and no guest with the firmware that virt-install gives is ever moved."""
    cell, place, version = KEPT[case]
    assert ask(cell, place, version) == (cell, "")
