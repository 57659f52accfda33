# SPDX-License-Identifier: Apache-2.0
"""What beats prove: loss, repetition and delay are found, and a healthy guest passes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.evidence.beats import (
    Beat,
    Line,
    beats_in,
    beats_whole,
    clock_forward,
    crc16,
    longest_gap,
    parse_beat,
    stuck_vcpus,
)
from suites.harness.support.consoles import line

BEAT_MS = 4


def beats(count: int = 10) -> list[Beat]:
    """A guest's beats as they should be: one every 4 ms, both vCPUs at work."""
    return [Beat(100 + n * 0.004, n, n * 4000, (n * 7, n * 9), n // 5) for n in range(count)]


def paused(milliseconds: float) -> list[Beat]:
    """Beats of a guest that was stopped for so long between its sixth and its seventh."""
    return [replace(beat, at=beat.at + (milliseconds / 1000 if beat.seq > 5 else 0)) for beat in beats()]


def test_crc_is_the_guest_agents() -> None:
    """Lose this and every beat of a healthy guest is thrown away as damaged."""
    assert crc16(b"123456789") == 0x29B1


def test_beat_is_read() -> None:
    """Lose this and nothing of what the guest says reaches the verdict."""
    assert parse_beat(line(b"B 17 4000321 12,0,9 3", at=5.5)) == Beat(5.5, 17, 4000321, (12, 0, 9), 3)


@pytest.mark.parametrize(
    "text",
    [
        b"B 17 4000321 12,9 3 *0000",
        line(b"B 17 4000321 12,9 3").text.replace(b"12", b"13"),
        line(b"B 17 4000321 12,9 3").text[1:],
        line(b"B 17 4000321 12,9 3").text + b"0",
        b"",
        b"[    2.1] BUG: soft lockup - CPU#1 stuck for 22s!",
        line(b"ok something else").text,
        b"[  2.1] x " + line(b"B 17 4000321 12,9 3").text,
    ],
)
def test_what_is_no_whole_beat_is_none(text: bytes) -> None:
    """Lose this and a byte that the console garbled passes for a beat, with whatever number it then bears."""
    assert parse_beat(Line(1.0, text)) is None


def test_beats_are_found_between_kernel_messages() -> None:
    """Lose this and one kernel message makes a guest look silent."""
    lines = [line(b"B 1 1 1 0"), Line(1.1, b"[ 1.0] hello"), line(b"B 2 2 2 0", at=1.2)]
    assert [beat.seq for beat in beats_in(lines)] == [1, 2]


@pytest.mark.parametrize("check", [beats_whole, clock_forward])
def test_healthy_guest_passes(check: Callable[[list[Beat]], object]) -> None:
    """Lose this and every update is unsafe."""
    assert check(beats())


@pytest.mark.parametrize("check", [beats_whole, clock_forward])
def test_silence_proves_nothing(check: Callable[[list[Beat]], object]) -> None:
    """Lose this and a guest that never beat passes its checks."""
    assert not check([])


def test_lost_beat_is_seen() -> None:
    """Lose this and console output that the move swallowed goes unnoticed."""
    check = beats_whole([beat for beat in beats() if beat.seq != 4])
    assert not check
    assert check.detail == "beat 3 was followed by 5"


def test_repeated_beat_is_seen() -> None:
    """Lose this and a guest that ran on both sides at once goes unnoticed."""
    whole = beats()
    check = beats_whole([*whole[:5], whole[4], *whole[5:]])
    assert not check
    assert check.detail == "beat 4 was followed by 4"


def test_beats_out_of_order_are_seen() -> None:
    """Lose this and a guest that was set back to an older state goes unnoticed."""
    whole = beats()
    assert not beats_whole([*whole[:4], whole[5], whole[4], *whole[6:]])


@pytest.mark.parametrize(
    "sent, arrived",
    [
        pytest.param(b" 12000 7", b" 1200 7", id="a-byte-is-lost"),
        pytest.param(b" 12000 7", b" 12x00 7", id="a-byte-is-changed"),
        pytest.param(b"B 3 12000", b"12000", id="the-beginning-is-lost"),
        pytest.param(b"\nB 4", b"B 4", id="a-line-end-is-lost"),
    ],
)
def test_damaged_line_is_no_missing_beat(sent: bytes, arrived: bytes) -> None:
    """Lose this and a serial port that loses a byte is reported as a guest that stops."""
    whole = b"\n".join(line(b"B %d %d 7,9 1" % (n, n * 4000)).text for n in range(1, 6))
    texts = whole.replace(sent, arrived, 1).split(b"\n")
    lines = [Line(float(n), text) for n, text in enumerate(texts)]
    check = beats_whole(beats_in(lines), lines)
    assert (check.held, check.what) == (False, "a line is damaged")
    assert "the serial port damaged a line: " in check.detail


def test_missing_beat_is_no_damaged_line() -> None:
    """Lose this and a guest that stops is reported as a bad serial port."""
    heard = beats()
    elsewhere = Line(100.0, b"B 1 4000 7")
    assert beats_whole([*heard[:5], *heard[6:]], [elsewhere]).what == "a beat is missing"


def test_guest_that_started_anew_is_said_to_have() -> None:
    """Lose this and a triple fault reads `beat 9 was followed by 1`."""
    check = beats_whole([*beats()[1:], replace(beats()[1], at=101.0)])
    assert (check.what, check.detail[:23]) == ("the guest started anew", "the guest started anew:")


def test_clock_set_back_is_seen() -> None:
    """Lose this and an update ships that sets guests' monotonic clock back by a microsecond."""
    whole = beats()
    whole[6] = replace(whole[6], mono_us=whole[5].mono_us - 1)
    check = clock_forward(whole)
    assert not check
    assert check.detail == "the clock went back 1 us between beats 5 and 6"


def test_clock_may_stand_still() -> None:
    """Lose this and two beats in one microsecond make a good update unsafe."""
    whole = beats()
    whole[6] = replace(whole[6], mono_us=whole[5].mono_us)
    assert clock_forward(whole)


def test_stuck_vcpu_is_named() -> None:
    """Lose this and a vCPU that never wakes after the move is masked by one that does."""
    first, last = beats()[0], replace(beats()[9], progress=(63, 0))
    assert stuck_vcpus(first, last) == [1]


def test_working_vcpus_are_not_stuck() -> None:
    """Lose this and every update is unsafe."""
    assert stuck_vcpus(beats()[0], beats()[1]) == []


def test_vanished_vcpu_is_no_answer() -> None:
    """Lose this and a guest that lost a vCPU passes because the others work."""
    with pytest.raises(ValueError, match="argument"):
        stuck_vcpus(beats()[0], replace(beats()[9], progress=(63,)))


@pytest.mark.parametrize("milliseconds", [20, 50, 200, 1000])
def test_pause_is_measured_as_its_length(milliseconds: int) -> None:
    """Lose this and the blackout in the report is not what the guest's users felt."""
    gap = longest_gap(paused(milliseconds), BEAT_MS)
    assert gap.ms == pytest.approx(milliseconds, abs=0.001)
    assert gap.start == pytest.approx(beats()[5].at + 0.004)


def test_longest_of_several_pauses_counts() -> None:
    """Lose this and a short pause early hides the long one of the switchover."""
    late = [replace(beat, at=beat.at + (0.3 if beat.seq > 8 else 0)) for beat in paused(50)]
    assert longest_gap(late, BEAT_MS).ms == pytest.approx(300, abs=0.001)


def test_gap_is_never_negative() -> None:
    """Lose this and beats that arrive in a bunch give a blackout below zero."""
    bunch = [replace(beat, at=100 + beat.seq * 0.001) for beat in beats()]
    assert longest_gap(bunch, BEAT_MS).ms == 0


@pytest.mark.parametrize("count", [0, 1])
def test_gap_needs_two_beats(count: int) -> None:
    """Lose this and a guest that fell silent has a blackout of nothing."""
    with pytest.raises(ValueError, match="two beats"):
        longest_gap(beats(count), BEAT_MS)


@settings(deadline=None)
@given(
    steps=st.lists(st.floats(0.01, BEAT_MS), min_size=2, max_size=60),
    pause=st.floats(2 * BEAT_MS, 10_000),
    place=st.integers(0, 1000),
)
def test_one_pause_is_found_wherever_it_is(steps: list[float], pause: float, place: int) -> None:
    """Lose this and there are moments of a move at which a pause is not measured."""
    at, times = 50.0, [50.0]
    for number, step in enumerate(steps):
        at += (step + (pause if number == place % len(steps) else 0)) / 1000
        times.append(at)
    gap = longest_gap([Beat(at, seq, seq, (seq,), 0) for seq, at in enumerate(times)], BEAT_MS)
    assert gap.ms == pytest.approx(pause, abs=BEAT_MS + 0.001)
    assert times[place % len(steps)] <= gap.start <= gap.end == times[place % len(steps) + 1]
