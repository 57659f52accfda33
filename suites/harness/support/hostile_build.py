# SPDX-License-Identifier: Apache-2.0
"""A build with a hostile program, and the parts of the host that it tries to reach."""

from __future__ import annotations

import fcntl
import os
import pty
import socket
import subprocess
import termios
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fixtures.builds.sandbox import Command, Sandbox
from fixtures.matrix.own_arch import NATIVE

SOURCES = Path(__file__).parent / "hostile"
COMPILER = NATIVE.compiler
COMPILE_SECONDS = 60
ESCAPE_SECONDS = 30
MOUNT_POINTS = ("dev", "proc", "run", "sys", "tmp")


@dataclass(frozen=True)
class HostileBuild:
    """A root with nothing but the hostile program."""

    root: Path
    program: str = "/hostile"

    @classmethod
    def made_in(cls, root: Path) -> HostileBuild:
        """Compile the program into a new root."""
        for name in MOUNT_POINTS:
            (root / name).mkdir(parents=True)
        compiled = [COMPILER, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s"]
        compiled += ["-o", str(root / "hostile"), *(str(source) for source in sorted(SOURCES.glob("*.c")))]
        subprocess.run(compiled, check=True, timeout=COMPILE_SECONDS)
        return cls(root)


@dataclass(frozen=True)
class Target:
    """Sockets and a file of the host that this process can reach."""

    network: socket.socket
    abstract: socket.socket
    socket_file: Path
    file: Path

    @classmethod
    def made_in(cls, directory: Path, stack: ExitStack) -> Target:
        """Sockets that accept connections, and a file. Those with a path are below `directory`."""
        network = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract, named = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        abstract.bind("")  # The kernel chooses an abstract name, see unix(7).
        named.bind(str(directory / "socket"))
        for listener in (abstract, named):
            listener.listen(8)
        (directory / "file").write_text("private")
        return cls(network, abstract, directory / "socket", directory / "file")

    @property
    def arguments(self) -> list[str]:
        """The targets as arguments of the hostile program."""
        port = self.network.getsockname()[1]
        name = self.abstract.getsockname()[1:].decode()
        return [str(os.getpid()), str(port), name, str(self.socket_file), str(self.file)]


def escapes(command: Command) -> dict[str, str]:
    """Run the hostile program on a new terminal; return the result of each attempt to escape."""
    ours, theirs = pty.openpty()
    try:
        ran = subprocess.run(
            command.line,
            stdin=theirs,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=command.fds,
            timeout=ESCAPE_SECONDS,
            check=True,
            preexec_fn=_take_terminal,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    words = (line.partition(" ") for line in ran.stdout.splitlines())
    return {name: became.strip() for name, _, became in words}


def _take_terminal() -> None:
    """Make the standard input the controlling terminal, as it is for programs that a shell starts."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def unconfined(sandbox: Sandbox, argv: Collection[str]) -> Command:
    """The command of a sandbox that isolates files alone: no capability dropped, no system call forbidden."""
    line = ["bwrap", "--ro-bind", str(sandbox.root), "/", "--dev", "/dev", "--proc", "/proc"]
    line += ["--tmpfs", "/tmp", "--ro-bind", "/sys", "/sys"]
    return Command([*line, "--unshare-pid", "--die-with-parent", "--", *argv], ())
