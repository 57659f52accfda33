# SPDX-License-Identifier: Apache-2.0
"""Moves that break as a test says, for tests of what the suite concludes from that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure
from fixtures.evidence.beats import Line, crc16
from fixtures.evidence.checks import Check
from fixtures.guest.examination import Before
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.mechanisms import MIB, Limits
from fixtures.path.damage import Damage
from fixtures.path.interface import Move
from fixtures.path.libvirt.daemon import Daemon
from suites.harness.support.scripted_lives import machine

BUSY, PAUSED, PAUSED_SOURCE = "a job holds it", "postcopy-paused", "paused postcopy_failed"


def beat(number: int) -> Line:
    """A beat of a guest with one vCPU, as its console has it."""
    text = b"B %d 1000 7 1" % number
    return Line(float(number), b"%s *%04x" % (text, crc16(text)))


def read_no_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scripted guest has no clocks that a check could read."""
    nothing = Before(times=None)  # type: ignore[arg-type]
    monkeypatch.setattr("fixtures.guest.examination.Before.of", lambda _guest: nothing)
    monkeypatch.setattr("fixtures.attempt.attempt.time_checks", lambda *_: [])
    monkeypatch.setattr("fixtures.attempt.later_moves.time_checks_here", lambda *_: [])


def fails(check: str, broken: Callable[[], object]) -> str:
    """The details of the check of this name, which is the one that fails."""
    with pytest.raises(HotPatchFailure) as caught:
        broken()
    assert caught.value.check == check
    return str(caught.value)


class ScriptedDaemon(Daemon):
    """A daemon that does what it is told, and nothing else."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.left: list[int] = []
        """The QEMUs of the guest that it moves."""
        self.logged = ""
        self.connection = SimpleNamespace(isAlive=lambda: False)

    def kill(self) -> None:
        """It is killed."""
        self.told.append("kill")

    def send_signal(self, number: int) -> None:
        """It has got this signal."""
        self.told.append(f"signal {number}")

    def end_alone(self, number: int) -> None:
        """Its QEMUs live on."""
        self.told.append(f"end by {number}")

    def restart(self) -> None:
        """It is started again."""
        self.told.append("restart")

    def reconnect(self) -> None:
        """The suite has a connection again."""
        self.told.append("reconnect")

    def log(self, since: int = 0) -> str:
        """What a test has it say."""
        return self.logged[since:]

    def qemus(self, domain: str) -> list[Any]:  # noqa: ARG002 - it has one guest
        """As scripted."""
        return list(self.left)


class ScriptedMove:
    """A move whose sides say what a test has them say. All else that it is asked for is done at once."""

    def __init__(self) -> None:
        self.status, self.state = "failed", "running"
        """How it ends, and the state of its source then."""
        self.paused_source, self.paused = PAUSED_SOURCE, PAUSED
        """The states of both sides after a broken postcopy."""
        self.destination_ran, self.under_way, self.ends = False, True, True
        self.stopped_at: float | None = None
        self.again, self.took, self.why = BUSY, "it refused `cont`", "no certificate"
        """How the source refuses a second move, what it says of `cont`, and why it has failed."""
        self.words = "QEMU is gone; load of migration failed"
        """What the destination says of a move that has failed."""
        self.damaged = True
        """Does what is to be damaged come?"""
        self.logged_there = 0
        self.relay: Any = SimpleNamespace(
            cut=self._nothing,
            stall=self._nothing,
            hold=self._nothing,
            limit=self._nothing,
            release=self._nothing,
            carries=lambda _seconds: True,
            damages=self._damages,
        )
        self.source: Any = self._side("source", "running unpaused")
        self.destination: Any = self._side("destination", "running migrated")

    def settled(self, _seconds: float = 0.0) -> str:
        """As scripted."""
        return self.status

    def runstate(self) -> str:
        """As scripted."""
        return self.state

    def source_pauses(self) -> str:
        """As scripted."""
        return self.paused_source

    def destination_pauses(self) -> str:
        """As scripted."""
        return self.paused

    def destination_ends(self) -> bool:
        """As scripted."""
        return self.ends

    def have_source_run(self) -> str:
        """As scripted."""
        return self.took

    def begin_again(self) -> str:
        """As scripted."""
        return self.again

    def why_it_failed(self) -> str:
        """As scripted."""
        return self.why

    def why_not_loaded(self) -> str:
        """As scripted."""
        return self.words

    def look(self) -> Any:
        """A part of the memory was sent."""
        return SimpleNamespace(transferred=64 * MIB)

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return self._nothing

    @staticmethod
    def _side(side: str, state: str) -> Any:
        """A side that is in this state, and whose guest has not beaten."""
        return SimpleNamespace(
            daemon=ScriptedDaemon(),
            name="guest",
            side=side,
            channels={"console": SimpleNamespace(lines=[])},
            state=lambda: state,
            last_words=lambda: "QEMU is gone",
            ends=lambda: None,
            close=lambda: None,
        )

    def _damages(self, damage: Damage) -> None:
        damage.done = self.damaged

    @staticmethod
    def _nothing(*_: object, **__: object) -> None:
        """Done."""


class ScriptedBreaking:
    """Begins these moves. See :class:`fixtures.path.breaking.Breaking`."""

    paused, paused_source, busy = PAUSED, PAUSED_SOURCE, BUSY

    def __init__(self, attempt: Any, move: ScriptedMove) -> None:
        self._attempt = attempt
        self._move = move
        self.is_open = False
        """Does the destination still run?"""

    @contextmanager
    def broken(self, _limits: Limits, _peer: GuestSpec | None = None) -> Iterator[ScriptedMove]:
        """The move."""
        self.is_open = True
        yield self._move
        self.is_open = False

    def mended(self, _limits: Limits, steer: Callable[[Any], None]) -> Move:
        """The move, which ends well."""
        steer(self._move)
        guest, setting = self._attempt.guest, self._attempt.setting
        source = guest.machine
        guest.machines.append(machine(setting.new))
        checks = [Check("new-build", True, "it is the new build")]
        return Move("precopy", source, guest.machine, 1.0, 1.1, [], None, checks=checks)

    unattended = mended
