# SPDX-License-Identifier: Apache-2.0
"""QMP peers that send nonsense, or without end: each becomes one bounded message that says what came."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fixtures.machine import qmp_client
from fixtures.machine.monitor import MonitorClosed, MonitorSilent
from fixtures.waiting import Deadline
from suites.harness.support.scripted_qmp import Answer, ScriptedQemu, connected, returns, scripted

LONG = 20.0
"""A deadline that these tests never reach unless something is broken."""
MOST_WORDS = 3000
"""Characters of the longest message."""


def sends(data: bytes) -> Answer:
    """Answer with these bytes."""

    def answer(qemu: ScriptedQemu, _command: Mapping[str, Any]) -> None:
        qemu.send_bytes(data)

    return answer


NONSENSE = {
    "no JSON": b"hello, here is a shell\n",
    "no UTF-8": b'{"return": "\xff\xfe"}\n',
    "no object": b"[1, 2]\n",
    "too deep": b"[" * 100_000 + b"\n",
    "odd id": b'{"return": 1, "id": [1]}\n',
    "odd event": b'{"event": "STOP", "data": {}, "timestamp": "noon"}\n',
    "escapes": b"\x1b[2J\x1b]0;owned\x07\n",
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_quoted_and_ends_the_monitor(kind: str) -> None:
    """Lose this and a QEMU that sends nonsense ends the run with a traceback, or is said to have died."""
    with (
        connected({"query-status": sends(NONSENSE[kind])}) as (monitor, _qemu),
        pytest.raises(MonitorClosed, match="no QMP during `query-status`: a line that") as error,
    ):
        monitor.execute("query-status", timeout=LONG)
    words = str(error.value)
    assert len(words) < MOST_WORDS
    assert "\x1b" not in words


def test_message_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and an endless answer of a QEMU takes all memory."""
    monkeypatch.setattr(qmp_client, "MOST_REPLY", 1 << 20)
    with (
        connected({"query-status": sends(b"x" * (3 << 20))}) as (monitor, _qemu),
        pytest.raises(MonitorClosed, match="a message of more than 1 MiB: xxx") as error,
    ):
        monitor.execute("query-status", timeout=LONG)
    assert len(str(error.value)) < MOST_WORDS


@pytest.mark.parametrize("bound", ["MOST_EVENTS", "MOST_EVENT_BYTES"])
def test_flood_of_events_is_bounded(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a QEMU that never stops announcing things takes all memory."""
    monkeypatch.setattr(qmp_client, bound, 100)
    with connected() as (monitor, qemu):
        for _ in range(200):
            qemu.event("SPAM", data="s" * 10)
        with pytest.raises(MonitorClosed, match=r"events of .* bytes, more than any QEMU sends"):
            monitor.wait_for(lambda _event: False, Deadline.after(LONG), what="the end")
    assert len(monitor.events) <= 100


def test_greeting_that_never_comes_says_that_nothing_came() -> None:
    """Lose this and a QEMU that hangs at its start looks like one that ended."""
    wanted = r"did not answer `greeting` within 0\.2 s: it sent nothing"
    with scripted(greeting=None) as (monitor, _qemu), pytest.raises(MonitorSilent, match=wanted):
        monitor.connect(0.2)


def test_greeting_that_never_ends_is_quoted() -> None:
    """Lose this and the user does not see what a program that is not QEMU wrote on the monitor."""
    with scripted(greeting=None) as (monitor, qemu):
        qemu.send_bytes(b"login: \x1b[5m")
        with pytest.raises(MonitorSilent, match=r"it sent 11 bytes, last: login:$"):
            monitor.connect(0.3)


def test_greeting_of_another_program_is_quoted() -> None:
    """Lose this and a program that is no QEMU is said to have closed its monitor."""
    with scripted(greeting=None) as (monitor, qemu):
        qemu.send_bytes(b"SSH-2.0-OpenSSH\r\n")
        with pytest.raises(MonitorClosed, match=r"no QMP during `greeting`: .*: SSH-2\.0-OpenSSH"):
            monitor.connect(LONG)


def test_refusal_in_another_form_is_quoted() -> None:
    """Lose this and a QEMU whose errors have no text is reported to have closed its monitor."""

    def answer(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        qemu.send({"error": "no", "id": command["id"]})

    with (
        connected({"query-status": answer}) as (monitor, _qemu),
        pytest.raises(MonitorClosed, match="answered `query-status` with what is no QMP"),
    ):
        monitor.execute("query-status", timeout=LONG)


def test_missing_member_is_named() -> None:
    """Lose this and an answer without its status ends the run with a KeyError."""
    with connected({"query-status": returns({"running": [{}]})}) as (monitor, _qemu):
        answer = monitor.execute("query-status")
        with pytest.raises(MonitorClosed, match=re.escape("without `status`: {'running': [{}]}")):
            answer["status"]
        with pytest.raises(MonitorClosed, match="without `x`"):
            answer["running"][0]["x"]


def test_transcript_is_bounded(tmp_path: Path) -> None:
    """Lose this and one long answer makes a report of many MiB."""
    with connected({"query-qmp-schema": returns(["x" * 1_000_000])}) as (monitor, _qemu):
        monitor.execute("query-qmp-schema")
    monitor.write_transcript(tmp_path / "qmp.jsonl")
    lines = (tmp_path / "qmp.jsonl").read_text().splitlines()
    assert max(map(len, lines)) < 300_000
    assert "characters more)" in json.loads(lines[1])["msg"]["cut"]
