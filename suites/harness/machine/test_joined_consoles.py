# SPDX-License-Identifier: Apache-2.0
"""The consoles of a guest that has moved are one: no line is lost, repeated or cut."""

import socket
from dataclasses import replace

from fixtures.evidence.beats import Line, beats_in, beats_whole
from fixtures.machine.consoles import Channel, joined
from fixtures.waiting import Deadline
from suites.harness.support.consoles import heard, line


def test_line_cut_by_the_move_is_whole_again() -> None:
    """Lose this and a beat that was under way at the switchover counts as lost."""
    one, two, three = (line(b"B %d 1 1 0" % number).text for number in (1, 2, 3))
    with (
        heard(one + b"\r\n" + two[:7]) as source,
        heard(two[7:] + b"\r\n" + three + b"\r\n") as destination,
    ):
        whole = beats_in(joined([source, destination]))
        arrival = destination.lines[0].at
    assert [beat.seq for beat in whole] == [1, 2, 3]
    assert whole[1].at == arrival


def moved_with_bytes_sent_twice(*, slowly_read: bool) -> list[Line]:
    """A move within the sixth beat, of which both QEMUs sent `B `."""
    texts = [line(b"B %d %d 7 1" % (n, n * 4000)).text for n in range(1, 8)]
    with (
        heard(b"\n".join(texts[:5]) + b"\nB ") as source,
        heard(texts[5] + b"\n" + texts[6] + b"\n") as destination,
    ):
        if not slowly_read:
            source.lines = [replace(each, at=each.at - n) for n, each in enumerate(reversed(source.lines))]
            source.lines.reverse()
        return joined([source, destination])


def test_bytes_sent_twice_to_a_slow_reader_damage_no_beat() -> None:
    """Lose this and a busy host makes healthy guests of any build fail."""
    lines = moved_with_bytes_sent_twice(slowly_read=True)
    check = beats_whole(beats_in(lines), lines)
    assert check
    assert check.detail.startswith("7 beats without a gap in their numbers; both sides sent 2 bytes")


def test_bytes_sent_twice_to_a_fast_reader_damage_a_line() -> None:
    """Lose this and a serial port that repeats itself with each move is excused."""
    lines = moved_with_bytes_sent_twice(slowly_read=False)
    assert beats_whole(beats_in(lines), lines).what == "a line is damaged"


def test_line_cut_by_two_moves_is_whole_again() -> None:
    """Lose this and a guest that moves twice within one line seems to lose a beat."""
    one, two = (line(b"B %d 1 1 0" % number).text for number in (1, 2))
    with (
        heard(one + b"\n" + two[:4]) as first,
        heard(two[4:7]) as second,
        heard(two[7:] + b"\n") as third,
    ):
        assert [beat.seq for beat in beats_in(joined([first, second, third]))] == [1, 2]


def test_guest_that_has_not_moved_has_one_console() -> None:
    """Lose this and a guest cannot be watched before its hot patch."""
    with heard(line(b"B 1 1 1 0").text + b"\nhalf") as source:
        assert [beat.seq for beat in beats_in(joined([source]))] == [1]


def test_line_that_arrives_in_pieces_is_one() -> None:
    """Lose this and a slow console damages every other beat."""
    ours, theirs = socket.socketpair()
    channel = Channel("console", ours)
    with theirs:
        theirs.sendall(b"one\ntw")
        channel.wait_for(lambda: channel.partial or None, Deadline.after(10), what="the first piece")
        theirs.sendall(b"o\r\n")
        channel.wait_for(
            lambda: channel.closed or channel.lines[1:] or None, Deadline.after(10), what="the rest"
        )
    channel.close()
    assert [line.text for line in channel.lines] == [b"one", b"two"]


def test_half_a_line_at_the_end_is_no_line() -> None:
    """Lose this and the first half of a beat is judged as a damaged one."""
    with heard(b"one\nha") as channel:
        assert [line.text for line in channel.lines] == [b"one"]
        assert channel.partial == b"ha"
