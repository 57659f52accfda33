# SPDX-License-Identifier: Apache-2.0
"""Waiting ends at once when something happens, in time when nothing does, and then says what was missing."""

import os
import threading
import time
from pathlib import Path

import pytest

from fixtures import waiting
from fixtures.waiting import (
    Deadline,
    Late,
    OtherCores,
    Signal,
    comes_true,
    idle_seconds,
    overload,
    overload_with,
    patience,
    stretched,
    stretched_by,
)

RUNNABLE = waiting.runnable_threads
LONG = 30.0
"""A deadline that these tests never reach unless something is broken."""


def test_deadline_counts_down_to_nothing() -> None:
    """Lose this and a wait goes on with a negative rest, which is for ever."""
    assert LONG - 5 < Deadline.after(LONG).left <= LONG
    assert Deadline.after(-1).left == 0


def test_bounds_are_stretched_for_a_slow_host() -> None:
    """Lose this and a guest on an emulated host hangs because the host is slow."""
    with stretched_by(3.0):
        assert 2.5 * LONG < Deadline.after(LONG).left <= 3 * LONG
        assert Deadline.exactly(LONG).left <= LONG
        assert stretched(2.0) == 6.0
    assert stretched(2.0) == 2.0


def test_overload_to_come_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the first of eight guests of a host fails, because the others slow it down."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    monkeypatch.setattr(os, "getloadavg", lambda: (6.0, 0.0, 0.0))
    assert [overload_with(threads) for threads in (2, 16)] == [1.5, 4.0]


@pytest.mark.parametrize("per_core,times", [(0.5, 1.0), (2.0, 1.0), (5.0, 2.5)])
def test_waits_are_longer_on_an_overloaded_machine(
    per_core: float, times: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that boots slowly beside other work makes an update `undecided`."""
    load = per_core * len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert overload() == times
    assert patience(2.0) == 2.0 * times
    assert stretched(2.0) == 2.0


def test_waits_are_longer_as_soon_as_a_machine_is_overloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the first minute of a run has the bounds of an idle machine."""
    cores = len(os.sched_getaffinity(0))
    monkeypatch.setattr(waiting, "runnable_threads", lambda: 8 * cores)
    assert (overload(), patience(2.0)) == (1.0, 4.0)


def test_threads_that_want_a_core_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and all bounds are those of an idle machine, or of one that runs other things elsewhere."""
    assert RUNNABLE() >= 1
    monkeypatch.setattr(Path, "read_text", lambda _file: "0.20 0.18 0.12 70/900 11206\n")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    assert RUNNABLE() == 8


@pytest.mark.parametrize("busy,times", [(62, 2.0), (31, 9.75), (0, 17.5)])
def test_load_of_cores_that_are_not_ours_is_no_overload(
    busy: int, times: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that hangs, in a container on a large busy machine, is waited for for an hour."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    monkeypatch.setattr(os, "getloadavg", lambda: (70.0, 0.0, 0.0))
    monkeypatch.setattr(waiting, "idle_seconds", lambda: dict.fromkeys(range(64), 0.0))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(waiting, "_other_cores", OtherCores())
    monkeypatch.setattr(time, "monotonic", lambda: now + 60)
    idle = {core: 60.0 * (core >= busy + 2) for core in range(64)}
    monkeypatch.setattr(waiting, "idle_seconds", lambda: idle)
    assert overload() == pytest.approx(times)


def test_each_core_that_this_process_may_use_has_an_idle_time() -> None:
    """Lose this and the cores of others are taken for ours, or the other way round."""
    assert idle_seconds().keys() >= os.sched_getaffinity(0)


def test_wait_returns_what_is_there_already() -> None:
    """Lose this and an event that came before anybody waited for it is missed."""
    found = Signal().wait_for(lambda: "here", Deadline.after(0), what="it", last_seen=lambda: "")
    assert found == "here"


def test_wait_returns_falsy_things_too() -> None:
    """Lose this and a counter that reads 0 is waited for until the deadline."""
    assert Signal().wait_for(lambda: 0, Deadline.after(0), what="it", last_seen=lambda: "") == 0


def test_wait_ends_at_once_on_a_change_by_another_thread() -> None:
    """Lose this and every step of a hot patch takes as long as its deadline."""
    signal, things = Signal(), list[float]()

    def fill() -> None:
        with signal:
            things.append(time.monotonic())

    writer = threading.Timer(0.05, fill)
    writer.start()
    changed = signal.wait_for(
        lambda: things[-1] if things else None, Deadline.after(LONG), what="it", last_seen=lambda: ""
    )
    assert time.monotonic() - changed < LONG / 3
    writer.join()


def test_changes_that_are_not_it_do_not_end_the_wait() -> None:
    """Lose this and the first event of any kind passes for the one that was awaited."""
    signal, things = Signal(), list[int]()

    def fill() -> None:
        for number in range(20):
            with signal:
                things.append(number)

    writer = threading.Timer(0.01, fill)
    writer.start()
    found = signal.wait_for(
        lambda: 19 if 19 in things else None, Deadline.after(LONG), what="it", last_seen=lambda: ""
    )
    assert found == 19
    writer.join()


def test_late_says_what_was_awaited_and_last_seen() -> None:
    """Lose this and a user reads that something timed out, and not what."""
    begun = time.monotonic()
    with pytest.raises(Late, match=r"waited 0\.05 s for the second pass; last seen: pass 1"):
        Signal().wait_for(
            lambda: None, Deadline.after(0.05), what="the second pass", last_seen=lambda: "pass 1"
        )
    assert 0.05 <= time.monotonic() - begun < LONG / 3


def test_look_that_raises_ends_the_wait_and_frees_the_lock() -> None:
    """Lose this and a QEMU that died while it was awaited leaves its readers locked for ever."""
    signal = Signal()

    def look() -> None:
        raise EOFError("gone")

    with pytest.raises(EOFError, match="gone"):
        signal.wait_for(look, Deadline.after(LONG), what="it", last_seen=lambda: "")
    writer = threading.Thread(target=signal.__enter__, daemon=True)
    writer.start()
    writer.join(LONG / 3)
    assert not writer.is_alive()


@pytest.mark.parametrize("turns,comes", [(3, True), (1000, False)])
def test_what_no_event_reports_is_looked_at_until_the_deadline(turns: int, comes: bool) -> None:
    """Lose this and a device that works a moment later counts as broken, or is waited for without end."""
    looked = iter(range(turns))
    deadline = Deadline.after(LONG if comes else 0.02)
    assert comes_true(lambda: next(looked) == turns - 1, deadline, every=0.001) is comes
