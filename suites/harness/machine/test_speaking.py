# SPDX-License-Identifier: Apache-2.0
"""Is a server of QEMU told from silence, a closed door and another server?"""

from __future__ import annotations

import errno
import socket
from contextlib import nullcontext

import pytest

from fixtures.machine import speaking
from fixtures.machine.speaking import ANSWERS, SAYS, Unreachable, demand_context, has_vsock, speak
from fixtures.matrix.endpoints import Protocol


def answering(protocol: Protocol, answer: bytes) -> bytes:
    """Speak to somebody who says `answer`; gives what the suite said."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        speak(protocol, lambda _seconds: ours)
        return theirs.recv(4096)


@pytest.mark.parametrize("protocol", ANSWERS)
def test_server_that_answers_is_reachable(protocol: Protocol) -> None:
    """Lose this and every move counts as one after which nothing answers."""
    answer = ANSWERS[protocol]
    assert answering(protocol, answer and answer + b"more") == SAYS.get(protocol, b"")


@pytest.mark.parametrize("answer, words", [(b"", "it hung up"), (b"HTTP/1.1 400 Bad\n", "HTTP/1.1 400 Bad")])
@pytest.mark.parametrize("protocol", ["vnc", "spice", "qmp", "echo"])
def test_who_says_something_else_is_not(protocol: Protocol, answer: bytes, words: str) -> None:
    """Lose this and a display counts as reachable because some program has its port."""
    with pytest.raises(Unreachable, match=f"it does not speak {protocol}: {words}"):
        answering(protocol, answer)


def test_who_says_nothing_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a VNC server that accepts clients and does not serve them counts as reachable."""
    monkeypatch.setattr(speaking, "ANSWER_SECONDS", 0.01)
    ours, theirs = socket.socketpair()
    ours.settimeout(0.01)
    with theirs, pytest.raises(Unreachable, match="no answer within"):
        speak("vnc", lambda _seconds: ours)


def test_closed_door_is_named() -> None:
    """Lose this and a finding does not say whether nobody listens or somebody is silent."""

    def refused(_seconds: float) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(Unreachable, match=r"^Connection refused$"):
        speak("vnc", refused)


class Vsock:
    """A socket of vsock whose connection ends like this."""

    def __init__(self, ends: OSError | None) -> None:
        self._ends = ends

    def __enter__(self) -> Vsock:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to do."""

    def setblocking(self, wait: bool) -> None:
        """Nobody waits for a guest that does not run."""
        assert not wait

    def connect(self, address: tuple[int, int]) -> None:
        """As said."""
        assert address[0] == 3
        if self._ends:
            raise self._ends

    def close(self) -> None:
        """Nothing to do."""


@pytest.mark.parametrize(
    "ends, known",
    [
        (BlockingIOError(errno.EINPROGRESS, "in progress"), True),
        (ConnectionResetError(errno.ECONNRESET, "reset"), True),
        (OSError(errno.ENODEV, "No such device"), False),
    ],
)
def test_context_id_is_known_to_the_kernel_or_not(
    ends: OSError, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a destination without its vsock passes."""
    monkeypatch.setattr(socket, "socket", lambda *_words: Vsock(ends))
    with nullcontext() if known else pytest.raises(Unreachable, match="No such device"):
        demand_context(3)


@pytest.mark.parametrize("refused", [False, True])
def test_host_without_vsock_is_known(refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host without the module has an error instead of `unsupported`."""

    def makes(*_words: object) -> Vsock:
        if refused:
            raise OSError(errno.EAFNOSUPPORT, "not supported")
        return Vsock(None)

    monkeypatch.setattr(socket, "socket", makes)
    assert has_vsock() is not refused
