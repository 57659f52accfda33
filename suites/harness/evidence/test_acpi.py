# SPDX-License-Identifier: Apache-2.0
"""Which differences of ACPI tables a guest relies on."""

from __future__ import annotations

import pytest

from fixtures.evidence.acpi import changes, tables_in
from fixtures.evidence.aml import devices
from suites.harness.support.firmware_samples import acpi_table, aml_device, aml_name

KEYBOARD = aml_name("_HID", b"\x0c\x41\xd0\x03\x03")
"""`PNP0303` in its compressed form."""
MORE_CODE = b"\xa4\x00"


def dsdt(*parts: bytes, oem: str = "BXPC", revision: int = 1) -> dict[str, bytes]:
    """A DSDT with a keyboard on a bridge, and more code."""
    bridge = aml_device("ISA_", aml_name("_ADR", b"\x0c\x00\x00\x1f\x00"), aml_device("KBD_", KEYBOARD))
    return {"DSDT": acpi_table("DSDT", bridge + b"".join(parts), oem=oem, revision=revision)}


def hpet(body: bytes) -> dict[str, bytes]:
    """An HPET table."""
    return {"HPET": acpi_table("HPET", body)}


def fadt(pointer: bytes, rest: bytes = b"\0") -> dict[str, bytes]:
    """A FADT, which starts with the addresses of FACS and DSDT."""
    return {"FACP": acpi_table("FACP", pointer * 2 + rest)}


def test_devices_of_code_are_found_in_their_places() -> None:
    """Lose this and a change of a device looks like a change of code."""
    assert devices(dsdt()["DSDT"]) == {"ISA": {"_ADR": "0x1f0000"}, "ISA.KBD": {"_HID": "PNP0303"}}


def test_tables_are_taken_apart() -> None:
    """Lose this and nothing in fw_cfg's tables is compared. The file is padded with zeros."""
    blob = dsdt()["DSDT"] + b"\0" * 7 + acpi_table("SSDT", b"a") + acpi_table("SSDT", b"b") + b"\0" * 99
    assert list(tables_in(blob)) == ["DSDT", "SSDT", "SSDT2"]


@pytest.mark.parametrize(
    "old, new, words, counts",
    [
        (dsdt(), dsdt(oem="BXPCDSDT"), "OEM table id was", True),
        (dsdt(), dsdt(revision=2), "revision was 01 and is 02", False),
        (dsdt(), dsdt(MORE_CODE), "has other code", False),
        (dsdt(), dsdt(aml_device("MOU_", aml_name("_HID", b"\x0dX\0"))), "declares _HID X", True),
        (dsdt(), dsdt(aml_name("_S3_", b"\x00")), "declares _S3_", True),
        (hpet(b"\1\2"), hpet(b"\1\3"), "at 0x25 was 0x02 and is 0x03", True),
        (hpet(b"\1"), hpet(b"\1\2"), "was 37 bytes and is 38", True),
        (hpet(b"\1"), {}, "is gone", True),
        ({}, hpet(b"\1"), "is new", True),
    ],
    ids=["oem", "revision", "code", "device", "sleep", "data", "size", "gone", "new"],
)
def test_difference_is_judged_by_its_kind(
    old: dict[str, bytes], new: dict[str, bytes], words: str, counts: bool
) -> None:
    """Lose this and a guest's next boot finds other hardware unseen, or each release is a false alarm."""
    first = changes(old, new)[0]
    assert words in first.words
    assert first.counts == counts


@pytest.mark.parametrize("body", [fadt(b"\x11\0\0\0"), {"RSDT": acpi_table("RSDT", b"1234")}])
def test_addresses_of_tables_are_no_difference(body: dict[str, bytes]) -> None:
    """Lose this and every build whose firmware is larger by a byte gives another machine."""
    other = {
        name: table[:36] + bytes(octet ^ 0x40 for octet in table[36:44]) + table[44:]
        for name, table in body.items()
    }
    assert changes(body, other) == []
