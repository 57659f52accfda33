# SPDX-License-Identifier: Apache-2.0
"""The channel of a migration that the suite can cut and stall."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.path.damage import Damage
from fixtures.path.relay import Relay
from fixtures.waiting import Deadline, comes_true

SECONDS = 10.0


def listening(place: Path) -> socket.socket:
    """A socket that listens there."""
    found = socket.socket(socket.AF_UNIX)
    found.bind(str(place))
    found.listen()
    found.settimeout(SECONDS)
    return found


def connected(place: Path) -> socket.socket:
    """A socket that is connected to that place."""
    found = socket.socket(socket.AF_UNIX)
    found.settimeout(SECONDS)
    found.connect(str(place))
    return found


class Ends:
    """A source and a destination with a relay between them."""

    def __init__(self, place: Path, relay: Relay) -> None:
        self.relay = relay
        with listening(place / "destination") as listener:
            self.source = connected(relay.listens)
            self.destination, _ = listener.accept()
        self.destination.settimeout(SECONDS)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    """The same, which end with the test."""
    with Relay(tmp_path / "relay", tmp_path / "destination") as relay:
        found = Ends(tmp_path, relay)
        with found.source, found.destination:
            yield found


def test_both_directions_are_carried(ends: Ends) -> None:
    """Lose this and no migration goes through the relay."""
    ends.source.sendall(b"page")
    assert ends.destination.recv(100) == b"page"
    ends.destination.sendall(b"ack")
    assert ends.source.recv(100) == b"ack"


def test_first_bytes_of_each_connection_are_kept(ends: Ends, tmp_path: Path) -> None:
    """Lose this and nobody sees whether a move was encrypted."""
    ends.source.sendall(b"\x16\x03\x01 hello")
    assert ends.destination.recv(100)
    ends.destination.sendall(b"answer")
    assert ends.source.recv(100)
    with listening(tmp_path / "second") as listener:
        ends.relay.leads_to(tmp_path / "second")
        with connected(ends.relay.listens) as source:
            other, _ = listener.accept()
            source.sendall(b"QEVM and much more than is kept")
            with other:
                assert other.recv(100)
    assert ends.relay.openings == [b"\x16\x03\x01 hello", b"QEVM and much mo"]


def nothing_arrives(end: socket.socket) -> None:
    """What the other side has sent does not come for a while."""
    end.settimeout(0.2)
    with pytest.raises(TimeoutError):
        end.recv(100)
    end.settimeout(SECONDS)


def test_end_of_one_direction_is_carried(ends: Ends) -> None:
    """Lose this and a destination waits for ever for the end of the stream."""
    ends.source.shutdown(socket.SHUT_WR)
    assert ends.destination.recv(100) == b""
    ends.destination.sendall(b"ack")
    assert ends.source.recv(100) == b"ack"


def test_both_sides_notice_a_cut(ends: Ends) -> None:
    """Lose this and a cell about a cut channel tests an idle one."""
    ends.relay.cut()
    assert ends.source.recv(100) == b""
    assert ends.destination.recv(100) == b""


def test_nothing_that_was_held_up_arrives_after_a_cut(ends: Ends) -> None:
    """Lose this and a destination completes a move that the source has given up."""
    ends.relay.stall()
    ends.source.sendall(b"page")
    nothing_arrives(ends.destination)
    ends.relay.cut()
    assert ends.destination.recv(100) == b""


def test_sender_notices_that_the_other_side_has_ended(ends: Ends) -> None:
    """Lose this and a source sends to a dead destination until the suite gives up."""
    ends.destination.close()
    more_than_the_buffers_hold = bytes(16 << 20)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        ends.source.sendall(more_than_the_buffers_hold)


def test_new_connection_leads_to_the_new_place(ends: Ends, tmp_path: Path) -> None:
    """Lose this and postcopy cannot recover over a new channel."""
    ends.relay.cut()
    with listening(tmp_path / "anew") as listener:
        ends.relay.leads_to(tmp_path / "anew")
        with connected(ends.relay.listens) as source:
            destination, _ = listener.accept()
            with destination:
                source.sendall(b"again")
                assert destination.recv(100) == b"again"


def test_held_bytes_arrive_once_they_are_released(ends: Ends) -> None:
    """Lose this and a move whose set-up is to be broken is broken later, or never goes on."""
    assert ends.relay.carries(SECONDS)
    ends.relay.hold()
    ends.source.sendall(b"page")
    nothing_arrives(ends.destination)
    ends.relay.release()
    assert ends.destination.recv(100) == b"page"


def test_answers_alone_are_held(ends: Ends) -> None:
    """Lose this and a destination that must hear its source first never begins to recover."""
    ends.relay.hold_answers()
    ends.source.sendall(b"page")
    assert ends.destination.recv(100) == b"page"
    ends.destination.sendall(b"answer")
    nothing_arrives(ends.source)
    ends.relay.release()
    assert ends.source.recv(100) == b"answer"


def test_stalled_relay_stays_silent_when_what_was_held_is_released(ends: Ends) -> None:
    """Lose this and a silent channel is tested with one that works."""
    ends.relay.hold()
    ends.relay.stall()
    ends.source.sendall(b"page")
    ends.relay.release()
    nothing_arrives(ends.destination)


def test_slow_relay_carries_no_more_than_its_rate(ends: Ends) -> None:
    """Lose this and a switchover by libvirt is over before the suite can break anything in it."""
    ends.relay.limit(1 << 20)
    began = time.monotonic()
    ends.source.sendall(bytes(1 << 18))
    assert len(_exactly(ends.destination, 1 << 18)) == 1 << 18
    assert time.monotonic() - began >= 0.2


def _exactly(side: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        received += side.recv(size - len(received))
    return received


def test_relay_without_a_connection_says_so(tmp_path: Path) -> None:
    """Lose this and a move that never connects is taken for one that has begun."""
    with Relay(tmp_path / "relay", tmp_path / "nobody") as relay:
        assert not relay.carries(0.05)


def test_only_what_goes_to_the_destination_is_damaged(ends: Ends) -> None:
    """Lose this and a source fails because of an answer that the suite has damaged."""
    ends.relay.damages(Damage("changed", b"page", 1))
    ends.source.sendall(b"page 1")
    assert _exactly(ends.destination, 6) == b"page" + bytes([ord(" ") ^ 0xFF]) + b"1"
    ends.destination.sendall(b"page 1")
    assert _exactly(ends.source, 6) == b"page 1"


def test_truncated_stream_ends_for_both_sides(ends: Ends) -> None:
    """Lose this and a destination waits for the rest of a stream that was to end."""
    ends.relay.damages(Damage("truncated", b"page", 1))
    ends.source.sendall(b"page 1")
    assert _exactly(ends.destination, 5) == b"page "
    assert ends.destination.recv(100) == b""
    assert ends.source.recv(100) == b""


def test_stalled_relay_says_nothing_of_an_end(ends: Ends) -> None:
    """Lose this and a silent network tells a destination that its source has gone."""
    ends.relay.stall()
    ends.source.shutdown(socket.SHUT_WR)
    nothing_arrives(ends.destination)


def test_relay_counts_what_it_carries(ends: Ends) -> None:
    """Lose this and a switchover is broken before QEMU sends the rest, when it still answers."""
    ends.source.sendall(b"page")
    ends.destination.sendall(b"an answer")
    assert ends.destination.recv(100) + ends.source.recv(100) == b"pagean answer"
    assert comes_true(lambda: ends.relay.carried == len(b"page"), Deadline.after(SECONDS))


def test_relay_knows_when_all_was_sent(ends: Ends) -> None:
    """Lose this and a client is killed before all is sent, and nobody sees a source that stays paused."""
    assert not ends.relay.is_over(0.1)
    ends.source.shutdown(socket.SHUT_WR)
    assert ends.relay.is_over(SECONDS)


def test_nobody_listens(tmp_path: Path) -> None:
    """Lose this and a source whose destination is gone waits instead of failing."""
    with Relay(tmp_path / "relay", tmp_path / "nobody") as relay, connected(relay.listens) as source:
        assert source.recv(100) == b""


def test_no_thread_is_left(tmp_path: Path) -> None:
    """Lose this and each cell leaves threads and sockets behind."""
    with Relay(tmp_path / "relay", tmp_path / "destination") as relay:
        found = Ends(tmp_path, relay)
    with found.source, found.destination:
        assert found.source.recv(100) == b""
    assert not [thread for thread in threading.enumerate() if thread.name == "relay"]


def test_place_is_free_for_the_next_relay(tmp_path: Path) -> None:
    """Lose this and a guest of which two moves are broken by QMP ends in an error of the suite."""
    for _ in range(2):
        with Relay(tmp_path / "relay", tmp_path / "destination"):
            pass
    assert not (tmp_path / "relay").exists()
