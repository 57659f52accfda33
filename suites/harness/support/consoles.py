# SPDX-License-Identifier: Apache-2.0
"""Lines of a guest's console, and a console that has heard some."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from fixtures.evidence.beats import Line, crc16
from fixtures.machine.consoles import Channel
from fixtures.waiting import Deadline


def line(body: bytes, at: float = 1.0) -> Line:
    """A line of the console with the checksum that the guest agent would give it."""
    return Line(at, b"%s *%04x" % (body, crc16(body)))


@contextmanager
def heard(sent: bytes) -> Iterator[Channel]:
    """A channel that has heard `sent` from a QEMU that then closed it."""
    ours, theirs = socket.socketpair()
    channel = Channel("console", ours)
    try:
        with theirs:
            theirs.sendall(sent)
        channel.wait_for(lambda: channel.closed or None, Deadline.after(10), what="the end of the channel")
        yield channel
    finally:
        channel.close()
