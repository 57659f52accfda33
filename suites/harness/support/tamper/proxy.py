# SPDX-License-Identifier: Apache-2.0
"""A proxy between the source and the destination of a migration, which changes what the source sends.

It listens on a unix socket and connects each connection to the destination's. What the destination sends back
is copied unchanged. Where one side ends a direction, so does the proxy; the sockets stay open until both
directions have ended, because a source waits for the destination's last message after it has sent everything.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from fixtures.errors import RigError
from fixtures.hosts.interface import ProgramHost
from fixtures.hosts.local import LOCAL
from fixtures.still.stream import MAGIC, StreamError
from suites.harness.support.tamper import multifd_channel
from suites.harness.support.tamper.done import Done
from suites.harness.support.tamper.ends import CHUNK, CutError, Incoming, Outgoing
from suites.harness.support.tamper.entrances import entrance
from suites.harness.support.tamper.main_channel import MainChannel
from suites.harness.support.tamper.multifd_channel import MultifdChannel
from suites.harness.support.tamper.pages import Pages
from suites.harness.support.tamper.ram_records import RamCopier, UnknownRecordError
from suites.harness.support.tamper.rules import Tampering

END_SECONDS = 10.0
CONNECT_SECONDS = 10.0


class Proxy:
    """A context manager: it proxies from the start, and its end closes all sockets and ends all threads."""

    def __init__(
        self, listens: Path, destination: Path, tampering: Tampering, host: ProgramHost = LOCAL
    ) -> None:
        """Both sockets are on `host`, where the two QEMUs run; the proxy itself runs here."""
        self.done = Done()
        self._host = host
        self._destination = destination
        self._tampering = tampering
        self._pages = Pages(tampering.pages)
        self.done.pages = self._pages.changed
        self._closing = Event()
        self._sockets: list[socket.socket] = []
        self._entrance = entrance(listens, host)
        self._threads: list[Thread] = []
        self._run(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all sockets and wait for all threads. A second call does nothing."""
        self._closing.set()
        self._entrance.close()
        for each in list(self._sockets):  # It wakes a thread that waits for a socket, which closing does not.
            _shut(each)
        for thread in self._threads:  # Grows until the first one, which accepts, has ended.
            thread.join(END_SECONDS)
            assert not thread.is_alive(), "a thread of the proxy does not end"
        for each in self._sockets:
            each.close()

    def _run(self, target: Callable[[], None]) -> None:
        thread = Thread(target=target, name="tampering-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        """Connect each connection, until the proxy closes."""
        with suppress(OSError):
            while True:
                theirs = self._entrance.accept()
                self._sockets.append(theirs)
                self._connect(theirs)

    def _connect(self, source: socket.socket) -> None:
        try:
            destination = self._host.connect(self._destination, CONNECT_SECONDS)
        except (OSError, RigError) as error:
            self.done.errors.append(f"the destination cannot be reached: {error}")
            _shut(source)
            return
        destination.settimeout(None)
        self._sockets.append(destination)
        self._run(lambda: self._forward(source, destination))
        self._run(lambda: _copy(destination, source))

    def _forward(self, source: socket.socket, destination: socket.socket) -> None:
        """Copy one connection from source to destination."""
        outgoing = Outgoing(destination, self._tampering.flow, self._closing)
        try:
            self._channel(Incoming(source, outgoing), outgoing)
            outgoing.flush()
            with suppress(OSError):
                destination.shutdown(socket.SHUT_WR)
        except (CutError, EOFError, OSError, StreamError, UnknownRecordError) as error:
            if not self._closing.is_set():
                self.done.errors.append(str(error))
            _shut(source)
            _shut(destination)
        finally:
            self.done.bytes_sent += outgoing.sent

    def _channel(self, incoming: Incoming, outgoing: Outgoing) -> None:
        """Copy one connection as what its first bytes say it is."""
        first = incoming.peek(len(MAGIC))
        if first == MAGIC:
            MainChannel(incoming, outgoing, self._tampering, self._pages, self.done).run()
        elif first == multifd_channel.MAGIC:
            MultifdChannel(incoming, outgoing, self._pages).run()
        elif first:  # postcopy-preempt's: RAM only, and all of it after the guest runs on the destination.
            ram = RamCopier(incoming, outgoing, self._pages)
            while incoming.peek(1):
                ram.part(final=True)


def _copy(begin: socket.socket, end: socket.socket) -> None:
    """Copy until `begin` is closed, then close this direction."""
    with suppress(OSError):
        while received := begin.recv(CHUNK):
            end.sendall(received)
        end.shutdown(socket.SHUT_WR)


def _shut(ours: socket.socket) -> None:
    """Close both directions."""
    with suppress(OSError):
        ours.shutdown(socket.SHUT_RDWR)
