# SPDX-License-Identifier: Apache-2.0
"""The init of an emulated host, run as a usual process: its frames, channels, files and sockets."""

import os
import re
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.errors import RigError
from fixtures.hosts.emulated import memory_kills
from fixtures.hosts.emulated.connection import HostLost
from fixtures.hosts.emulated.files import Files
from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.hosts.emulated.memory_kills import MemoryKills
from fixtures.hosts.emulated.protocol import MAX_PAYLOAD, WINDOW, Frame, Type, u32
from fixtures.hosts.interface import NoSuchFile
from suites.harness.support.host_init import (
    SECONDS,
    Shells,
    Stream,
    end_after,
    header,
    needs_root,
)


@pytest.mark.parametrize(
    "sent, said",
    [
        (header(MAX_PAYLOAD + 1, Type.PING), "damaged frame"),
        (header(2**32 - 1, Type.DATA), "damaged frame"),
        (header(0, Type.PING, zero=1), "damaged frame"),
        (header(0, 99), "unknown type of frame 99"),
        (header(2, Type.KILL) + b"ab", "too short"),
        (header(4, Type.REMOVE) + u32(2**32 - 1), "too short"),
        (header(8, Type.LISTEN) + u32(1) + u32(2**31), "too short"),
    ],
)
def test_init_ends_with_a_reason_when_a_frame_is_damaged(
    port: tuple[socket.socket, subprocess.Popen[str]], sent: bytes, said: str
) -> None:
    """Lose this and a damaged frame makes the init read what is not its own."""
    assert said in end_after(*port, sent)


@needs_root
def test_stream_carries_bytes_both_ways(shells: Shells, stream: Stream) -> None:
    """Lose this and no monitor of an emulated host answers."""
    process = shells.start(f"cat <&{stream.number} >&{stream.number}", stream.theirs)
    sent, received, step = os.urandom(4 * WINDOW), bytearray(), WINDOW // 4
    for start in range(0, len(sent), step):
        stream.ours.sendall(sent[start : start + step])
        while len(received) < start + step:
            received += stream.ours.recv(step)
    stream.ours.shutdown(socket.SHUT_WR)
    assert (bytes(received), stream.ours.recv(1), process.wait(SECONDS)) == (sent, b"", 0)


@needs_root
def test_channel_that_nobody_reads_holds_up_no_other(shells: Shells, stream: Stream) -> None:
    """Lose this and one console that nobody reads stops every monitor of the host."""
    flood = shells.start(f"cat /dev/zero >&{stream.number}", stream.theirs)
    assert shells.run("echo other") == (0, "other")
    assert flood.ended is None


@needs_root
def test_program_that_does_not_read_holds_up_no_other(shells: Shells, stream: Stream) -> None:
    """Lose this and a QEMU that hangs takes all others of its host with it."""
    shells.start("sleep 1000", stream.theirs)
    stream.ours.settimeout(0.2)
    with pytest.raises(TimeoutError):
        stream.ours.sendall(bytes(16 * WINDOW))
    assert shells.run("echo other") == (0, "other")


@needs_root
def test_output_without_end_is_kept_within_bounds(shells: Shells, tmp_path: Path) -> None:
    """Lose this and a QEMU that repeats a warning fills the disk, or starves the others."""
    flood = shells.start("exec cat /dev/zero")
    assert shells.run("echo other") == (0, "other")
    flood.kill()
    assert (tmp_path / "said-1.txt").stat().st_size < 1 << 20


def test_files_are_made_read_and_removed(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and disks, pictures and saved states of an emulated host are lost."""
    file, content = tmp_path / "file", os.urandom(100_000)
    host.make_file(file, 5)
    assert host.read_file(file, 100) == bytes(5)
    host.write_file(file, content)
    assert host.read_file(file, 1 << 20) == content
    host.remove(file)
    with pytest.raises(NoSuchFile, match="No such file"):
        host.read_file(file, 1)


def test_full_disk_is_one_message(host: EmulatedHost) -> None:
    """Lose this and a host whose memory is full ends in a message that does not say so."""
    with pytest.raises(RigError, match="/dev/full: No space left on device"):
        host.write_file(Path("/dev/full"), b"x")


def test_program_that_the_kernel_killed_for_memory_fails_the_host(
    host: EmulatedHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a host whose memory ran out becomes a verdict on the build whose QEMU it killed."""
    kernels_word = "Out of memory: Killed process 81 (qemu-system-x86)"
    console = f"[   1.0] up\n[   9.0] {kernels_word}\n"
    monkeypatch.setattr(host, "_memory_kills", MemoryKills(Files(host.connection), lambda: console))
    counts = tmp_path / "vmstat"
    monkeypatch.setattr(memory_kills, "VMSTAT", counts)
    counts.write_text("nr_free_pages 1\noom_kill 3\n")
    with host.attempt_dir():
        host.check()
        counts.write_text("nr_free_pages 1\noom_kill 4\n")
        with pytest.raises(
            RigError, match=f"out of memory and killed 1 of its programs: .*{re.escape(kernels_word)}"
        ):
            host.check()


def test_suite_listens_for_a_program(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and CPR and proxies, which connect to the suite, cannot be tested in an emulated host."""
    path = tmp_path / "socket"
    listener = host.listen(path)
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.connect(str(path))
        ours = listener.accept(SECONDS)
        listener.close()
        assert ours is not None
        theirs.sendall(b"hello")
        assert ours.recv(5) == b"hello"
    with ours:
        assert (ours.recv(1), path.exists()) == (b"", False)


@needs_root
def test_program_that_ends_instead_of_connecting_is_noticed(
    host: EmulatedHost, shells: Shells, tmp_path: Path
) -> None:
    """Lose this and a QEMU that dies early costs the whole time limit."""
    with closing(host.listen(tmp_path / "socket")) as listener:
        assert listener.accept(SECONDS, shells.start("exit 1")) is None


def test_nobody_connects_in_time(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and a program that hangs stops the run."""
    with closing(host.listen(tmp_path / "socket")) as listener, pytest.raises(TimeoutError):
        listener.accept(0.1)


def test_suite_connects_to_a_program(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and sockets of libvirt and of QEMU in an emulated host cannot be reached."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        with host.connect(tmp_path / "socket", SECONDS) as ours:
            theirs, _ = listening.accept()
            with theirs:
                theirs.sendall(b"hello")
            assert (ours.recv(5), ours.recv(1)) == (b"hello", b"")


def test_socket_that_does_not_exist_is_an_os_error(host: EmulatedHost, tmp_path: Path) -> None:
    """Lose this and a socket that comes later is an error of the rig at once."""
    with pytest.raises(FileNotFoundError):
        host.connect(tmp_path / "absent", SECONDS)


@needs_root
def test_lost_host_is_an_error_and_no_verdict(host: EmulatedHost, shells: Shells, stream: Stream) -> None:
    """Lose this and a host that ends is blamed on the build that ran in it."""
    process = shells.start("sleep 1000", stream.theirs)
    host.connection.send(Frame(Type.PING, 1, bytes(MAX_PAYLOAD + 1)))  # The init ends.
    assert stream.ours.recv(1) == b""
    for ask in (process.end, process.kill, host.check, lambda: process.wait(SECONDS)):
        with pytest.raises(HostLost, match="its QEMU has ended"):
            ask()
