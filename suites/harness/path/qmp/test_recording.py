# SPDX-License-Identifier: Apache-2.0
"""Does a recorded migration reach the destination unchanged, with the destination's answer?"""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fixtures.path.qmp import transports
from fixtures.path.qmp.recording import recorded

STATE = bytes(range(256)) * 40_000
MACHINE: Any = None


@pytest.fixture
def destination(tmp_path: Path) -> tuple[Path, list[bytes]]:
    """A socket on which somebody reads all and answers, and what arrives there."""
    path, arrived = tmp_path / "destination.sock", list[bytes]()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(1)

    def serve() -> None:
        ours, _ = listening.accept()
        with listening, ours:
            while chunk := ours.recv(1 << 16):
                arrived.append(chunk)
            ours.sendall(b"thanks")

    Thread(target=serve, daemon=True).start()
    return path, arrived


def sent_to(path: Path) -> bytes:
    """Send the state as a source does; what comes back."""
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(str(path))
        ours.sendall(STATE)
        ours.shutdown(socket.SHUT_WR)
        return ours.recv(100)


def test_stream_and_answer_arrive_and_the_stream_is_kept(destination: tuple[Path, list[bytes]]) -> None:
    """Lose this and recording a move breaks it, or compares something that was never sent."""
    path, arrived = destination
    with recorded() as recording:
        assert sent_to(transports.way(MACHINE, MACHINE, path)) == b"thanks"
    assert recording.stream == b"".join(arrived) == STATE


def test_later_moves_are_not_recorded(tmp_path: Path) -> None:
    """Lose this and every move after the recorded one goes to a socket that nobody serves."""
    with recorded():
        pass
    assert transports.way(MACHINE, MACHINE, tmp_path) == tmp_path
