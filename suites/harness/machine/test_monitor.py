# SPDX-License-Identifier: Apache-2.0
"""The monitor against a scripted QEMU: whatever QEMU does becomes an answer or an outcome, never a hang."""

import gc
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fixtures.machine.monitor import CommandRefused, Event, Monitor, MonitorClosed, MonitorSilent
from fixtures.waiting import Deadline, Late
from suites.harness.support.scripted_qmp import (
    Answer,
    ScriptedQemu,
    connected,
    dies,
    hangs,
    refuses,
    returns,
    scripted,
)

LONG = 20.0
"""A deadline that these tests never reach unless something is broken."""


def named(name: str) -> Any:
    """Takes events of that name."""
    return lambda event: event.name == name


def await_event(monitor: Monitor, name: str, seconds: float = LONG) -> Event:
    """The monitor's first event of that name."""
    return monitor.wait_for(named(name), Deadline.after(seconds), what=f"event {name}")


def test_connect_negotiates() -> None:
    """Lose this and QEMU answers every command with an error."""
    with connected() as (_monitor, qemu):
        assert qemu.commands == ["qmp_capabilities"]


def test_answer_comes_back() -> None:
    """Lose this and QEMU cannot be given commands."""
    with connected({"query-status": returns({"status": "running", "ß": [1, None]})}) as (monitor, _qemu):
        assert monitor.execute("query-status") == {"status": "running", "ß": [1, None]}


def test_arguments_reach_qemu_with_qmps_dashes() -> None:
    """Lose this and parameters such as `downtime-limit` are refused or ignored."""
    heard: list[object] = []

    def answer(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        heard.append(command["arguments"])
        returns({})(qemu, command)

    with connected({"migrate-set-parameters": answer}) as (monitor, _qemu):
        monitor.execute("migrate-set-parameters", downtime_limit=300)
    assert heard == [{"downtime-limit": 300}]


def test_refusal_carries_qemus_own_words() -> None:
    """Lose this and a report says that a command failed, and not why."""
    with connected({"migrate": refuses("0x1: device 'vhost' blocks")}) as (monitor, _qemu):
        with pytest.raises(CommandRefused, match="migrate: 0x1: device 'vhost' blocks") as refused:
            monitor.execute("migrate", uri="unix:x")
        assert (refused.value.command, refused.value.error_class) == ("migrate", "GenericError")
        assert refused.value.description == "0x1: device 'vhost' blocks"


def test_monitor_goes_on_after_a_refusal() -> None:
    """Lose this and one refused command costs all the evidence that would follow it."""
    with connected({"migrate": refuses("no"), "query-status": returns({})}) as (monitor, _qemu):
        with pytest.raises(CommandRefused):
            monitor.execute("migrate")
        assert monitor.execute("query-status") == {}


def test_qemu_that_dies_during_a_command_is_closed() -> None:
    """Lose this and a QEMU that crashes in `migrate` ends the run with a traceback."""
    begun = time.monotonic()
    with (
        connected({"migrate": dies}) as (monitor, _qemu),
        pytest.raises(MonitorClosed, match=r"source \(old\) closed its monitor during `migrate`"),
    ):
        monitor.execute("migrate", timeout=LONG)
    assert time.monotonic() - begun < LONG / 2


def test_command_to_a_dead_qemu_is_closed() -> None:
    """Lose this and asking a QEMU that has exited ends the run with a traceback."""
    with connected({"query-status": returns({})}) as (monitor, qemu):
        qemu.hang_up()
        with pytest.raises(MonitorClosed):
            monitor.wait_for(named("NEVER"), Deadline.after(LONG), what="the end")
        for _ in range(2):
            with pytest.raises(MonitorClosed):
                monitor.execute("query-status")


def test_silence_ends_with_the_timeout() -> None:
    """Lose this and a QEMU that hangs hangs the run."""
    begun = time.monotonic()
    with (
        connected({"query-migrate": hangs}) as (monitor, _qemu),
        pytest.raises(MonitorSilent, match=r"did not answer `query-migrate` within 0\.2 s"),
    ):
        monitor.execute("query-migrate", timeout=0.2)
    assert 0.2 <= time.monotonic() - begun < LONG / 2


def test_late_answer_is_not_taken_for_the_next_one() -> None:
    """Lose this and a slow QEMU's answer to one question passes for that to another."""
    late = threading.Event()

    def answer_late(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        late.wait(LONG)
        returns("late")(qemu, command)

    with connected({"query-migrate": answer_late, "query-status": returns("now")}) as (monitor, _qemu):
        with pytest.raises(MonitorSilent):
            monitor.execute("query-migrate", timeout=0.1)
        late.set()
        assert monitor.execute("query-status") == "now"


def test_missing_greeting_ends_with_the_timeout() -> None:
    """Lose this and a QEMU that starts and says nothing hangs the run."""
    with scripted(greeting=None) as (monitor, _qemu), pytest.raises(MonitorSilent, match="greeting"):
        monitor.connect(0.2)


def test_qemu_that_dies_before_its_greeting_is_closed() -> None:
    """Lose this and a QEMU that rejects its command line ends the run with a traceback."""
    with scripted(greeting=None) as (monitor, qemu):
        qemu.hang_up()
        with pytest.raises(MonitorClosed, match="greeting"):
            monitor.connect(LONG)


@pytest.mark.parametrize("greeting", [{"hello": 1}, "QEMU 7.2"])
def test_peer_that_speaks_no_qmp_is_closed(greeting: object) -> None:
    """Lose this and a program that is no QEMU ends the run with a traceback."""
    with scripted(greeting=greeting) as (monitor, _qemu), pytest.raises(MonitorClosed, match="greeting"):
        monitor.connect(LONG)


def test_events_are_kept_in_order_with_their_times() -> None:
    """Lose this and the timeline of a hot patch shows its steps at the wrong moments."""
    begun = time.monotonic()
    with connected() as (monitor, qemu):
        for status in ("setup", "active", "completed"):
            qemu.event("MIGRATION", status=status)
        qemu.event("STOP")
        await_event(monitor, "STOP")
    assert [event.data.get("status") for event in monitor.events] == ["setup", "active", "completed", None]
    times = [begun, *(event.at for event in monitor.events), time.monotonic()]
    assert times == sorted(times)


def test_events_bear_the_time_that_qemu_stamped() -> None:
    """Lose this and a busy host makes a guest seem to run on both sides at once."""
    with connected() as (monitor, qemu):
        now, clock = time.time(), time.monotonic()
        qemu.event_of(now - 0.005, "RESUME")
        qemu.event_of(now - 0.010, "STOP")
        stopped = await_event(monitor, "STOP")
    resumed = monitor.events[0]
    assert stopped.at == pytest.approx(clock - 0.010, abs=0.002)
    assert resumed.at - stopped.at == pytest.approx(0.005, abs=0.001)


def test_wait_sees_events_of_the_past() -> None:
    """Lose this and a fast QEMU's events are missed, and its migration seems to hang."""
    with connected() as (monitor, qemu):
        qemu.event("RESUME")
        qemu.event("STOP")
        await_event(monitor, "STOP")
        assert await_event(monitor, "RESUME", seconds=0).name == "RESUME"


def test_wait_sees_events_to_come() -> None:
    """Lose this and every step of a hot patch takes as long as its deadline."""
    with connected() as (monitor, qemu):
        teller = threading.Timer(0.05, qemu.event, ["RESUME"])
        teller.start()
        assert await_event(monitor, "RESUME").name == "RESUME"
        teller.join()


def test_wait_that_is_in_vain_says_what_came_instead() -> None:
    """Lose this and a user reads that an event did not come, and not what did."""
    with connected() as (monitor, qemu):
        qemu.event("MIGRATION", status="failed")
        await_event(monitor, "MIGRATION")
        with pytest.raises(Late, match=r'event RESUME; last seen: MIGRATION {"status": "failed"}'):
            await_event(monitor, "RESUME", seconds=0.05)


def test_qemu_that_dies_while_awaited_is_closed() -> None:
    """Lose this and a crash of the new QEMU is reported as a timeout, a minute later."""
    with connected() as (monitor, qemu):
        killer = threading.Timer(0.05, qemu.hang_up)
        killer.start()
        with pytest.raises(MonitorClosed, match="while event RESUME was awaited"):
            await_event(monitor, "RESUME")
        killer.join()
        assert monitor.closed


def test_unknown_events_and_statuses_are_kept() -> None:
    """Lose this and the next QEMU's new events break the run."""
    with connected() as (monitor, qemu):
        qemu.event("MIGRATION", status="warp-drive", novelty={"a": [1]})
        qemu.send({"event": "UNHEARD_OF", "timestamp": {"seconds": -1, "microseconds": -1}})
        assert await_event(monitor, "UNHEARD_OF").data == {}
    assert monitor.events[0].data == {"status": "warp-drive", "novelty": {"a": [1]}}


def test_transcript_is_written_as_json_lines(tmp_path: Path) -> None:
    """Lose this and the evidence of a failure lacks what was said, or cannot be read."""
    with connected({"query-status": returns({"status": "ü"}), "quit": dies}) as (monitor, qemu):
        qemu.event("STOP")
        await_event(monitor, "STOP")
        monitor.execute("query-status")
        with pytest.raises(MonitorClosed):
            monitor.execute("quit")
    monitor.write_transcript(tmp_path / "qmp.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "qmp.jsonl").read_text().splitlines()]
    assert [line["dir"] for line in lines] == ["event", "→", "←", "→", "-", "-"]
    assert lines[2]["msg"] == {"return": {"status": "ü"}, "of": "query-status"}
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)


def test_closing_twice_and_after_death_is_quiet() -> None:
    """Lose this and a clean-up after a crash hides the crash behind an error of its own."""
    with connected() as (monitor, qemu):
        qemu.hang_up()
        monitor.close()
        monitor.close()


@pytest.mark.parametrize("answer", [dies, hangs, refuses("no")], ids=["dies", "hangs", "refuses"])
def test_failed_command_leaves_no_loose_ends(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """Lose this and the output of a run is full of tracebacks of abandoned tasks."""
    with (
        connected({"migrate": answer}) as (monitor, _qemu),
        pytest.raises((CommandRefused, MonitorClosed, MonitorSilent)),
    ):
        monitor.execute("migrate", timeout=0.1)
    del monitor
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_failed_greeting_leaves_no_loose_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Lose this and a QEMU that does not start is reported by tracebacks instead of its last message."""
    with scripted(greeting=None) as (monitor, qemu):
        qemu.hang_up()
        with pytest.raises(MonitorClosed):
            monitor.connect(LONG)
    del monitor
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
