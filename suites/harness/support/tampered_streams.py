# SPDX-License-Identifier: Apache-2.0
"""Sends a stream through a tampering proxy, between a source and a destination that only copy bytes."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Self

from suites.harness.support.streams import stream_of
from suites.harness.support.tamper.done import Done
from suites.harness.support.tamper.proxy import Proxy
from suites.harness.support.tamper.rules import Tampering

SECONDS = 10.0
LAST_MESSAGE = b"\0\1\0\4\0\0\0\0"
"""MIG_RP_MSG_SHUT, with which a destination ends the return path."""
ZERO, PAGE, EOS, CONTINUE = 0x02, 0x08, 0x10, 0x20


@dataclass
class Through:
    """What came through."""

    arrived: bytes
    answer: bytes
    """What the destination sent back after it had everything; empty if the source lost the connection."""
    done: Done


def sent_through(raw: bytes, tampering: Tampering, place: Path) -> Through:
    """Send `raw` through a proxy. `place` is a directory for sockets."""
    with (
        Listening(place / "destination") as destination,
        Proxy(place / "proxy", place / "destination", tampering) as proxy,
    ):
        answer = send_as_source(raw, place / "proxy")
        arrived = destination.arrived()
    return Through(arrived, answer, proxy.done)


class Listening:
    """A destination that listens from the start, takes one connection, and answers at the end of it."""

    def __init__(self, place: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(place))
        self._socket.listen(1)
        self._socket.settimeout(SECONDS)
        self._parts: list[bytes] = []
        self._thread = Thread(target=self._take)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(SECONDS)
        self._socket.close()

    def arrived(self) -> bytes:
        """What it got, once the connection has ended."""
        self._thread.join(SECONDS)
        return b"".join(self._parts)

    def _take(self) -> None:
        ours, _ = self._socket.accept()
        with ours:
            while received := ours.recv(1 << 16):
                self._parts.append(received)
            with suppress(OSError):
                ours.sendall(LAST_MESSAGE)


def send_as_source(raw: bytes, proxy: Path) -> bytes:
    """Send `raw` to a proxy and return the destination's answer; empty if the connection was lost."""
    with socket.socket(socket.AF_UNIX) as ours:
        ours.settimeout(SECONDS)
        ours.connect(str(proxy))
        try:
            ours.sendall(raw)
            ours.shutdown(socket.SHUT_WR)
            return ours.recv(100)
        except OSError:
            return b""


def page(offset: int, content: bytes, block: str = "") -> bytes:
    """A record of RAM. Without `block` it continues the block of the record before."""
    kind = PAGE if len(content) > 1 else ZERO
    if not block:
        return struct.pack(">Q", offset | kind | CONTINUE) + content
    return struct.pack(">QB", offset | kind, len(block)) + block.encode() + content


def ram(records: Iterable[bytes], *, last: bool = False) -> bytes:
    """A section of RAM."""
    mark = b"\x03" if last else b"\x02"
    return mark + struct.pack(">I", 2) + b"".join(records) + struct.pack(">QBI", EOS, 0x7E, 2)


def stream_with(*parts: bytes) -> bytes:
    """A whole stream with these sections of RAM, each made by :func:`ram`, and the samples' devices."""
    return stream_of(ram=b"".join(parts))
