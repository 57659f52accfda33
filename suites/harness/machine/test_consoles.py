# SPDX-License-Identifier: Apache-2.0
"""A channel that listens for a QEMU which libvirt is yet to start."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.machine import consoles
from fixtures.machine.attempt_dir import attempt_dir
from fixtures.machine.consoles import Channel
from fixtures.waiting import Deadline

LONG = 20.0
"""A deadline that these tests never reach unless something is broken."""


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a channel may listen; pytest's own paths are too long for a socket."""
    with attempt_dir() as place:
        yield place / "source-console"


@pytest.fixture
def channel(path: Path) -> Iterator[Channel]:
    """A channel that listens there."""
    listening = Channel.listening("source-console", path)
    yield listening
    listening.close()


@pytest.fixture
def qemu() -> Iterator[socket.socket]:
    """The end that QEMU would have, not yet connected."""
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(LONG)
        yield end


def first_line(channel: Channel) -> bytes:
    """The first line that arrives there."""
    deadline = Deadline.after(LONG)
    return channel.wait_for(lambda: channel.lines or None, deadline, what="a line")[0].text


def test_lines_of_the_qemu_that_connects_are_stamped(
    channel: Channel, path: Path, qemu: socket.socket
) -> None:
    """Lose this and a guest that libvirt runs is never heard, or its blackout is not known."""
    qemu.connect(str(path))
    before = time.monotonic()
    qemu.sendall(b"beat 1\r\n")
    assert first_line(channel) == b"beat 1"
    assert before <= channel.lines[0].at <= time.monotonic()


def test_second_qemu_is_turned_away(channel: Channel, path: Path, qemu: socket.socket) -> None:
    """Lose this and a guest that runs twice is heard as one."""
    qemu.connect(str(path))
    qemu.sendall(b"beat 1\n")
    first_line(channel)
    with socket.socket(socket.AF_UNIX) as second, pytest.raises(ConnectionRefusedError):
        second.connect(str(path))


def test_request_waits_for_the_qemu_that_is_to_answer(
    channel: Channel, path: Path, qemu: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that libvirt has only just begun to start counts as one that is gone."""
    wait = channel._connected.wait

    def connect_and_wait(seconds: float) -> bool:
        qemu.connect(str(path))
        return wait(seconds)

    monkeypatch.setattr(channel._connected, "wait", connect_and_wait)
    channel.send(b"ping\n")
    assert qemu.recv(16) == b"ping\n"


def test_qemu_that_never_connects_is_named(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that libvirt never started is waited for without end."""
    monkeypatch.setattr(consoles, "CONNECT_SECONDS", 0.05)
    with pytest.raises(OSError, match="no QEMU connected to source-console"):
        channel.send(b"ping\n")


def test_closing_ends_the_wait_for_a_qemu(channel: Channel) -> None:
    """Lose this and each domain that fails to start leaves a thread behind and costs five seconds."""
    channel.close()
    assert not channel._reader.is_alive()
    assert channel.closed


def test_stale_socket_is_replaced(path: Path, qemu: socket.socket) -> None:
    """Lose this and a domain that is restarted in the middle of a cell ends it with the rig's error."""
    for said in (b"first", b"second"):
        channel = Channel.listening("source-console", path)
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(str(path))
            end.sendall(said + b"\n")
            assert first_line(channel) == said
        channel.close()
        assert path.exists()
