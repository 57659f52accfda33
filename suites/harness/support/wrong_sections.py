# SPDX-License-Identifier: Apache-2.0
"""A QEMU that knows only a newer version of a device's section: the number is changed in the program itself.

A section's description (QEMU's VMStateDescription) is constant data: a pointer to its name, two flags, its
version and the oldest version that it loads, the latter two as 32-bit numbers 12 and 16 bytes on. QEMU is
linked to be loaded anywhere, so the pointer is a relocation (R_X86_64_RELATIVE) to the name's address.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

RELATIVE = 8
RELOCATION = struct.Struct("<QQq")
HEADER = struct.Struct("<IIQQQQ")
NOBITS = 8
NEWEST = 100
"""No section has a version this high; other data with the same name has other numbers there."""


@dataclass(frozen=True)
class Part:
    """A section of the ELF file: where it is in memory and in the file."""

    name: str
    kind: int
    address: int
    offset: int
    size: int


def with_newer_section(program: bytes, section: str) -> bytes:
    """`program` with the next version of this device section, which loads no older one."""
    changed = bytearray(program)
    parts = list(_parts(program))
    places = [place + 12 for place in _pointers_to(program, parts, section)]
    numbers = {place: struct.unpack_from("<II", program, place) for place in places}
    versions = {
        place: version
        for place, (version, oldest) in numbers.items()
        if oldest <= version <= NEWEST and version > 0
    }
    assert len(versions) == 1, f"{len(versions)} sections are called {section}, expected one"
    ((place, version),) = versions.items()
    struct.pack_into("<II", changed, place, version + 1, version + 1)
    return bytes(changed)


def _parts(elf: bytes) -> Iterator[Part]:
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [HEADER.unpack_from(elf, table + index * size) for index in range(count)]
    names = headers[names_index][4]
    for name, kind, _flags, address, offset, length in headers:
        text = elf[names + name : elf.index(b"\0", names + name)].decode()
        yield Part(text, kind, address, offset, length)


def _pointers_to(elf: bytes, parts: list[Part], text: str) -> Iterator[int]:
    """Places in the file of all pointers to the constant `text`."""
    constants = next(part for part in parts if part.name == ".rodata")
    relocations = next(part for part in parts if part.name == ".rela.dyn")
    begin = elf.index(b"\0" + text.encode() + b"\0", constants.offset) + 1
    address = begin - constants.offset + constants.address
    table = elf[relocations.offset : relocations.offset + relocations.size]
    for where, kind, target in RELOCATION.iter_unpack(table):
        if target == address and kind & 0xFFFFFFFF == RELATIVE:
            yield from (
                where - part.address + part.offset
                for part in parts
                if part.kind != NOBITS and 0 < part.address <= where < part.address + part.size
            )
