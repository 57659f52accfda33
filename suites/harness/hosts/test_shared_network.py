# SPDX-License-Identifier: Apache-2.0
"""Do two programs in one network meet, and is it apart from the network of this machine?"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fixtures.errors import Unsupported
from fixtures.hosts.shared_network import SharedNetwork

SERVER = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
made, _ = server.accept()
made.sendall(b"hello")
"""


@pytest.fixture
def network() -> Iterator[SharedNetwork]:
    """A network."""
    try:
        made = SharedNetwork()
    except Unsupported as error:
        pytest.skip(str(error))
    with made:
        yield made


def test_suite_reaches_a_program_there_and_this_machine_does_not(network: SharedNetwork) -> None:
    """Lose this and a port of this machine is taken for one of QEMU."""
    line = [*network.enters, sys.executable, "-I", "-c", SERVER]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        with network.connect(port, 5) as connection:
            assert connection.recv(5) == b"hello"


def test_port_where_nobody_listens_is_refused(network: SharedNetwork) -> None:
    """Lose this and a server that is gone has no reason in words."""
    with pytest.raises(ConnectionRefusedError, match="Connection refused"):
        network.connect(5905, 5)


@pytest.mark.parametrize(
    "program, words", [("bwrap", "package bubblewrap"), ("nsenter", "package util-linux")]
)
def test_program_that_is_missing_is_named(program: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a user without it gets a traceback."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else which(name))
    with pytest.raises(Unsupported, match=words):
        SharedNetwork()


def test_machine_that_forbids_it_is_not_blamed_on_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a user without the right gets a traceback, or a finding."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: which("false" if name == "bwrap" else name))
    with pytest.raises(Unsupported, match="allow user namespaces"):
        SharedNetwork()
