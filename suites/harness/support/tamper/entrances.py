# SPDX-License-Identifier: Apache-2.0
"""Where a proxy lets a source in: a socket of this machine, or one of an emulated host."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Protocol

from fixtures.errors import RigError
from fixtures.hosts.interface import ProgramHost

MOST_CHANNELS = 32
LOOK_SECONDS = 1.0
"""How long it may take to see that the proxy closes, because an emulated host's listener cannot be woken."""


class Entrance(Protocol):
    """Listens as soon as it is made."""

    def accept(self) -> socket.socket:
        """The next connection. Raises :class:`OSError` once the entrance is closed."""
        ...

    def close(self) -> None:
        """Stop listening, and end :meth:`accept` in another thread."""
        ...


class HereEntrance:
    """A unix socket of this machine, for as many connections as come."""

    def __init__(self, listens: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(listens))
        self._socket.listen(MOST_CHANNELS)

    def accept(self) -> socket.socket:
        """See :class:`Entrance`."""
        return self._socket.accept()[0]

    def close(self) -> None:
        """See :class:`Entrance`."""
        with suppress(OSError):  # It wakes a thread that waits for the socket, which closing does not.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class EmulatedEntrance:
    """A unix socket of an emulated host, for one connection: such a move has one channel."""

    def __init__(self, listens: Path, host: ProgramHost) -> None:
        self._listener = host.listen(listens)
        self._closing = Event()
        self._taken = False

    def accept(self) -> socket.socket:
        """See :class:`Entrance`."""
        while not self._closing.is_set() and not self._taken:
            try:
                connection = self._listener.accept(LOOK_SECONDS)
            except TimeoutError:
                continue
            except RigError as error:
                raise OSError(str(error)) from error
            assert connection is not None
            self._taken = True
            return connection
        raise OSError("no further connection is expected")

    def close(self) -> None:
        """See :class:`Entrance`."""
        self._closing.set()
        self._listener.close()


def entrance(listens: Path, host: ProgramHost) -> Entrance:
    """An entrance where programs of `host` can connect."""
    return HereEntrance(listens) if host.kind == "local" else EmulatedEntrance(listens, host)
