# SPDX-License-Identifier: Apache-2.0
"""Copies RAM as a migration stream carries it, and changes pages on the way.

A record is a big-endian word of page offset and flags, the block's name unless the previous record was of the
same block (CONTINUE), and the page. Source: QEMU migration/ram.c, `ram_save_page`, `save_zero_page`,
`ram_load_precopy`, `ram_load_postcopy`.
"""

from __future__ import annotations

import struct

from fixtures.still.stream import MEM_SIZE, PAGE_FLAGS
from suites.harness.support.tamper.ends import Putting, Taking
from suites.harness.support.tamper.pages import PageId, Pages

ZERO, PAGE, EOS, CONTINUE, XBZRLE = 0x02, 0x08, 0x10, 0x20, 0x40
HOOK, COMPRESSED, MULTIFD_FLUSH = 0x80, 0x100, 0x200
"""RAM_SAVE_FLAG_* of migration/ram.c. 0x100 was removed in QEMU 9.1."""
PAGE_BYTES = 4096
"""The target's page size, of x86_64 and of pseries."""
OFFSET_BYTES = 8


class UnknownRecordError(Exception):
    """The stream has something that the proxy does not know."""


class RamCopier:
    """Copies the RAM of one channel."""

    def __init__(self, source: Taking, sink: Putting, pages: Pages) -> None:
        self._source = source
        self._sink = sink
        self._pages = pages
        self.with_addresses = False
        """The capability x-ignore-shared adds each block's address to the list of blocks."""
        self.blocks: dict[str, int] = {}
        """Length in bytes of each block."""
        self._block = ""
        """The block of the last record that the source sent."""
        self._last_block = ""
        """The block of the last record that the destination got."""

    def part(self, *, final: bool) -> None:
        """Copy one section's records, to the one that ends it."""
        while True:
            word = self._source.take(8)
            value = int.from_bytes(word)
            flags = value & PAGE_FLAGS
            if flags & EOS:
                self._end(word, final=final)
                return
            if flags & MEM_SIZE:
                self._blocks(word, value & ~PAGE_FLAGS)
            elif flags & (MULTIFD_FLUSH | HOOK):
                self._sink.put(word)
            elif flags & (PAGE | ZERO | XBZRLE | COMPRESSED):
                self._record(value & ~PAGE_FLAGS, flags, final=final)
            else:
                raise UnknownRecordError(f"a RAM record with flags {flags:#x}")

    def _blocks(self, word: bytes, total: int) -> None:
        """Copy the list of blocks. It ends where the sum of their lengths is reached."""
        self._sink.put(word)
        while total > 0:
            name = self._name()
            length = self._source.take(8)
            self._sink.put(bytes([len(name)]) + name.encode() + length)
            if self.with_addresses:
                self._sink.put(self._source.take(OFFSET_BYTES))
            self.blocks[name] = int.from_bytes(length)
            total -= self.blocks[name]

    def _name(self) -> str:
        return self._source.take(self._source.take(1)[0]).decode()

    def _record(self, offset: int, flags: int, *, final: bool) -> None:
        if not flags & CONTINUE:
            self._block = self._name()
        if not flags & (PAGE | ZERO):
            self._put(offset, flags, self._encoded(flags))
            return
        content = self._source.take(PAGE_BYTES if flags & PAGE else 1)
        if not self._pages or (flags & ZERO and not self._pages.want_zero_pages):
            self._put(offset, flags, content)
            return
        page = PageId(self._block, offset // PAGE_BYTES)
        before = content if flags & PAGE else bytes(PAGE_BYTES)
        after = self._pages.sent(page, before, final=final)
        if after == before:
            self._put(offset, flags, content)
        elif after is not None:
            self._put(offset, PAGE | flags & CONTINUE, after)

    def _put(self, offset: int, flags: int, content: bytes) -> None:
        """Send a record, with the block's name also if the destination does not expect this block."""
        if flags & CONTINUE and self._block == self._last_block:
            self._sink.put(struct.pack(">Q", offset | flags) + content)
            return
        name = self._last_block = self._block
        self._sink.put(struct.pack(">QB", offset | flags & ~CONTINUE, len(name)) + name.encode() + content)

    def _encoded(self, flags: int) -> bytes:
        """The body of a record that holds no plain page."""
        head = self._source.take(3 if flags & XBZRLE else 4)
        return head + self._source.take(int.from_bytes(head[1:] if flags & XBZRLE else head))

    def _end(self, word: bytes, *, final: bool) -> None:
        """The section's end, preceded in the final part by what was kept for it."""
        for page, content in self._pages.at_the_end() if final else ():
            name = page.block.encode()
            offset = page.number * PAGE_BYTES | PAGE
            self._sink.put(struct.pack(">QB", offset, len(name)) + name + content)
            self._last_block = page.block
        self._sink.put(word)
