# SPDX-License-Identifier: Apache-2.0
"""Which memory of a kernel the guest agent compares, read from a made-up ELF file."""

import struct

import pytest

from fixtures.errors import RigError
from images.kernel_memory import ENTRY, FEWEST_LABELS, kernel_memory

ALLOCATED, WRITTEN, EXECUTED = 2, 1, 4
TEXT, RODATA, TABLE, DATA = 0x10000, 0x20000, 0x20100, 0x40000
LABEL_STEP = 16
NAMES = ("", ".text", ".rodata", ".data", ".orc_unwind", ".bss", ".shstrtab")


def jump_entry(number: int) -> bytes:
    """The jump label at the start of the `number`-th 16 bytes of the code."""
    here, label = TABLE + number * ENTRY, TEXT + number * LABEL_STEP
    return struct.pack("<iiq", label - here, label + 9 - (here + 4), DATA + 8 - (here + 8))


def elf(labels: int) -> bytes:
    """A kernel with this many jump labels."""
    rodata = b"text\0".ljust(TABLE - RODATA, b"\xff") + b"".join(map(jump_entry, range(labels)))
    names = b"\0".join(name.encode() for name in NAMES) + b"\0"
    parts = [
        ("", 0, 0, 0, b""),
        (".text", 1, ALLOCATED | EXECUTED, TEXT, bytes(0xE000)),
        (".rodata", 1, ALLOCATED | WRITTEN, RODATA, rodata),
        (".data", 1, ALLOCATED | WRITTEN, DATA, bytes(0x100)),
        (".orc_unwind", 1, ALLOCATED, DATA + 0x1000, bytes(0x20)),
        (".bss", 8, ALLOCATED | WRITTEN, DATA + 0x2000, bytes(0x10)),
        (".shstrtab", 3, 0, 0, names),
    ]
    body, headers = bytearray(64), b""
    for name, kind, flags, address, content in parts:
        at = names.index(name.encode() + b"\0")
        headers += struct.pack("<IIQQQQIIQQ", at, kind, flags, address, len(body), len(content), 0, 0, 1, 0)
        body += content
    body[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", body, 0x28, len(body))
    struct.pack_into("<HHH", body, 0x3A, 64, len(parts), len(parts) - 1)
    return bytes(body) + headers


def read(file: bytes) -> tuple[list[tuple[int, int]], list[int]]:
    """The ranges and the left-out words of the file for the agent."""
    numbers = struct.unpack(f"<{len(file) // 8}Q", file)
    bounds = numbers[1 : 1 + 2 * numbers[0]]
    return list(zip(bounds[::2], bounds[1::2], strict=True)), list(numbers[2 + len(bounds) :])


def test_code_and_read_only_data_are_compared() -> None:
    """Lose this and a lost page of the kernel passes, or data that changes fails every guest."""
    ranges, _ = read(kernel_memory(elf(FEWEST_LABELS)))
    end = TABLE + FEWEST_LABELS * ENTRY
    assert ranges == [(TEXT, TEXT + 0xE000), (RODATA, end), (DATA + 0x1000, DATA + 0x1020)]


def test_words_of_jump_labels_are_left_out() -> None:
    """Lose this and a guest whose kernel switches a static key during a move fails."""
    _, words = read(kernel_memory(elf(FEWEST_LABELS)))
    assert words == [TEXT + number * LABEL_STEP for number in range(FEWEST_LABELS)]


def test_code_whose_jump_labels_are_not_found_is_not_compared() -> None:
    """Lose this and a kernel with another layout fails by chance."""
    ranges, words = read(kernel_memory(elf(3)))
    assert TEXT not in dict(ranges)
    assert words == []


def test_file_that_is_no_kernel_is_an_error() -> None:
    """Lose this and a kernel for another architecture ends in a guest that never starts."""
    with pytest.raises(RigError, match="ELF"):
        kernel_memory(b"MZ" + bytes(100))
