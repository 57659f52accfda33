# SPDX-License-Identifier: Apache-2.0
"""What the checks of the firmware's tables say, without a guest."""

from __future__ import annotations

import pytest

from fixtures.guest.firmware_tables import Table, same_acpi_tables, same_smbios, unchanged
from suites.harness.support.firmware_samples import acpi_table, smbios_structure

TABLES = {"DSDT": Table(8096, "aa"), "FACS": Table(64, "bb"), "device-tree": Table(20000, "cc")}
HPET = acpi_table("HPET", b"\1")
SYSTEM = smbios_structure(1, 0x100, b"\1", "QEMU")


def test_same_tables_hold() -> None:
    """Lose this and every guest that was moved well fails."""
    assert unchanged(TABLES, dict(TABLES))
    assert same_acpi_tables({"HPET": HPET}, {"HPET": HPET})
    assert same_smbios({"smbios": SYSTEM}, {"smbios": SYSTEM})


@pytest.mark.parametrize("now", [TABLES | {"DSDT": Table(8096, "ab")}, {}], ids=["changed", "gone"])
def test_table_that_a_move_damaged_is_named(now: dict[str, Table]) -> None:
    """Lose this and damaged firmware tables in RAM pass until the guest reads them again."""
    check = unchanged(TABLES, now)
    assert not check
    assert "DSDT" in check.what


def test_lock_of_the_kernel_in_facs_is_no_damage() -> None:
    """Lose this and a guest fails because its kernel took ACPI's lock."""
    assert unchanged(TABLES, TABLES | {"FACS": Table(64, "bc")})


@pytest.mark.parametrize(
    "now, words",
    [
        (acpi_table("HPET", b"\1\2"), "HPET was 37 bytes and is 38 bytes"),
        (acpi_table("HPET", b"\2"), "HPET at 0x24 was 0x01 and is 0x02"),
    ],
)
def test_other_table_after_a_reboot_is_reported(now: bytes, words: str) -> None:
    """Lose this and a guest reboots into a different machine, and no report shows it."""
    check = same_acpi_tables({"HPET": HPET, "smbios": SYSTEM}, {"HPET": now})
    assert not check
    assert words in check.detail


def test_longer_code_fails_and_says_that_the_devices_are_the_same() -> None:
    """Lose this and a reader cannot tell new hardware from code that was rewritten."""
    old, new = ({"DSDT": acpi_table("DSDT", b"\xa4" * size)} for size in (4, 5))
    check = same_acpi_tables(old, new)
    assert not check
    assert "has other code" in check.detail


def test_other_name_of_the_machine_is_reported() -> None:
    """Lose this and a licence that is tied to the machine's name is lost at the next boot."""
    other = smbios_structure(1, 0x100, b"\1", "Other")
    assert not same_smbios({"smbios": SYSTEM}, {"smbios": other})
