# SPDX-License-Identifier: Apache-2.0
"""Copies a whole migration stream, and changes RAM and device state on the way.

Nothing is held back before the device state. With rules for fields or words that is kept until the
description, which ends the stream, is there: the source sends both without waiting for the destination.
Source: QEMU migration/savevm.c; the numbers of marks and commands are in savevm.h and savevm.c.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from fixtures.still.stream import (
    CONFIGURATION,
    END,
    FOOTER,
    FOOTER_BYTES,
    FULL,
    MAGIC,
    MEM_SIZE,
    RAM_HEADER,
    START,
    VERSION,
    StreamError,
    description_place,
    parse,
)
from suites.harness.support.tamper.done import Done
from suites.harness.support.tamper.ends import Outgoing, Taking
from suites.harness.support.tamper.fields import Changed, changed
from suites.harness.support.tamper.package import changed_package
from suites.harness.support.tamper.pages import Pages
from suites.harness.support.tamper.ram_records import RamCopier, UnknownRecordError
from suites.harness.support.tamper.rules import Tampering

PART, LAST, SUBSECTION, COMMAND = b"\x02", b"\x03", b"\x05", b"\x08"
PACKAGED = 7
"""MIG_CMD_PACKAGED: postcopy's device state follows, as one piece."""
IGNORE_SHARED = "x-ignore-shared"
HASH_TABLE_ENTRY_BYTES = 16
"""HASH_PTE_SIZE_64 of QEMU hw/ppc/spapr.h."""
MS = 0.001


class MainChannel:
    """The connection that begins with the stream's magic."""

    def __init__(
        self, source: Taking, sink: Outgoing, tampering: Tampering, pages: Pages, done: Done
    ) -> None:
        self._source = source
        self._sink = sink
        self._tampering = tampering
        self._done = done
        self._ram = RamCopier(source, sink, pages)
        self._iterated: dict[int, str] = {}
        """Names of the sections that are sent in parts, by section id."""
        self._postcopy = False
        self._over = False
        """Was the final part of RAM sent?"""
        self._marks: dict[bytes, Callable[[], None]] = {
            START: self._start,
            PART: lambda: self._part(final=self._postcopy),
            LAST: self._last,
            FOOTER: self._footer,
            COMMAND: self._command,
            CONFIGURATION: self._configuration,
            SUBSECTION: self._subsection,
        }

    def run(self) -> None:
        """Copy everything, to the end. Raises `EOFError`, :class:`UnknownRecordError` and `OSError`."""
        self._copied(8)
        while (mark := self._source.peek(1)) not in {FULL, END, b""}:
            if mark not in self._marks:
                raise UnknownRecordError(f"mark {mark.hex()} after {self._sink.sent} bytes")
            self._copied(1)
            self._marks[mark]()
        if mark == FULL and not self._over:
            raise UnknownRecordError("device state before the end of RAM")
        if mark == FULL:
            self._device_state()
        while rest := self._source.rest():
            self._sink.put(rest)

    def _copied(self, count: int) -> bytes:
        """Copy so many bytes."""
        content = self._source.take(count)
        self._sink.put(content)
        return content

    def _number(self, size: int) -> int:
        return int.from_bytes(self._copied(size))

    def _text(self) -> str:
        return self._copied(self._number(1)).decode()

    def _configuration(self) -> None:
        self._copied(self._number(4))

    def _subsection(self) -> None:
        """A subsection of the configuration; no other subsections come before the device state."""
        name = self._text()
        self._copied(4)
        match name:
            case "configuration/capabilities":
                known = [self._text() for _ in range(self._number(4))]
                self._ram.with_addresses = IGNORE_SHARED in known
            case "configuration/target-page-bits":
                self._copied(4)
            case "configuration/uuid":
                self._copied(16)
            case _:
                raise UnknownRecordError(f"subsection {name}")

    def _start(self) -> None:
        number, name = self._number(4), self._text()
        self._copied(8)
        self._iterated[number] = name
        self._body(name, final=False)

    def _part(self, *, final: bool) -> None:
        self._body(self._iterated[self._number(4)], final=final)

    def _last(self) -> None:
        self._part(final=True)
        self._over = True

    def _body(self, name: str, *, final: bool) -> None:
        if name == "ram":
            self._ram.part(final=final)
        elif name == "spapr/htab":
            self._hash_table()
        else:
            raise UnknownRecordError(f"section {name}, which is sent in parts")

    def _hash_table(self) -> None:
        """The page table of pseries (QEMU hw/ppc/spapr.c, `htab_save_iterate`): 0, then chunks."""
        if self._number(4):
            return
        while True:
            index, valid, invalid = self._number(4), self._number(2), self._number(2)
            if not (index or valid or invalid):
                return
            self._copied(valid * HASH_TABLE_ENTRY_BYTES)

    def _footer(self) -> None:
        self._copied(FOOTER_BYTES - 1)

    def _command(self) -> None:
        command, length = self._number(2), self._number(2)
        if command != PACKAGED:
            self._copied(length)
            return
        package = self._source.take(int.from_bytes(self._source.take(length)))
        if self._tampering.fields:
            package = self._noted(changed_package(package, self._tampering.fields))
        self._postcopy = True
        self._sink.put(len(package).to_bytes(length))
        self._hold()
        self._put_state(package)

    def _device_state(self) -> None:
        """All that comes from the first section of a device on."""
        self._hold()
        if not self._tampering.fields and not self._tampering.words:
            self._put_state(b"")
            return
        state = self._until_description()
        if state is None:
            raise StreamError("the stream ends without a description, so no field can be found in it")
        for each in self._tampering.words:
            self._done.words += state.count(bytes.fromhex(each.sent))
            state = state.replace(bytes.fromhex(each.sent), bytes.fromhex(each.arrives))
        if not self._tampering.fields:
            self._put_state(state)
            return
        front = _front(self._ram.blocks)
        after = self._noted(changed(parse(front + state), self._tampering.fields))
        self._put_state(after[len(front) :])

    def _noted(self, after: Changed) -> bytes:
        """The bytes after the changes, which are noted."""
        self._done.fields += [f"{each.section} {each.path}" for each in after.places]
        self._done.without_effect += [f"{each.section} {each.path}" for each in after.without_effect]
        self._done.unused += [f"{each.section} {each.path}" for each in after.unused]
        return after.raw

    def _until_description(self) -> bytes | None:
        """The stream from here to its end. It ends with the description."""
        state = b""
        while more := self._source.rest():
            state += more
            if state.endswith(b"}") and _is_whole(state):
                return state
        return None

    def _hold(self) -> None:
        self._sink.flush()
        self._sink.wait(self._tampering.flow.hold_ms * MS)

    def _put_state(self, state: bytes) -> None:
        """Send device state, up to where a rule cuts it."""
        if self._tampering.flow.cut_in_state:
            self._sink.cut_at = self._sink.sent + self._tampering.flow.cut_in_state
        self._sink.put(state)


def _front(blocks: Mapping[str, int]) -> bytes:
    """What a stream with these RAM blocks begins with, as far as the parser of streams needs it."""
    total = struct.pack(">Q", sum(blocks.values()) | MEM_SIZE)
    listed = (
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">Q", blocks[name]) for name in blocks
    )
    begin = MAGIC + struct.pack(">I", VERSION) + START + struct.pack(">I", 0) + RAM_HEADER
    return begin + total + b"".join(listed)


def _is_whole(state: bytes) -> bool:
    try:
        description_place(state)
    except StreamError:
        return False
    return True
