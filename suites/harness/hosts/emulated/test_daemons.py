# SPDX-License-Identifier: Apache-2.0
"""What daemons, such as libvirt's, need of an emulated host. Its init is here a usual process."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.emulated.forward import Forward
from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.hosts.emulated.process import EmulatedProcess
from fixtures.hosts.interface import Descendant, Program
from fixtures.hosts.output import KEPT_BYTES
from fixtures.path.libvirt.logs import bounded_log
from suites.harness.support.host_init import BUILD, SECONDS, Shells, Stream, needs_root

pytestmark = needs_root


@pytest.fixture
def place(host: EmulatedHost) -> Iterator[Path]:
    """The directory of an attempt."""
    with host.attempt_dir() as made:
        yield made


@pytest.fixture
def notified(place: Path) -> str:
    """A line of bash that sends a datagram, as sd_notify(3) does."""
    send = "import socket,sys;socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM).sendto(b'READY=1',sys.argv[1])"
    return f'/usr/bin/env python3 -c "{send}" {place}/notify'


def test_daemon_says_that_it_is_ready(host: EmulatedHost, shells: Shells, place: Path, notified: str) -> None:
    """Lose this and a daemon is used before it is ready, or never."""
    with closing(host.listen(place / "notify", datagrams=True)) as listening:
        daemon = shells.start(f"{notified}; sleep 1000", attempt_dir=place)
        came = listening.accept(SECONDS, unless_ended=daemon)
        assert came is not None
        assert came.recv(100) == b"READY=1"


def test_daemon_that_ends_is_not_waited_for(host: EmulatedHost, shells: Shells, place: Path) -> None:
    """Lose this and a daemon that cannot start costs the whole time limit."""
    with closing(host.listen(place / "notify", datagrams=True)) as listening:
        assert listening.accept(SECONDS, unless_ended=shells.start("exit 1")) is None


def test_closed_listener_wakes_who_waits(host: EmulatedHost, place: Path) -> None:
    """Lose this and the thread that waits for a guest's console stays for ever."""
    listening = host.listen(place / "console")
    listening.close()
    with pytest.raises(OSError, match="nobody listens"):
        listening.accept(None)


def started(host: EmulatedHost, place: Path, script: str, **given: object) -> EmulatedProcess:
    """A shell that has ended."""
    line = ["/bin/bash", "-c", script]
    process = host.start(Program(BUILD, line, place / "said", attempt_dir=place, **given))  # type: ignore[arg-type]
    process.wait(SECONDS)
    process.kill()
    return process


def test_daemon_has_directories_of_its_own(host: EmulatedHost, place: Path) -> None:
    """Lose this and two daemons share their state, or write into the root of a build."""
    host.make_directory(place / "log")
    process = started(
        host,
        place,
        "echo said >/var/log/file && ls /run",
        state={"/var/log": place / "log", "/run/lock": place / "log"},
    )
    assert process.stderr() == "lock"
    assert host.read_file(place / "log/file", 10) == b"said\n"
    assert not Path("/var/log/file").exists()


def test_daemon_has_an_environment(host: EmulatedHost, place: Path) -> None:
    """Lose this and libvirt loads drivers that cannot start."""
    said = started(host, place, "echo $LC_ALL $DRIVERS", environment={"LC_ALL": "C", "DRIVERS": "/x"})
    assert said.stderr() == "C /x"


def test_files_of_a_daemon(host: EmulatedHost, place: Path) -> None:
    """Lose this and a daemon's drivers and the end of its log are not found."""
    host.write_file(place / "log", b"earlier\nnow\n")
    host.make_link(place / "link", place / "log")
    assert host.file_size(place / "link") == 12
    assert host.read_file(place / "link", 100, 8) == b"now\n"
    assert host.file_size(place / "absent") == 0


def test_log_of_a_daemon_is_kept_within_bounds(host: EmulatedHost, place: Path) -> None:
    """Lose this and a QEMU that libvirt runs fills the memory of the host with its messages."""
    log = place / "log"
    with host.bounded_files(place):
        host.make_file(log, 0)
        log.write_bytes(b"begin" + b"f" * (4 << 20) + b"end")
    assert log.stat().st_blocks * 512 <= 3 * KEPT_BYTES
    text = bounded_log(host, log)
    assert text.startswith("begin")
    assert text.endswith("end")


def test_what_a_daemon_started_is_found(host: EmulatedHost, shells: Shells, stream: Stream) -> None:
    """Lose this and nobody knows which QEMU runs a domain, or whether the old one has ended."""
    script = f"(exec -a guest=one,debug sleep 1000) & echo ready >&{stream.number}; wait -n; sleep 1000"
    daemon = shells.start(script, stream.theirs)
    assert stream.ours.recv(10) == b"ready\n"
    (qemu,) = wait_for_descendant(daemon)
    assert qemu.runs(BUILD, "/usr/bin/sleep")
    assert (seen := qemu.footprint()) is not None
    assert seen.threads == 1
    assert not daemon.descendants_with("guest=two,")
    assert not qemu.ends_within(0.1)
    daemon.kill()
    assert qemu.ends_within(SECONDS)
    assert not qemu.runs(BUILD, "/usr/bin/sleep")
    assert not daemon.descendants_with("guest=one,")


def wait_for_descendant(daemon: EmulatedProcess) -> Sequence[Descendant]:
    """The daemon's QEMU, once it runs."""
    while not (found := daemon.descendants_with("guest=one,")):
        continue
    return found


def test_library_reaches_a_daemon(host: EmulatedHost) -> None:
    """Lose this and libvirt's client, which knows only sockets of this machine, reaches no daemon."""
    with attempt_dir() as outside, attempt_dir() as inner, socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(inner / "socket"))
        daemon.listen()
        pass_on = lambda ours: host.sockets.join(ours, inner / "socket", SECONDS)  # noqa: E731
        with closing(Forward(outside / "socket", pass_on)), socket.socket(socket.AF_UNIX) as library:
            library.connect(str(outside / "socket"))
            theirs, _ = daemon.accept()
            with theirs:
                library.sendall(b"hello")
                assert theirs.recv(5) == b"hello"
                theirs.sendall(b"world")
                assert library.recv(5) == b"world"
        assert not (outside / "socket").exists()


def test_what_a_library_sends_at_once_arrives(host: EmulatedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and libvirt's client, which speaks first, waits for ever for the answer of a slow host."""
    connected = host.sockets._connected

    def later(channel: int, path: Path) -> bool:
        time.sleep(0.2)
        return connected(channel, path)

    monkeypatch.setattr(host.sockets, "_connected", later)
    with attempt_dir() as inner, socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(inner / "socket"))
        daemon.listen()
        library, end = socket.socketpair()
        with library:
            library.sendall(b"hello")
            host.sockets.join(end, inner / "socket", SECONDS)
            theirs, _ = daemon.accept()
            with theirs:
                theirs.settimeout(SECONDS)
                assert theirs.recv(5) == b"hello"


def test_library_that_reaches_nobody_is_hung_up_on(host: EmulatedHost) -> None:
    """Lose this and libvirt's client waits for a daemon that has ended."""
    with attempt_dir() as outside:
        pass_on = lambda ours: host.sockets.join(ours, outside / "absent", SECONDS)  # noqa: E731
        with closing(Forward(outside / "socket", pass_on)), socket.socket(socket.AF_UNIX) as library:
            library.settimeout(SECONDS)
            library.connect(str(outside / "socket"))
            assert library.recv(1) == b""


def test_program_is_asked(host: EmulatedHost, place: Path) -> None:
    """Lose this and virsh is not run in an emulated host."""
    ran = host.ask(BUILD, ["/bin/bash", "-c", "pwd; exit 3"], attempt_dir=place, environment={})
    assert ran.end(SECONDS).stdout == str(place)
    late = host.ask(BUILD, ["/bin/sleep", "1000"], attempt_dir=place, environment={})
    with pytest.raises(subprocess.TimeoutExpired):
        late.end(0.1)
