# SPDX-License-Identifier: Apache-2.0
"""Is a server of QEMU told from silence, a closed door and another server?"""

from __future__ import annotations

import socket

import pytest

from fixtures.machine import speaking
from fixtures.machine.speaking import ANSWERS, SAYS, Unreachable, speak
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
