# SPDX-License-Identifier: Apache-2.0
"""Which field guests are not rebooted after their move, because TCG and old firmware cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.matrix.cells import Cell
from fixtures.matrix.firmwares import UEFI_FIRMWARE
from fixtures.matrix.guest_options import GuestOptions
from fixtures.qualify import reboots
from fixtures.qualify.reboots import with_possible_reboot
from fixtures.qualify.venue import Place, Venue
from suites.harness.support.scripted_attempts import CELL

REBOOTING = GuestOptions(may_reboot=True)
OF_THE_FIELD = replace(CELL, hardware="virt-install", options=REBOOTING)
Ask = Callable[..., tuple[Cell, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What becomes of a cell whose old build has QEMU 5.2.0, or another version."""

    def asked(cell: Cell, place: Place = "tcg", version: str = "5.2.0") -> tuple[Cell, str]:
        monkeypatch.setattr(reboots, "probed", lambda _build, _arch: SimpleNamespace(version=version))
        old, new = (Build(name, Sandbox(tmp_path), {}) for name in ("old", "new"))
        return with_possible_reboot(cell, Venue(place, old, new))

    return asked


def test_q35_guest_with_old_seabios_is_moved_without_a_reboot(ask: Ask) -> None:
    """Lose this and the old build is said to lose all guests on q35, after minutes of waiting."""
    cell, why = ask(OF_THE_FIELD)
    assert not cell.options.may_reboot
    assert why == (
        "its guest was not rebooted: under TCG, SeaBIOS of QEMU 5.2.0 (old) resets q35 machines for ever"
    )


REBOOTED: dict[str, tuple[Cell, Place, str]] = {
    "newer SeaBIOS": (OF_THE_FIELD, "tcg", "7.2.0"),
    "KVM": (OF_THE_FIELD, "emulated", "5.2.0"),
    "i440fx": (replace(OF_THE_FIELD, family="pc"), "tcg", "5.2.0"),
    "UEFI": (replace(OF_THE_FIELD, options=replace(REBOOTING, firmware=UEFI_FIRMWARE)), "tcg", "5.2.0"),
    "the cell about reboots": (replace(CELL, options=REBOOTING), "tcg", "5.2.0"),
}
"""By name: cell, place, QEMU of the old build."""


@pytest.mark.parametrize("case", REBOOTED)
def test_all_others_are_rebooted(case: str, ask: Ask) -> None:
    """Lose this and guests that cannot start again after the update are not found."""
    cell, place, version = REBOOTED[case]
    assert ask(cell, place, version) == (cell, "")
