# SPDX-License-Identifier: Apache-2.0
"""Changes pages in a file that a migration with `mapped-ram` has written.

Each RAM block's entry in the list of blocks is followed by a header: version (32 bits), page size, offset of
the bitmap of pages in the file, and offset of page 0 (64 bits each), big-endian. A page that the bitmap lacks
is zero. Source: QEMU docs/devel/migration/mapped-ram.rst and migration/ram.c, `mapped_ram_setup_ramblock`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from fixtures.still.stream import MEM_SIZE, PAGE_FLAGS, RAM_HEADER
from suites.harness.support.tamper.pages import PageId, Pages
from suites.harness.support.tamper.ram_records import UnknownRecordError

HEADER = struct.Struct(">IQQQ")
MOST_FRONT = 4096
"""Bytes in which the first block's entry begins."""


class Block(NamedTuple):
    """Where a RAM block is in the file."""

    name: str
    pages: int
    page_size: int
    bitmap: int
    content: int


def tamper_with_file(file: Path, pages: Pages) -> None:
    """Change pages of a file in place. Every page is in it once, as the destination will read it."""
    with file.open("r+b") as opened:
        for block in list(_blocks(opened)):
            _tamper(opened, block, pages)


def _blocks(file: BinaryIO) -> Iterator[Block]:
    """All blocks. An entry begins where the content of the block before it ends."""
    front = file.read(MOST_FRONT)
    place = front.find(RAM_HEADER) + len(RAM_HEADER)
    (total,) = struct.unpack_from(">Q", front, place)
    if total & PAGE_FLAGS != MEM_SIZE:
        raise UnknownRecordError("the file has no list of RAM blocks")
    left, place = total & ~PAGE_FLAGS, place + 8
    while left > 0:
        file.seek(place)
        name = file.read(file.read(1)[0]).decode()
        (length,) = struct.unpack(">Q", file.read(8))
        _version, page_size, bitmap, content = HEADER.unpack(file.read(HEADER.size))
        yield Block(name, length // page_size, page_size, bitmap, content)
        place, left = content + length, left - length


def _tamper(file: BinaryIO, block: Block, pages: Pages) -> None:
    file.seek(block.bitmap)
    bitmap = bytearray(file.read(-(-block.pages // 64) * 8))
    for number in range(block.pages):
        byte, bit = number // 8, 1 << number % 8
        if not bitmap[byte] & bit:
            continue
        place = block.content + number * block.page_size
        file.seek(place)
        before = file.read(block.page_size)
        after = pages.sent(PageId(block.name, number), before, final=True)
        if after is None:
            bitmap[byte] &= ~bit & 0xFF
        elif after != before:
            file.seek(place)
            file.write(after)
    file.seek(block.bitmap)
    file.write(bitmap)
