# SPDX-License-Identifier: Apache-2.0
"""The connection with an emulated host whose init hangs, lies or ends; here it is a socket of the test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from fixtures.hosts.emulated import connection as connections
from fixtures.hosts.emulated.connection import Connection, HostLost, HostRefused
from fixtures.hosts.emulated.protocol import HEADER, VERSION, WINDOW, Frame, Type, octets, text, u32, u64

SECONDS = 20.0
CHANNEL = 7
HELLO = Frame(Type.HELLO, 0, u32(VERSION) + text("x86_64") + text("6.1") + u64(1) + u32(12) + text(""))


class Init:
    """The init's end of the port, and the connection with it."""

    def __init__(self) -> None:
        self.port, ours = socket.socketpair()
        self.connection = Connection(ours, lambda: "; last words")

    def says(self, *frames: Frame) -> None:
        """Send frames to the suite."""
        self.port.sendall(b"".join(map(bytes, frames)))

    def answers(self, frame: Frame) -> None:
        """Send a frame once the suite has sent something."""
        self.port.recv(1)
        self.says(frame)

    def greets(self) -> None:
        """Send HELLO, and wait until it is read."""
        self.says(HELLO)
        assert self.connection.greeting(SECONDS) is not None


@pytest.fixture
def init() -> Iterator[Init]:
    """An init that says only what the test has it say."""
    made = Init()
    with made.port:
        yield made
        made.connection.close()


@pytest.fixture
def channel(init: Init) -> Iterator[socket.socket]:
    """The suite's end of a channel."""
    ours, theirs = socket.socketpair()
    init.connection.add_channel(CHANNEL, theirs)
    ours.settimeout(SECONDS)
    with ours:
        yield ours


def test_host_that_answers_no_ping_is_lost(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host that hangs stops the run."""
    monkeypatch.setattr("fixtures.hosts.emulated.pings.PING_SECONDS", 0.001)
    monkeypatch.setattr(connections, "TICK_MILLISECONDS", 1)
    init.greets()
    with init.connection.changed:
        assert init.connection.changed.wait_for(lambda: init.connection.lost is not None, SECONDS)
    with pytest.raises(HostLost, match=r"hangs: it answered no ping for .*; last words"):
        init.connection.check()


def test_request_without_an_answer_loses_the_host(init: Init) -> None:
    """Lose this and an init that hangs in one request is asked again and again."""
    init.greets()
    with pytest.raises(HostLost, match=r"did not answer KILL within 0\.01 s; last words"):
        init.connection.call(Type.KILL, u32(1), seconds=0.01)


@pytest.mark.parametrize(
    "sent",
    [
        HEADER.pack(2**31, Type.DATA, 0, CHANNEL),
        HEADER.pack(0, 99, 0, CHANNEL),
        bytes(Frame(Type.CREDIT, CHANNEL, u32(1))),
        bytes(Frame(Type.CREDIT, CHANNEL, b"")),
    ],
)
def test_init_that_breaks_the_protocol_loses_the_host(
    init: Init, channel: socket.socket, sent: bytes
) -> None:
    """Lose this and bytes of one channel arrive in another one."""
    init.greets()
    init.port.sendall(sent)
    assert channel.recv(1) == b""
    with pytest.raises(HostLost, match="last words"):
        init.connection.check()


def test_data_beyond_the_window_loses_the_host(init: Init, channel: socket.socket) -> None:
    """Lose this and a console that nobody reads takes all memory of the suite."""
    init.greets()
    data = Frame(Type.DATA, CHANNEL, bytes(WINDOW // 8))
    with suppress(BrokenPipeError):  # The suite may have hung up before it gets all.
        init.says(*[data] * 24)
    with init.connection.changed:
        assert init.connection.changed.wait_for(lambda: init.connection.lost is not None, SECONDS)


def test_data_before_the_end_of_a_channel_arrives(init: Init, channel: socket.socket) -> None:
    """Lose this and the last words of a QEMU are lost."""
    init.says(Frame(Type.DATA, CHANNEL, b"last"), Frame(Type.CLOSE, CHANNEL, u32(1) + octets(b"")))
    assert (channel.recv(9), channel.recv(9)) == (b"last", b"")


def test_frames_of_a_channel_that_is_over_are_ignored(init: Init) -> None:
    """Lose this and a monitor that both sides close at one time loses the host."""
    init.says(Frame(Type.DATA, 99, b"late"), Frame(Type.CLOSE, 99, u32(0) + octets(b"")))
    init.greets()
    init.connection.check()


def test_refusal_has_the_words_of_the_init(init: Init) -> None:
    """Lose this and nobody learns what the host could not do."""
    refusal = Frame(Type.ANSWER, 1, u32(28) + text("/tmp/file: No space left on device"))
    answering = threading.Thread(target=init.answers, args=(refusal,))
    answering.start()
    with pytest.raises(HostRefused, match="the emulated host: /tmp/file: No space left"):
        init.connection.call(Type.REMOVE, text("/tmp/file"))
    answering.join()


def test_call_after_the_end_says_why_it_ended(init: Init) -> None:
    """Lose this and each cell after the loss of a host waits two minutes."""
    init.port.close()
    with pytest.raises(HostLost, match="its QEMU has ended; last words"):
        init.connection.call(Type.PING)
    with pytest.raises(HostLost, match="its QEMU has ended; last words"):
        init.connection.call(Type.PING)


def test_dropped_channel_ends_on_both_sides(init: Init, channel: socket.socket) -> None:
    """Lose this and a listener that is closed keeps its socket in the host."""
    init.connection.drop_channel(CHANNEL)
    assert channel.recv(1) == b""
    assert init.port.recv(100) == bytes(Frame(Type.CLOSE, CHANNEL, u32(1) + octets(b"")))
