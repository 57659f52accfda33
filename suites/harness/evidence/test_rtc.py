# SPDX-License-Identifier: Apache-2.0
"""What a guest's real-time clock proves over a move."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.evidence.clock_fit import ClockLine
from fixtures.evidence.rtc import RtcReading, alarm_is_late, rtc
from fixtures.waiting import stretched_by

BEFORE = RtcReading(1_795_700_000, 1_795_700_000_400_000, cmos=bytes(114))


def later(rtc_s: int, wall_s: float) -> RtcReading:
    """A reading so many seconds later, by the clock and by the kernel."""
    return replace(BEFORE, rtc_s=BEFORE.rtc_s + rtc_s, wall_us=BEFORE.wall_us + round(wall_s * 1e6))


def running(drift: float, error: float = 0.0) -> ClockLine:
    """A guest's clock that is so much slower than the host's, as far as that is known."""
    return ClockLine(middle=0.0, at_middle=0.0, drift=drift, drift_error=error, noise=0.0)


@pytest.mark.parametrize("rtc_s,wall_s", [(10, 10.0), (10, 11.2), (11, 10.0), (10, 5.0)])
def test_clock_that_follows_the_host_holds(rtc_s: int, wall_s: float) -> None:
    """Lose this and a clock that counts whole seconds, or goes on while the guest is stopped, is broken."""
    assert rtc(BEFORE, later(rtc_s, wall_s), stopped_s=5.0)


@pytest.mark.parametrize("rtc_s,holds", [(9, True), (15, False), (2, False)])
def test_clock_of_a_guest_whose_own_is_fast_follows_the_host(rtc_s: int, *, holds: bool) -> None:
    """Lose this and a guest that measured its TSC on a busy machine has a broken real-time clock."""
    assert bool(rtc(BEFORE, later(rtc_s, 15.0), stopped_s=0.4, clock=running(-0.4))) == holds


@pytest.mark.parametrize("error,holds", [(0.06, True), (0.01, False)])
def test_rate_that_is_not_known_well_proves_little(error: float, *, holds: bool) -> None:
    """Lose this and a busy host, whose beats come irregularly, has a wrong real-time clock."""
    assert bool(rtc(BEFORE, later(27, 27.6), stopped_s=0.1, clock=running(0.076, error))) == holds


@pytest.mark.parametrize("rtc_s", [-3590, 3610, 3, 18])
def test_wrong_clock_is_found(rtc_s: int) -> None:
    """Lose this and a guest has the wrong time after its next boot."""
    assert rtc(BEFORE, later(rtc_s, 10.0), stopped_s=5.0).what == "clock"


@pytest.mark.parametrize(
    "due,rang,what", [(5, False, "alarm"), (5, True, ""), (9, False, ""), (0, False, "")]
)
def test_silent_alarm_is_found(due: int, rang: bool, what: str) -> None:
    """Lose this and a guest never wakes from its suspend after an update."""
    due_s = due and BEFORE.rtc_s + due
    assert rtc(BEFORE, replace(later(10, 10.0), alarm_due_s=due_s, alarm_rang=rang), 0.0).what == what


def test_alarm_may_be_late_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and an alarm that rings is reported as lost, because other programs run beside the guest."""
    silent = replace(later(10, 10.0), alarm_due_s=BEFORE.rtc_s + 5)
    assert alarm_is_late(silent)
    monkeypatch.setattr("fixtures.waiting.overload", lambda: 4.0)
    assert not alarm_is_late(silent)


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else this machine does makes no alarm of these tests less late."""
    monkeypatch.setattr("fixtures.waiting.overload", lambda: 1.0)


@pytest.mark.parametrize("rtc_s,what", [(16, ""), (25, "clock"), (-10, "clock")])
def test_slow_host_reads_its_clock_later(rtc_s: int, what: str) -> None:
    """Lose this and a slow host finds wrong clocks that are right, or no wrong clock at all."""
    late = replace(later(rtc_s, 10.0), alarm_due_s=BEFORE.rtc_s + 5)
    with stretched_by(6.0):
        assert rtc(BEFORE, late, stopped_s=0.0).what == what


def test_alarm_of_a_wrong_clock_makes_no_other_defect() -> None:
    """Lose this and a clock that is an hour ahead is a regression when the control's alarm was not due."""
    silent = replace(later(3610, 10.0), alarm_due_s=BEFORE.rtc_s + 5)
    check = rtc(BEFORE, silent, stopped_s=5.0)
    assert check.what == "clock"
    assert "its alarm has not rung" in check.detail


def test_changed_byte_is_found() -> None:
    """Lose this and firmware finds settings that it did not store."""
    check = rtc(BEFORE, replace(later(1, 1.0), cmos=bytes(2) + b"\x55" + bytes(111)), 0.0)
    assert (check.what, check.detail) == ("cmos", "bytes of its memory changed: 0x10 was 0x00 and is 0x55")


def test_clock_that_is_gone_is_found() -> None:
    """Lose this and a machine loses its clock by an update, and nobody sees it."""
    assert rtc(None, None, 0.0)
    assert not rtc(BEFORE, None, 0.0)


@pytest.mark.parametrize(
    "gained,set_by,holds",
    [
        (45, (44.8, 44.8), True),
        (45, (0.0, 44.8), True),
        (45, (0.0, 0.0), False),
        (0, (44.8, 44.8), False),
        (-30, (-30.2, -30.2), True),
        (-30, (0.0, 0.0), False),
    ],
)
def test_clock_follows_a_host_whose_clock_is_set(
    gained: int, set_by: tuple[float, float], *, holds: bool
) -> None:
    """Lose this and each guest that is moved while the host's clock is set counts against the update."""
    before = replace(BEFORE, wall_offset=(-1e9, -1e9))
    least, most = set_by
    after = replace(later(40 + gained, 40.0), wall_offset=(-1e9 - most, -1e9 - least))
    check = rtc(before, after, stopped_s=0.3)
    assert check.held is holds
    assert ("the host's clock was set by" in check.detail) is (set_by != (0.0, 0.0))
