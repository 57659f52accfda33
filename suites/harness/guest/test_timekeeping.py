# SPDX-License-Identifier: Apache-2.0
"""How the agent's answers about its clocks are read."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import RigError
from fixtures.evidence.beats import Line, crc16
from fixtures.evidence.counters import Counter
from fixtures.evidence.timers import Timer
from fixtures.guest.timekeeping import (
    clock_over_the_move,
    time_checks,
    timers_in,
    times_before,
    times_in,
    times_now,
)

CLOCKS = {
    "mono_us": "1978714",
    "realtime_us": "1795703400047765",
    "source": "hpet",
    "source_changed_us": "0",
    "rtc_s": "1795703400",
    "alarm_due_s": "1795703403",
    "alarm_rang_us": "1999999",
    "pm-timer": "8118758,1991875,3579545,24",
    "ticks.0": "4767042518,1993796,2100000000,64",
    "apart.0": "-304:244",
    "cmos": "0006",
}


SPEC = SimpleNamespace(on_emulated_host=False, arch="x86_64")


def test_clocks_are_read() -> None:
    """Lose this and the checks compare one clock with another."""
    times = times_in(CLOCKS)
    assert times.counters.machine == {"pm-timer": Counter(8118758, 1991875, 3579545, 24)}
    assert times.counters.vcpus == {0: Counter(4767042518, 1993796, 2100000000, 64)}
    assert times.counters.apart == {0: (-304, 244)}


def test_real_time_clock_is_read() -> None:
    """Lose this and no alarm is ever found to be silent."""
    clock = times_in(CLOCKS).rtc
    assert clock is not None
    assert (clock.alarm_due_s, clock.alarm_rang, clock.cmos) == (1795703403, True, b"\x00\x06")


def test_guest_without_a_real_time_clock_is_read() -> None:
    """Lose this and a kernel without a driver for its clock fails every cell."""
    assert times_in({"mono_us": "1", "realtime_us": "2"}).rtc is None


def test_timers_are_read() -> None:
    """Lose this and no timer is ever found to be late."""
    assert timers_in({"mono_us": "9", "1.300": "7,8"}) == [Timer(1, 300, 7, 8)]


def host(offset: Callable[[], float]) -> Any:
    """A host whose clocks differ by this."""
    return SimpleNamespace(programs=SimpleNamespace(wall_offset=offset))


def machine(begin: float, *steps: float) -> Any:
    """A machine that a guest sent beats to; `steps` are the seconds from each beat to the next."""
    lines, at = [], begin
    for number, step in enumerate((*steps, 0.0)):
        body = f"B {number} {round(at * 1e6)} 1 1".encode()
        lines.append(Line(at, body + f" *{crc16(body):04x}".encode()))
        at += step
    return SimpleNamespace(
        channels={"console": SimpleNamespace(lines=lines, partial=b"")}, host=host(lambda: -5.0)
    )


def test_silence_early_in_a_long_precopy_is_known() -> None:
    """Lose this and timers that were due while the source held up its guest are reported as late."""
    source = machine(10.0, *[0.004] * 9, 7.0, *[0.004] * 2000)
    destination = machine(25.2, *[0.004] * 50)
    lines = [line for each in (source, destination) for line in each.channels["console"].lines]
    guest: Any = SimpleNamespace(spec=SPEC, machines=[source, destination], lines=lambda: lines)
    (silence,) = clock_over_the_move(guest, ()).silences
    assert round(silence.end - silence.start, 3) == 7


def test_silence_while_timers_are_awaited_is_known() -> None:
    """Lose this and a timer is reported as late that was due while a busy host held up the moved guest."""
    source, destination = machine(10.0, 0.004), machine(10.1, *[0.01] * 800, 3.0, 0.01)
    lines = [line for each in (source, destination) for line in each.channels["console"].lines]
    guest: Any = SimpleNamespace(spec=SPEC, machines=[source, destination], lines=lambda: lines)
    (silence,) = clock_over_the_move(guest, ()).silences
    assert round(silence.end - silence.start, 3) == 3


def test_destination_that_says_nothing_is_no_traceback() -> None:
    """Lose this and a guest that fell silent ends a cell with a traceback instead of the reason."""
    source, silent = machine(10.0, 0.004), machine(11.0)
    silent.channels["console"].lines.clear()
    lines = source.channels["console"].lines
    guest: Any = SimpleNamespace(spec=SPEC, machines=[source, silent], lines=lambda: lines)
    with pytest.raises(RigError, match="0 whole beats came from the destination"):
        clock_over_the_move(guest, ())


def test_timer_that_is_lost_is_found_although_it_was_only_just_due() -> None:
    """Lose this and a guest that lost its timers passes, because it was asked right after its move."""
    source, destination = machine(10.0, *[0.004] * 500), machine(12.1, *[0.004] * 1000)
    lines = [line for each in (source, destination) for line in each.channels["console"].lines]
    answers = iter(
        [{"mono_us": f"{12_200_000 + asked * 500_000}", "1.1000": "12150000,0"} for asked in range(9)]
    )
    agent = SimpleNamespace(ask=lambda what: next(answers) if what == "timers" else CLOCKS)
    guest: Any = SimpleNamespace(
        machine=destination,
        machines=[source, destination],
        lines=lambda: lines,
        agent=agent,
        spec=SPEC,
        beats_arrive=lambda _wanted: None,
    )
    *_, last = time_checks(guest, times_in(CLOCKS), ())
    assert (bool(last), last.name) == (False, "timers")


def guest_with_clock(beats: Any, source_changed_us: int) -> tuple[Any, list[str]]:
    """A guest whose clock is a second later at each question, and what it was asked."""
    asked: list[str] = []

    def ask(what: str, **_: object) -> dict[str, str]:
        asked.append(what)
        now_us = 13_500_000 + len(asked) * 1_000_000
        return CLOCKS | {"mono_us": f"{now_us}", "source_changed_us": f"{source_changed_us}"}

    agent = SimpleNamespace(ask=ask)
    guest = SimpleNamespace(
        lines=beats, agent=agent, beats_arrive=lambda _wanted: None, spec=SPEC, machine=machine(10.0)
    )
    return guest, asked


@pytest.mark.parametrize("offsets", [(-5.0, -50.0), (-50.0, -5.0)])
def test_clock_of_the_host_is_read_too(offsets: tuple[float, float]) -> None:
    """Lose this and guests of a host whose clock is set meanwhile have broken clocks."""
    guest, _ = guest_with_clock(list, 0)
    guest.machine.host = host(iter(offsets).__next__)
    clock = times_now(guest).rtc
    assert clock is not None
    assert clock.wall_offset == (-50.0, -5.0)


@pytest.mark.parametrize("changed_us,questions", [(0, 1), (13_000_000, 6), (2_000_000, 1)])
def test_clocks_are_read_once_a_new_clock_source_has_lasted(changed_us: int, questions: int) -> None:
    """Lose this and a guest whose Linux measured its TSC wrongly, and just saw it, has a TSC that jumps."""
    lines = machine(10.0, *[0.004] * 1000).channels["console"].lines
    guest, asked = guest_with_clock(lambda: lines, changed_us)
    times = times_before(guest)
    assert asked == ["clocks"] * questions + ["arm"]
    assert not changed_us or times.mono_us - changed_us >= 6_000_000


def test_clocks_are_read_once_linux_has_corrected_its_clock() -> None:
    """Lose this and a guest whose Linux corrects its clock during the move has a clock that changes."""
    right = machine(10.0, *[0.004] * 1000).channels["console"].lines
    wrong = [Line(10.0 + (line.at - 10.0) / 2, line.text) for line in right]
    answers = iter([wrong, wrong, wrong])
    guest, asked = guest_with_clock(lambda: next(answers, right), 0)
    times_before(guest)
    assert asked == ["clocks"] * 3 + ["arm"]


def test_clock_of_a_guest_that_was_hardly_heard_is_taken_as_it_is() -> None:
    """Lose this and a guest that a busy host kept silent ends a run with a traceback."""
    lines = machine(10.0).channels["console"].lines
    guest, asked = guest_with_clock(lambda: lines, 0)
    times_before(guest)
    assert asked == ["clocks", "arm"]
