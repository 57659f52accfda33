# SPDX-License-Identifier: Apache-2.0
"""A SPICE client against a server that speaks as QEMU's does, and against others."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Callable

import pytest

from fixtures.machine.speaking import SPICE_LINK, Unreachable
from fixtures.machine.spice_client import EXPONENT, MODULUS_AT, _mask, _xor, encrypted, server_sees_agent

PRIMES = tuple((3 << 510) + more for more in (761, 1505))
"""Of a key that only these tests have."""
MODULUS = PRIMES[0] * PRIMES[1]
KEY = bytes(MODULUS_AT) + MODULUS.to_bytes(128, "big") + bytes(5)


def _linked(error: int = 0) -> bytes:
    reply = struct.pack("<I", error) + KEY + struct.pack("<III", 0, 0, 178)
    return b"REDQ" + struct.pack("<III", 2, 2, len(reply)) + reply


def _message(kind: int, *numbers: int) -> bytes:
    return struct.pack("<HI", kind, 4 * len(numbers)) + struct.pack(f"<{len(numbers)}I", *numbers)


def _init(agent: int) -> bytes:
    return _message(103, 1, 1, 3, 1, agent, 10, 0, 0)


def connect_to(*answers: bytes) -> Callable[[float], socket.socket]:
    """A connection to a server that gives these answers, each after one message of the client."""

    def connect(seconds: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.settimeout(seconds)

        def serve() -> None:
            with theirs:
                for answer in answers:
                    if not theirs.recv(4096):
                        return
                    theirs.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return ours

    return connect


@pytest.mark.parametrize("agent", [0, 1])
def test_server_says_whether_it_sees_the_agent(agent: int) -> None:
    """Lose this and a guest whose clipboard is dead after a move passes."""
    begins = struct.pack("<I", 0) + _message(3, 1, 20) + _init(agent)
    assert server_sees_agent(connect_to(_linked(), begins)) is bool(agent)


@pytest.mark.parametrize(
    "answers,said",
    [
        ((b"RFB 003.008\n" + bytes(8),), "it does not speak spice"),
        ((_linked(error=4),), "refuses a client: error 4"),
        ((_linked(), struct.pack("<I", 7)), "refuses a client: error 7"),
        ((_linked(),), "SPICE's server hung up"),
        ((_linked(), struct.pack("<I", 0) + _message(3, 1, 20) * 20), "main channel does not begin"),
        ((_linked(), struct.pack("<IHI", 0, 103, 1 << 30)), "main channel does not begin"),
    ],
)
def test_server_that_takes_no_client_is_unreachable(answers: tuple[bytes, ...], said: str) -> None:
    """Lose this and a dead display server is taken for a guest without an agent, or the suite hangs."""
    with pytest.raises(Unreachable, match=said):
        server_sees_agent(connect_to(*answers))


def test_nobody_listens() -> None:
    """Lose this and a QEMU without its SPICE server is an error of the suite."""

    def connect(_seconds: float) -> socket.socket:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(Unreachable, match="SPICE's server: No such file or directory"):
        server_sees_agent(connect)


def test_client_asks_for_the_main_channel() -> None:
    """Lose this and the server takes the client for another channel, which has no first message."""
    assert SPICE_LINK[16:22] == b"\0\0\0\0\1\0"


def test_password_can_be_decrypted() -> None:
    """Lose this and QEMU's server refuses the client."""
    private = pow(EXPONENT, -1, (PRIMES[0] - 1) * (PRIMES[1] - 1))
    word = pow(int.from_bytes(encrypted(b"\0", MODULUS), "big"), private, MODULUS).to_bytes(128, "big")
    hidden_seed, hidden = word[1:21], word[21:]
    seed = _xor(hidden_seed, _mask(hidden, 20))
    block = _xor(hidden, _mask(seed, len(hidden)))
    assert word[0] == 0
    assert block.startswith(hashlib.sha1(usedforsecurity=False).digest())
    assert block[20:].lstrip(b"\0") == b"\1\0"
