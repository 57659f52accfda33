# SPDX-License-Identifier: Apache-2.0
"""Are the bytes compared that a guest sends back, of datagrams and of a TCP connection?"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from fixtures.hosts.network.burst import Burst
from fixtures.hosts.network.payloads import BURST, PAYLOADS, damage_in, payload_of

SECONDS = 20.0


def test_datagrams_have_their_sizes_and_differ() -> None:
    """Lose this and the smallest or the largest frames are not sent, or one may stand for another."""
    sent = [payload_of(number) for number in range(3000)]
    assert [len(each) for each in sent[:3]] == list(PAYLOADS)
    assert {len(each) for each in sent} == set(PAYLOADS)
    assert len(set(sent)) == len(sent)
    assert not any(map(damage_in, sent))


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda its: its[:-1], "frame 5 came back with 1399 bytes, and had 1400"),
        (lambda its: its[:700] + bytes([its[700] ^ 1]) + its[701:], "another byte 700 of 1400"),
        (lambda its: b"x" + its[1:], "1400 bytes without a number"),
    ],
)
def test_damage_is_described(change: Callable[[bytes], bytes], words: str) -> None:
    """Lose this and a frame that a card damaged counts as one that came back."""
    assert words in damage_in(change(payload_of(5)))


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda data: data, ""),
        (lambda data: data.replace(b"\x00\x07", b"\x00\x08"), "other bytes came back than were sent"),
        (lambda _data: b"", "bytes came back in time"),
    ],
)
def test_burst_is_compared(change: Callable[[bytes], bytes], why: str) -> None:
    """Lose this and a TCP connection that is damaged or stands still passes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                got = b""
                while len(got) < len(BURST):
                    got += connection.recv(1 << 16)
                connection.sendall(change(got))
                ended.wait(SECONDS)

        ended = threading.Event()
        guest = threading.Thread(target=echo)
        guest.start()
        burst = Burst("127.0.0.1", server.getsockname()[1])
        burst.starts(SECONDS if change(b"x") else 1.0)
        burst.passed(5000, from_guest=True)
        burst.passed(1514, from_guest=False)
        while (answer := burst.advanced()) is None:
            time.sleep(0.001)
        ended.set()
        guest.join(SECONDS)
        burst.close()
    assert why in answer["why"]
    assert bool(why) == bool(answer["why"])
    assert (answer["large"], burst.under_way) == ([0, 1], False)
