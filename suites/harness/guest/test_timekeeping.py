# SPDX-License-Identifier: Apache-2.0
"""How the agent's answers about its clocks are read."""

from __future__ import annotations

from fixtures.evidence.counters import Counter
from fixtures.evidence.timers import Timer
from fixtures.guest.timekeeping import timers_in, times_in

CLOCKS = {
    "mono_us": "1978714",
    "realtime_us": "1795703400047765",
    "source": "hpet",
    "rtc_s": "1795703400",
    "alarm_due_s": "1795703403",
    "alarm_rang_us": "1999999",
    "pm-timer": "8118758,1991875,3579545,24",
    "ticks.0": "4767042518,1993796,2100000000,64",
    "apart.0": "-304:244",
    "cmos": "0006",
}


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
