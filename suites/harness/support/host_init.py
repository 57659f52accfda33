# SPDX-License-Identifier: Apache-2.0
"""The init of an emulated host as a usual process: the same program, without a virtual machine."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.hosts.emulated.connection import Connection, HostLost
from fixtures.hosts.emulated.host import EmulatedHost
from fixtures.hosts.emulated.process import EmulatedProcess
from fixtures.hosts.emulated.protocol import HEADER
from fixtures.hosts.emulated.shares import Shares
from fixtures.hosts.interface import Inherited, Program
from fixtures.matrix.own_arch import own_arch
from images.host_image import HOST
from images.initramfs import compiled

SECONDS = 20.0
BUILD = Build("this-machine", Sandbox(Path("/")), {})
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the init makes namespaces and mounts, as root")
END_SECONDS = 10
GREETING_SECONDS = 30.0


@cache
def host_init(work: Path) -> Path:
    """The init, compiled once for this machine in the directory `work`."""
    return compiled(HOST, own_arch() or "x86_64", work)


@contextmanager
def started_init(program: Path, newroot: Path) -> Iterator[tuple[socket.socket, subprocess.Popen[str]]]:
    """Our end of its port, and its process, which ends with the context."""
    ours, theirs = socket.socketpair()
    newroot.mkdir()
    with ours, theirs:
        process = subprocess.Popen(
            [program, str(theirs.fileno()), newroot],
            pass_fds=[theirs.fileno()],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        theirs.close()
        try:
            yield ours, process
        finally:
            process.kill()
            process.communicate(timeout=END_SECONDS)


class HostOfInit(EmulatedHost):
    """Its sockets are sockets of this machine, because its init is a process of this machine."""

    @contextmanager
    def within_reach(self, path: Path) -> Iterator[None]:  # noqa: ARG002 - it is, anyway
        """Nothing is passed on."""
        yield


@contextmanager
def host_of_init(program: Path, newroot: Path) -> Iterator[EmulatedHost]:
    """A host whose init is a process of this machine; what it shares are directories of this machine."""
    with started_init(program, newroot) as (ours, _):
        connection = Connection(socket.socket(fileno=os.dup(ours.fileno())))
        assert connection.greeting(GREETING_SECONDS) is not None
        host = HostOfInit(connection, SameDirectories([]))
        try:
            yield host
        finally:
            host.close()


class Stream:
    """A stream: `ours`, and the number of the descriptor that a program inherits of it."""

    def __init__(self, host: EmulatedHost) -> None:
        self.ours, self.theirs = host.stream()
        self.ours.settimeout(SECONDS)
        self.number = self.theirs.number

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.ours.close()


class Shells:
    """Starts shells of this machine by the init of a host."""

    def __init__(self, host: EmulatedHost, place: Path, ends: ExitStack) -> None:
        self._host = host
        self._place = place
        self._ends = ends
        self._started = 0

    def start(self, script: str, *inherited: Inherited, attempt_dir: Path | None = None) -> EmulatedProcess:
        """Start one; it ends with the test, and no other program inherits what it does."""
        self._started += 1
        said = self._place / f"said-{self._started}.txt"
        line = ["/bin/bash", "-c", script]
        process = self._host.start(Program(BUILD, line, said, inherited, attempt_dir))
        self._ends.callback(_end, process)
        for each in inherited:
            each.close()
        return process

    def run(self, script: str, *inherited: Inherited, attempt_dir: Path | None = None) -> tuple[int, str]:
        """Exit status and output of one."""
        process = self.start(script, *inherited, attempt_dir=attempt_dir)
        status = process.wait(SECONDS)
        assert status is not None
        return status, process.stderr()


def _end(process: EmulatedProcess) -> None:
    with suppress(HostLost):
        process.kill()


class SameDirectories(Shares):
    """Every directory is in the host where it is on this machine."""

    def inside(self, path: Path) -> Path:  # type: ignore[override]  # a Path is a PurePosixPath here
        """The path itself."""
        return path


def end_after(port: socket.socket, process: subprocess.Popen[str], sent: bytes) -> str:
    """What the init says when it ends because of these bytes."""
    port.sendall(sent)
    process.wait(END_SECONDS)
    assert process.stderr is not None
    return process.stderr.read()


def header(length: int, kind: int, zero: int = 0) -> bytes:
    """The header of a frame that need not be a possible one."""
    return HEADER.pack(length, kind, zero, 1)
