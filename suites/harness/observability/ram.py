# SPDX-License-Identifier: Apache-2.0
"""Finds the pages of RAM in a stream of plain precopy: QEMU migration/ram.c, `save_normal_page`."""

from __future__ import annotations

from collections import defaultdict

from fixtures.still.stream import FOOTER, MEM_SIZE, PAGE_FLAGS, RAM_HEADER, StreamError
from suites.harness.support.tamper.ram_records import CONTINUE, EOS, MULTIFD_FLUSH, PAGE, PAGE_BYTES, ZERO

PART, LAST_PART = b"\x02", b"\x03"

SentPage = tuple[str, int, tuple[int, ...]]
"""A page's RAM block, its number in it, and the offset of its content in the stream for each sending."""


def sent_pages(raw: bytes) -> list[SentPage]:
    """All pages that were sent with a content. Raises :class:`StreamError` for other records."""
    begin = raw.find(RAM_HEADER)
    if begin < 0:
        raise StreamError("no section sends RAM")
    section = raw[begin - 4 : begin]
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    at, block = begin + len(RAM_HEADER), ""
    while True:
        at, block = _part(raw, at, block, found)
        following = [raw.find(mark + section, at) for mark in (PART, LAST_PART)]
        near = [place for place in following if place >= 0]
        if not near or raw[at : at + 5] != FOOTER + section:
            break
        at = min(near) + 5
        if raw[min(near) : min(near) + 1] == LAST_PART:
            _part(raw, at, block, found)
            break
    return [(name, number, tuple(offsets)) for (name, number), offsets in sorted(found.items())]


def _part(raw: bytes, at: int, block: str, found: dict[tuple[str, int], list[int]]) -> tuple[int, str]:
    """Read the records of one part; where it ends, and the RAM block of its last page."""
    while True:
        word = int.from_bytes(raw[at : at + 8])
        flags, address = word & PAGE_FLAGS, word & ~PAGE_FLAGS
        at += 8
        if flags & EOS:
            return at, block
        if flags & MEM_SIZE:
            at = _skip_block_list(raw, at, address)
        elif flags & (PAGE | ZERO):
            if not flags & CONTINUE:
                length = raw[at]
                block = raw[at + 1 : at + 1 + length].decode("ascii", "replace")
                at += 1 + length
            if flags & PAGE:
                found[block, address // PAGE_BYTES].append(at)
            at += PAGE_BYTES if flags & PAGE else 1
        elif not flags & MULTIFD_FLUSH:
            raise StreamError(f"a record of RAM with the flags {flags:#x}")


def _skip_block_list(raw: bytes, at: int, left: int) -> int:
    while left > 0:
        length = raw[at]
        left -= int.from_bytes(raw[at + 1 + length : at + 9 + length])
        at += 9 + length
    return at
