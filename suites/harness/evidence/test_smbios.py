# SPDX-License-Identifier: Apache-2.0
"""Which differences of SMBIOS tables a guest relies on."""

from __future__ import annotations

import pytest

from fixtures.evidence.smbios import changes, structures
from suites.harness.support.firmware_samples import smbios_structure


def table(product: str = "pc", bios: str = "1.16", family: int = 1, *, memory: bool = True) -> bytes:
    """The tables of a small machine."""
    parts = [
        smbios_structure(0, 0, b"\1", bios),
        smbios_structure(1, 0x100, b"\1\2", "QEMU", product),
        smbios_structure(4, 0x400, bytes([1, family])),
        smbios_structure(17, 0x1100, b"\1\2") if memory else b"",
        smbios_structure(127, 0x7F00, b""),
    ]
    return b"".join(parts)


def test_structures_are_read_with_their_strings() -> None:
    """Lose this and the name of the machine is not compared."""
    read = structures(table())
    assert [each.kind for each in read] == [0, 1, 4, 17, 127]
    assert read[1].strings == ("QEMU", "pc")


@pytest.mark.parametrize(
    "new, words, counts",
    [
        (table(product="other"), "system: 'QEMU', 'pc' is now 'QEMU', 'other'", True),
        (table(bios="1.17"), "BIOS: '1.16' is now '1.17'", False),
        (table(family=0xFE), "processor: byte 0x5 was 0x01 and is 0xfe", False),
        (table(memory=False), "memory device is gone", True),
    ],
    ids=["system", "bios", "processor", "memory"],
)
def test_difference_is_judged_by_its_structure(new: bytes, words: str, counts: bool) -> None:
    """Lose this and a licence is lost at the next boot unseen, or each SeaBIOS is a false alarm."""
    assert changes(table(), new) == [(words, counts)]
