# SPDX-License-Identifier: Apache-2.0
"""The recovery of a postcopy by QMP, which may break and begin anew."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.recovery_faults import TWICE, pause_by_hand
from fixtures.errors import HotPatchFailure
from fixtures.machine.monitor import CommandRefused, MonitorClosed
from fixtures.path.qmp import breakable
from fixtures.path.qmp.breakable import ACTIVE, PAUSED, RECOVERING, QmpBreakableMove
from fixtures.path.qmp.watch import QmpWatch
from fixtures.waiting import Signal


class Side:
    """A QEMU with a script: which statuses it announces once it is told something."""

    def __init__(self, side: str, **script: list[list[str]]) -> None:
        self.side = side
        self.told: list[str] = []
        self._script = script
        self.monitor: Any = SimpleNamespace(
            name=f"{side} QEMU",
            closed=False,
            events=[],
            signal=Signal(),
            execute=self._execute,
            execute_out_of_band=self._execute,
        )
        self.host = SimpleNamespace(attempt_dir=Path("/attempt"))

    def announces(self, *statuses: str) -> None:
        """Send these statuses now."""
        for status in statuses:
            event = SimpleNamespace(name="MIGRATION", data={"status": status}, at=time.monotonic())
            self.monitor.events.append(event)

    def _execute(self, command: str, **_: object) -> None:
        self.told.append(command)
        answers = self._script.get(command.replace("-", "_"), [])
        answer = answers.pop(0) if answers else []
        if answer == ["refuses"]:
            raise CommandRefused(command, "GenericError", "only during postcopy-active state")
        self.announces(*answer)


def _move(source: Side, destination: Side) -> QmpBreakableMove:
    """A move that is in postcopy, and whose channel was cut once."""
    relay: Any = SimpleNamespace(leads_to=lambda _target: None, listens=Path("/relay"), cut=lambda: None)
    watch = QmpWatch(source, destination)  # type: ignore[arg-type]
    for side in (source, destination):
        side.announces(ACTIVE, PAUSED)
    return QmpBreakableMove(watch, None, relay, lambda: None)  # type: ignore[arg-type, return-value]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakable, "NOTICE_SECONDS", 0.05)


def test_postcopy_recovers_after_a_recovery_that_broke() -> None:
    """Lose this and a recovery that never ended is taken for one that went well."""
    source = Side("source", migrate=[[RECOVERING], [RECOVERING, ACTIVE]])
    destination = Side("destination", migrate_recover=[[RECOVERING], [RECOVERING]])
    move = _move(source, destination)
    move.begins_recovery()
    move.until_recovering()
    for side in (source, destination):
        side.announces(PAUSED)
        move.pauses(side, TWICE)  # type: ignore[arg-type]
    move.recover()
    assert (source.told, destination.told) == (["migrate"] * 2, ["migrate-recover"] * 2)


def test_recovery_that_does_not_end_hangs() -> None:
    """Lose this and a source that waits for ever for its destination passes."""
    move = _move(Side("source", migrate=[[RECOVERING]]), Side("destination", migrate_recover=[[RECOVERING]]))
    with pytest.raises(HotPatchFailure, match="status `postcopy-active` after the recovery") as caught:
        move.recover()
    assert caught.value.check == "hang"


def test_side_that_does_not_pause_again_hangs() -> None:
    """Lose this and a side that stays in its broken recovery passes: it has paused once, before."""
    source = Side("source")
    move = _move(source, Side("destination"))
    move.pauses(source, 1)  # type: ignore[arg-type]
    with pytest.raises(HotPatchFailure, match="the source's status `postcopy-paused`") as caught:
        move.pauses(source, TWICE)  # type: ignore[arg-type]
    assert caught.value.check == "hang"


def test_side_that_ends_meanwhile_has_ended_and_does_not_hang() -> None:
    """Lose this and one crash is two defects, by chance: a hang, and a QEMU that is gone."""
    source = Side("source")
    move = _move(source, Side("destination"))
    source.monitor.closed = True
    with pytest.raises(MonitorClosed, match="source QEMU closed its monitor before"):
        move.pauses(source, TWICE)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [[], ["refuses"]])
def test_destination_that_waits_must_answer(answer: list[str]) -> None:
    """Lose this and a destination that crashes as soon as it has paused counts as one that waits."""
    destination = Side("destination", migrate_pause=[answer])
    assert _move(Side("source"), destination).destination_pauses() == PAUSED
    assert destination.told == ["migrate-pause"]


def test_side_that_does_notpause_by_hand_fails() -> None:
    """Lose this and an operator cannot get a guest out of a silent recovery, and nobody says so."""
    move = _move(Side("source", migrate_pause=[["refuses"]]), Side("destination"))
    with pytest.raises(HotPatchFailure) as caught:
        pause_by_hand(move)
    assert (caught.value.check, caught.value.cause) == ("migrate", "the source does not pause a recovery")
