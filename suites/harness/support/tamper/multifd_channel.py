# SPDX-License-Identifier: Apache-2.0
"""Copies a multifd channel, and changes pages on the way.

A channel begins with one `MultiFDInit_t`, and consists of packets. A packet is a `MultiFDPacket_t` (header,
block, and the offset of each page), followed by the contents of its normal pages; pages of zeros have only an
offset. All numbers are big-endian. Source: QEMU migration/multifd.h and multifd.c, 7.2 to 10.0; channels
without compression.
"""

from __future__ import annotations

import struct

from suites.harness.support.tamper.ends import Putting, Taking
from suites.harness.support.tamper.pages import PageId, Pages
from suites.harness.support.tamper.ram_records import PAGE_BYTES, UnknownRecordError

MAGIC = b"\x11\x22\x33\x44"
INIT_BYTES = 64
HEADER = struct.Struct(">4s5IQII24s256s")
"""Magic, version, flags, pages_alloc, normal_pages, next_packet_size, packet_num, zero_pages, unused,
ramblock. Before 9.0 `zero_pages` was unused and 0.
"""
PAGES_IN_PACKET = 512 * 1024 // PAGE_BYTES
"""Every packet has room for this many offsets, used or not."""
NOT_PLAIN = 0b11110
"""Flags of compression methods (bits 1 to 4), such as MULTIFD_FLAG_ZSTD."""


class MultifdChannel:
    """A channel of pages."""

    def __init__(self, source: Taking, sink: Putting, pages: Pages) -> None:
        self._source = source
        self._sink = sink
        self._pages = pages

    def run(self) -> None:
        """Copy everything, to the end."""
        self._sink.put(self._source.take(INIT_BYTES))
        while self._source.peek(1):
            self._packet()

    def _packet(self) -> None:
        header = HEADER.unpack(self._source.take(HEADER.size))
        magic, _, flags, _, normal, *_, name = header
        if magic != MAGIC or flags & NOT_PLAIN:
            raise UnknownRecordError(f"a multifd packet with magic {magic.hex()} and flags {flags:#x}")
        offsets = self._source.take(PAGES_IN_PACKET * 8)
        contents = [self._source.take(PAGE_BYTES) for _ in range(normal)]
        if not self._pages:
            self._sink.put(HEADER.pack(*header) + offsets + b"".join(contents))
            return
        block = name.rstrip(b"\0").decode()
        numbers = struct.unpack(f">{PAGES_IN_PACKET}Q", offsets)
        pairs = zip(numbers, contents, strict=False)
        sent = [
            (offset, self._pages.sent(PageId(block, offset // PAGE_BYTES), content, final=False))
            for offset, content in pairs
        ]
        kept = [(offset, content) for offset, content in sent if content is not None]
        self._sink.put(_packed(header, kept, numbers[normal:]))


def _packed(header: tuple[int, ...], kept: list[tuple[int, bytes]], after: tuple[int, ...]) -> bytes:
    """The packet with only these normal pages; `after` has the offsets of its pages of zeros."""
    magic, version, flags, room, _, _, *more = header
    offsets = [*(offset for offset, _ in kept), *after]
    padded = offsets + [0] * (PAGES_IN_PACKET - len(offsets))
    contents = b"".join(content for _, content in kept)
    head = HEADER.pack(magic, version, flags, room, len(kept), len(contents), *more)
    return head + struct.pack(f">{PAGES_IN_PACKET}Q", *padded) + contents
