# SPDX-License-Identifier: Apache-2.0
"""The two ends of a proxied connection, as bytes: what the source sends, and what goes to the destination."""

from __future__ import annotations

import socket
import time
from threading import Event
from typing import Protocol

from suites.harness.support.tamper.rules import Flow

CHUNK = 1 << 20
MIB = 1 << 20


class CutError(Exception):
    """A rule cut the connection."""


class Taking(Protocol):
    """Where bytes come from."""

    def take(self, count: int) -> bytes:
        """Exactly so many bytes. Raises `EOFError` if the stream ends before."""
        ...

    def peek(self, count: int) -> bytes:
        """The next bytes, without taking them; fewer if the stream ends before."""
        ...

    def rest(self) -> bytes:
        """What comes next, at least one byte; empty at the end of the stream."""
        ...


class Putting(Protocol):
    """Where bytes go."""

    def put(self, content: bytes) -> None:
        """Send these bytes, at the latest before the proxy waits for more."""
        ...


class Incoming:
    """What a socket receives."""

    def __init__(self, source: socket.socket, outgoing: Outgoing) -> None:
        """`outgoing` is flushed before this waits, so that nothing that was received is held back."""
        self._socket = source
        self._outgoing = outgoing
        self._buffer = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """See :class:`Taking`."""
        if len(self._buffer) - self._at < count:
            self._need(count)
        taken = self._buffer[self._at : self._at + count]
        if len(taken) < count:
            raise EOFError(f"the stream ends {count - len(taken)} bytes too early")
        self._at += count
        return taken

    def peek(self, count: int) -> bytes:
        """See :class:`Taking`."""
        self._need(count)
        return self._buffer[self._at : self._at + count]

    def rest(self) -> bytes:
        """See :class:`Taking`."""
        self._need(1)
        taken, self._buffer, self._at = self._buffer[self._at :], b"", 0
        return taken

    def _need(self, count: int) -> None:
        """Receive until so many bytes are there, or the stream ends."""
        if len(self._buffer) - self._at >= count:
            return
        parts, held = [self._buffer[self._at :]], len(self._buffer) - self._at
        while held < count:
            self._outgoing.flush()
            received = self._socket.recv(CHUNK)
            if not received:
                break
            parts.append(received)
            held += len(received)
        self._buffer, self._at = b"".join(parts), 0


class Outgoing:
    """What a socket sends, within the limits of flow rules."""

    def __init__(self, destination: socket.socket, flow: Flow, closing: Event) -> None:
        """`closing` ends every wait."""
        self._socket = destination
        self._flow = flow
        self._closing = closing
        self._parts: list[bytes] = []
        self._held = 0
        self._begun = time.monotonic()
        self.sent = 0
        """Bytes sent, or to be sent at the next flush."""
        self.cut_at = flow.cut_after
        """The connection is cut after this many bytes; 0: it is not."""

    def put(self, content: bytes) -> None:
        """See :class:`Putting`. Raises :class:`CutError` where a rule cuts the connection."""
        if self.cut_at and self.sent + len(content) >= self.cut_at:
            self._parts.append(content[: self.cut_at - self.sent])
            self.sent = self.cut_at
            self.flush()
            raise CutError(f"cut after {self.cut_at} bytes")
        self._parts.append(content)
        self.sent += len(content)
        self._held += len(content)
        if self._held >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Send what was put."""
        if not self._parts:
            return
        content, self._parts, self._held = b"".join(self._parts), [], 0
        self._socket.sendall(content)
        if self._flow.mib_per_second:
            due = self._begun + self.sent / (self._flow.mib_per_second * MIB)
            self.wait(due - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Send nothing for so long."""
        if seconds > 0:
            self._closing.wait(seconds)
