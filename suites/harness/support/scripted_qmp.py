# SPDX-License-Identifier: Apache-2.0
"""A scripted QMP peer: QEMU's end of a monitor, with the answers that a test gives it."""

from __future__ import annotations

import codecs
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fixtures.machine.monitor import Monitor
from fixtures.waiting import Signal

GREETING = {
    "QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}, "capabilities": []}
}

Answer = Callable[["ScriptedQemu", Mapping[str, Any]], None]
"""How the peer answers a command; see :func:`returns`, :func:`refuses`, :func:`dies` and :func:`hangs`."""


class ScriptedQemu:
    """QEMU's end of a monitor, served by a thread until either side closes."""

    def __init__(
        self, sock: socket.socket, answers: Mapping[str, Answer], *, greeting: object = GREETING
    ) -> None:
        self.commands: list[str] = []
        """The commands that came, in order."""
        self._sock = sock
        self._answers = {"qmp_capabilities": returns({})} | dict(answers)
        self._greeting = greeting
        self._thread = threading.Thread(target=self._serve, name="scripted-qemu", daemon=True)
        self._thread.start()

    def send(self, message: object) -> None:
        """Send one message, as QEMU does: one line of JSON."""
        self.send_bytes(json.dumps(message).encode() + b"\r\n")

    def send_bytes(self, data: bytes) -> None:
        """Send bytes that may not be a message; the client may close the connection because of them."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(data)

    def event(self, name: str, **data: object) -> None:
        """Send an event with a fixed timestamp."""
        self.event_of(1.000002, name, **data)

    def event_of(self, sent: float, name: str, **data: object) -> None:
        """Send an event with the timestamp `sent`, in seconds of the real-time clock."""
        seconds, fraction = divmod(sent, 1)
        stamp = {"seconds": int(seconds), "microseconds": int(fraction * 1e6)}
        self.send({"event": name, "data": data, "timestamp": stamp})

    def hang_up(self) -> None:
        """Close the monitor, as a QEMU that exits does."""
        self._sock.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Close the connection and wait for the thread."""
        with contextlib.suppress(OSError):  # The script, or the client, did so before.
            self.hang_up()
        self._thread.join(10)
        self._sock.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        if self._greeting is not None:
            self.send(self._greeting)
        try:
            for command in self._requests():
                name = str(command["execute"])
                self.commands.append(name)
                self._answers[name](self, command)
        except OSError:
            pass  # One side hung up.

    def _requests(self) -> Iterator[dict[str, Any]]:
        """The messages of the client, which does not end them with newlines."""
        text, utf8, parser = "", codecs.getincrementaldecoder("utf-8")(), json.JSONDecoder()
        while data := self._sock.recv(65536):
            text = (text + utf8.decode(data)).lstrip()
            while text:
                try:
                    message, end = parser.raw_decode(text)
                except ValueError:
                    break  # The rest of it is still to come.
                text = text[end:].lstrip()
                yield message


def returns(value: object) -> Answer:
    """Answer the command with `value`."""
    return lambda qemu, command: qemu.send(
        {"return": value, "id": command["id"]} if "id" in command else {"return": value}
    )


def refuses(description: str, error_class: str = "GenericError") -> Answer:
    """Answer the command with an error."""
    error = {"class": error_class, "desc": description}
    return lambda qemu, command: qemu.send({"error": error, "id": command["id"]})


def dies(qemu: ScriptedQemu, _command: Mapping[str, Any]) -> None:
    """Close the monitor instead of answering."""
    qemu.hang_up()


def hangs(_qemu: ScriptedQemu, _command: Mapping[str, Any]) -> None:
    """Never answer the command."""


@contextmanager
def scripted(
    answers: Mapping[str, Answer] | None = None, *, greeting: object = GREETING
) -> Iterator[tuple[Monitor, ScriptedQemu]]:
    """A monitor that is not connected yet, and the peer at its other end."""
    ours, theirs = socket.socketpair()
    qemu = ScriptedQemu(theirs, answers or {}, greeting=greeting)
    monitor = Monitor("source (old)", ours, Signal())
    try:
        yield monitor, qemu
    finally:
        monitor.close()
        qemu.end()


@contextmanager
def connected(answers: Mapping[str, Answer] | None = None) -> Iterator[tuple[Monitor, ScriptedQemu]]:
    """A monitor and its peer, ready for commands."""
    with scripted(answers) as (monitor, qemu):
        monitor.connect(20)
        yield monitor, qemu
