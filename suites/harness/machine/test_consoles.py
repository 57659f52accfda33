# SPDX-License-Identifier: Apache-2.0
"""Serial ports of a guest: heard over a socket of any QEMU, and kept within bounds."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.local import LOCAL
from fixtures.machine import consoles
from fixtures.machine.consoles import Channel
from fixtures.waiting import Deadline, Late

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
    listening = Channel("source-console", listener=LOCAL.listen(path))
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
    with socket.socket(socket.AF_UNIX) as second, pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        second.connect(str(path))


def test_request_waits_for_the_qemu_that_is_to_answer(
    channel: Channel, path: Path, qemu: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that libvirt is still starting counts as gone."""
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
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    channel = Channel("source-console", listener=LOCAL.listen(path))
    qemu.connect(str(path))
    qemu.sendall(b"said\n")
    assert first_line(channel) == b"said"
    channel.close()


@pytest.fixture
def port() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel and the end that QEMU has of it."""
    ours, theirs = socket.socketpair()
    channel = Channel("source-console", ours)
    with theirs:
        yield channel, theirs
    channel.close()


def test_line_without_end_is_cut(
    port: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and one endless console line takes all memory and CPU time."""
    monkeypatch.setattr(consoles, "MOST_LINE", 100)
    channel, qemu = port
    qemu.sendall(b"x" * 1_000_000 + b"\r\nbeat 1\r\nbe")
    channel.wait_for(lambda: len(channel.lines) == 2 or None, Deadline.after(LONG), what="two lines")
    assert [line.text for line in channel.lines] == [b"x" * 100, b"beat 1"]
    assert channel.partial == b"be"
    qemu.sendall(b"y" * 1_000_000)
    qemu.shutdown(socket.SHUT_WR)
    channel._reader.join(LONG)
    assert len(channel.partial) == 100


def test_flood_is_read_and_left_out(
    port: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Lose this and a QEMU that floods a port takes all memory, or blocks because the port is not read."""
    monkeypatch.setattr(consoles, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(channel_log := port[0].log, "most", 1000)
    channel, qemu = port
    qemu.sendall(b"early\n" + b"flood\n" * 1_000_000)
    qemu.shutdown(socket.SHUT_WR)
    with pytest.raises(Late, match=r"flood \| more than 1 MiB arrived, later lines are left out"):
        channel.wait_for(lambda: None, Deadline.after(0.2), what="a beat")
    channel._reader.join(LONG)
    channel.write_log(tmp_path / "console.txt")
    assert len(channel.lines) < 200_000
    assert channel_log.left_out == 6 + 6_000_000 - 2000
    assert (tmp_path / "console.txt").stat().st_size < 2100
