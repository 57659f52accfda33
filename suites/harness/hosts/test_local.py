# SPDX-License-Identifier: Apache-2.0
"""The local host keeps what the interface of hosts promises."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError
from fixtures.hosts.interface import Inherited, NoSuchFile, Process, ProcessGone, Program, ProgramHost
from fixtures.hosts.local import LOCAL
from fixtures.waiting import stretched_by
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME

BUILD = Build("new", Sandbox(Path("/"), shown=(PYTHON_HOME,)), {})
Started = Callable[..., Process]
Stream = tuple[socket.socket, Inherited]


@pytest.fixture
def host() -> ProgramHost:
    """The host under test."""
    return LOCAL


@pytest.fixture
def place(host: ProgramHost) -> Iterator[Path]:
    """A directory that programs see."""
    with host.attempt_dir() as made:
        yield made


@pytest.fixture
def start(host: ProgramHost, place: Path, tmp_path: Path) -> Iterator[Started]:
    """Starts a Python script on the host."""
    started: list[Process] = []

    def start_script(script: str, *inherited: Inherited) -> Process:
        argv = [str(PYTHON), "-I", "-c", script]
        process = host.start(Program(BUILD, argv, tmp_path / "stderr", inherited, place))
        started.append(process)
        return process

    yield start_script
    for process in started:
        process.kill()


@pytest.fixture
def stream(host: ProgramHost) -> Iterator[Stream]:
    """Both ends of a stream."""
    ours, theirs = host.stream()
    with ours:
        yield ours, theirs
    theirs.close()


def test_stream_reaches_the_program(stream: Stream, start: Started) -> None:
    """Lose this and no monitor and no serial port works."""
    ours, theirs = stream
    start(f"import os; os.write({theirs.number}, os.read({theirs.number}, 9)[::-1])", theirs)
    theirs.close()
    ours.sendall(b"abc")
    assert ours.recv(9) == b"cba"
    assert ours.recv(9) == b""


def test_memory_has_its_size_in_the_program(host: ProgramHost, start: Started) -> None:
    """Lose this and a guest whose RAM both sides share does not start."""
    memory = host.memory(64)
    process = start(f"import os; print(os.fstat({memory.number}).st_size)", memory)
    memory.close()
    assert process.wait(20) == 0
    assert process.stderr() == "65536"


def test_end_of_a_program_is_awaited_longer_on_a_slow_host(start: Started) -> None:
    """Lose this and a QEMU that ends slowly, because its host is slow, is said to hang."""
    process = start("import time; time.sleep(0.5)")
    with stretched_by(100):
        assert process.wait(0.2) == 0


def test_file_that_exists_is_kept(host: ProgramHost, place: Path) -> None:
    """Lose this and the destination empties the disk of its guest."""
    host.make_file(place / "disk", 4096)
    host.write_file(place / "disk", b"x" * 9)
    host.make_file(place / "disk", 4096)
    assert host.read_file(place / "disk", 5) == b"xxxxx"
    host.remove(place / "disk")
    host.remove(place / "disk")
    with pytest.raises(NoSuchFile):
        host.read_file(place / "disk", 5)


def test_file_that_cannot_be_used_is_an_error_of_the_rig(host: ProgramHost, place: Path) -> None:
    """Lose this and a full disk is a traceback."""
    for call in (
        lambda: host.make_file(place / "no" / "disk", 4096),
        lambda: host.write_file(place / "no" / "disk", b""),
        lambda: host.read_file(place, 5),
        lambda: host.remove(place),
    ):
        with pytest.raises(RigError):
            call()


def test_program_connects_to_the_suite(host: ProgramHost, place: Path, start: Started) -> None:
    """Lose this and no stream of a machine can be read."""
    with closing(host.listen(place / "s")) as listener:
        process = start("import socket; socket.socket(socket.AF_UNIX).connect('s')")
        connection = listener.accept(20, unless_ended=process)
    assert connection is not None
    with connection:
        assert connection.recv(9) == b""


def test_program_that_ends_is_not_waited_for(host: ProgramHost, place: Path, start: Started) -> None:
    """Lose this and a source that dies before it connects costs half a minute."""
    with closing(host.listen(place / "s")) as listener:
        assert listener.accept(20, unless_ended=start("pass")) is None


def test_program_that_never_connects_is_late(host: ProgramHost, place: Path) -> None:
    """Lose this and a source that sends nothing hangs the run."""
    with closing(host.listen(place / "s")) as listener, pytest.raises(TimeoutError):
        listener.accept(0.01)


def test_suite_connects_to_a_program(host: ProgramHost, place: Path, stream: Stream, start: Started) -> None:
    """Lose this and no stream can be loaded."""
    ours, theirs = stream
    script = (
        f"import socket, os; s = socket.socket(socket.AF_UNIX); s.bind('{place}/s'); s.listen(); "
        f"os.write({theirs.number}, b'.'); c, _ = s.accept(); print(c.recv(9))"
    )
    process = start(script, theirs)
    assert ours.recv(1) == b"."
    assert process.listens_on(place / "s")
    assert not process.listens_on(place / "t")
    with host.connect(place / "s", 5) as connection:
        connection.sendall(b"hello")
    assert process.wait(20) == 0
    assert process.stderr() == "b'hello'"


def test_nobody_listens(host: ProgramHost, place: Path) -> None:
    """Lose this and a destination that is gone is a traceback."""
    with pytest.raises(OSError, match="No such file"):
        host.connect(place / "s", 1)


def test_process_that_runs_can_be_looked_at(stream: Stream, start: Started) -> None:
    """Lose this and nothing proves which build runs, or what it takes of its host."""
    ours, theirs = stream
    process = start(f"import os, time; os.write({theirs.number}, b'.'); time.sleep(60)", theirs)
    assert ours.recv(1) == b"."
    assert process.runs(BUILD, process.executable_path())
    assert not process.runs(BUILD, "/bin/true")
    assert not process.has_children()
    assert (seen := process.footprint()) is not None
    assert seen.descriptors >= 3
    assert process.cpu_seconds() >= 0


def test_process_that_ended_cannot_be_looked_at(start: Started) -> None:
    """Lose this and a QEMU that died is mistaken for another process."""
    process = start("pass")
    process.wait(20)
    for look in (process.executable_path, process.has_children, process.cpu_seconds):
        with pytest.raises(ProcessGone):
            look()
    assert process.footprint() is None


def test_private_directories_vanish(host: ProgramHost, place: Path) -> None:
    """Lose this and every cell leaves files."""
    with host.attempt_dir(place) as inner:
        assert inner.parent == place
        host.write_file(inner / "file", b"")
    assert not os.path.lexists(inner)


def test_leaked_program_is_found(host: ProgramHost, place: Path, start: Started) -> None:
    """Lose this and a QEMU that outlives its cell goes unseen."""
    host.assert_nothing_runs_in(place)
    start(f"import time; time.sleep(60)  # {place}")
    with pytest.raises(RigError, match="still run"):
        host.assert_nothing_runs_in(place)


def test_closed_listener_leaves_no_socket(host: ProgramHost, place: Path) -> None:
    """Lose this and the next listener finds its place taken."""
    for _ in range(2):
        with closing(host.listen(place / "s")), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place / "s"))
    assert not (place / "s").exists()


def test_daemon_says_that_it_is_ready(host: ProgramHost, place: Path, start: Started) -> None:
    """Lose this and a daemon is used before it is ready, or a dead one costs the whole time limit."""
    send = f"import socket; socket.socket(1, socket.SOCK_DGRAM).sendto(b'READY=1', '{place}/notify')"
    for script, came in ((send, True), ("pass", False)):
        with closing(host.listen(place / "notify", datagrams=True)) as listening:
            assert (listening.accept(20, unless_ended=start(script)) is not None) == came


def test_daemon_has_directories_and_environment_of_its_own(
    host: ProgramHost, place: Path, tmp_path: Path
) -> None:
    """Lose this and two daemons share their state, or libvirt loads drivers that cannot start."""
    host.make_directory(place / "log")
    line = ["/bin/sh", "-c", "echo $DRIVERS >/var/log/file"]
    program = Program(
        BUILD,
        line,
        tmp_path / "said",
        attempt_dir=place,
        state={"/var/log": place / "log"},
        environment={"DRIVERS": "/x"},
    )
    daemon = host.start(program)
    assert daemon.wait(20) == 0, daemon.stderr()
    daemon.kill()
    assert host.read_file(place / "log/file", 10) == b"/x\n"
    assert host.file_size(place / "log/file") == 3
    assert host.file_size(place / "absent") == 0


def test_what_a_daemon_started_is_found(stream: Stream, start: Started) -> None:
    """Lose this and nobody knows which QEMU runs a domain, or whether the old one has ended."""
    ours, theirs = stream
    script = f"""
import os, subprocess, time
child = subprocess.Popen(["guest=one,debug", "1000"], executable="/bin/sleep")
while not open(f"/proc/{{child.pid}}/cmdline").read():
    time.sleep(0.01)  # exec closes descriptors, which Popen waits for, before it sets the arguments.
os.write({theirs.number}, b".")
time.sleep(60)
"""
    daemon = start(script, theirs)
    assert ours.recv(1) == b"."
    (qemu,) = daemon.descendants_with("guest=one,")
    assert qemu.runs(BUILD, "/bin/sleep")
    assert qemu.footprint() is not None
    assert not qemu.ends_within(0.1)
    daemon.kill()
    assert qemu.ends_within(20)
    assert not daemon.descendants_with("guest=one,")
