# SPDX-License-Identifier: Apache-2.0
"""A host whose init is a process of this machine, and shells that it starts."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fixtures.hosts.emulated.host import EmulatedHost
from suites.harness.support.host_init import Shells, Stream, host_init, host_of_init, started_init


@pytest.fixture(scope="session")
def init_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled init."""
    return host_init(tmp_path_factory.mktemp("init"))


@pytest.fixture
def port(init_program: Path, tmp_path: Path) -> Iterator[tuple[socket.socket, subprocess.Popen[str]]]:
    """The port and process of an init."""
    with started_init(init_program, tmp_path / "newroot") as started:
        yield started


@pytest.fixture
def host(init_program: Path, tmp_path: Path) -> Iterator[EmulatedHost]:
    """A host whose init is a process of this machine."""
    with host_of_init(init_program, tmp_path / "newroot") as started:
        yield started


@pytest.fixture
def shells(host: EmulatedHost, tmp_path: Path) -> Iterator[Shells]:
    """Starts shells in the host, which end with the test."""
    with ExitStack() as stack:
        yield Shells(host, tmp_path, stack)


@pytest.fixture
def stream(host: EmulatedHost) -> Iterator[Stream]:
    """A stream to a program."""
    with Stream(host) as opened:
        yield opened
