# SPDX-License-Identifier: Apache-2.0
"""A guest must sleep before its move, arrive asleep, and go on when it is woken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import asleep
from fixtures.attempt.asleep import Asleep
from fixtures.errors import HotPatchFailure, Unsupported
from fixtures.evidence.beats import Gap
from fixtures.evidence.checks import Check, CheckRecord

GOOD, BAD = Check("alive", True, ""), Check("alive", False, "waited 6 s")


class Sleeper:
    """A guest, its agent and its management layer in one."""

    def __init__(self, *, falls_asleep: bool = True, wakes: tuple[Check, ...] = (GOOD,)) -> None:
        self.agent = self
        self.machine = SimpleNamespace(build=SimpleNamespace(name="old"))
        self.spec = None
        self.asleep = self.sleeps = False
        self._falls_asleep, self._wakes = falls_asleep, list(wakes)
        self.lost_no_beat = self.constant_memory_is_intact = lambda: GOOD
        self.learns_constant_memory = lambda: None

    def ask(self, command: str) -> None:
        """As the agent does."""
        assert command == "suspend"
        self.sleeps = self._falls_asleep

    def is_asleep(self) -> bool:
        """As QEMU says."""
        return self.sleeps

    def wake(self) -> None:
        """As the management layer does."""
        assert self.sleeps
        self.sleeps = False

    def goes_on(self, *_: object) -> Check:
        """Does it go on after it was woken?"""
        return self._wakes.pop(0)

    def blackout(self, since: float, until: float) -> Gap:
        """The time in which it slept."""
        return Gap(since, until)


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An attempt whose guest sleeps, is moved and wakes. Nothing waits for a guest that does not."""
    guest = Sleeper()
    made = SimpleNamespace(
        guest=guest,
        began=False,
        patched=None,
        checks=CheckRecord(),
        setting=SimpleNamespace(new=None, plan=None),
    )

    def demand(check: Check) -> None:
        if not check:
            raise HotPatchFailure(check.name, check.detail)

    made.record, made.demand = made.checks.record, demand
    move = SimpleNamespace(checks=[Check("runstates", True, "destination suspended")], started=0.0)
    made.path = SimpleNamespace(hot_patch=lambda *_: move)
    made.move = move
    monkeypatch.setattr(asleep, "ASLEEP_SECONDS", 0.0)
    monkeypatch.setattr(asleep, "management_of", lambda _machine: made.guest)
    return made


def test_guest_that_sleeps_on_and_wakes_passes(attempt: Any) -> None:
    """Lose this and every build is blamed."""
    sleeper = Asleep(attempt)
    sleeper.falls_asleep()
    assert (attempt.guest.asleep, attempt.began) == (True, False)
    assert sleeper.hot_patch()
    assert sleeper.wakes()
    assert not attempt.guest.asleep
    assert attempt.patched.move.paused


def test_guest_that_does_not_sleep_is_unsupported(attempt: Any) -> None:
    """Lose this and an update is blamed for a machine that never could sleep."""
    attempt.guest = Sleeper(falls_asleep=False)
    with pytest.raises(Unsupported, match="does not fall asleep"):
        Asleep(attempt).falls_asleep()


def test_guest_that_the_move_wakes_fails(attempt: Any) -> None:
    """Lose this and a guest that its owner has suspended runs after the update."""
    attempt.move.checks[0] = Check("runstates", False, "destination running")
    sleeper = Asleep(attempt)
    sleeper.falls_asleep()
    with pytest.raises(HotPatchFailure, match="destination running"):
        sleeper.hot_patch()


def test_guest_that_never_wakes_fails(attempt: Any) -> None:
    """Lose this and a guest that is lost in its sleep passes."""
    attempt.guest = Sleeper(wakes=(BAD,))
    sleeper = Asleep(attempt)
    sleeper.falls_asleep()
    sleeper.hot_patch()
    with pytest.raises(HotPatchFailure, match="waited 6 s"):
        sleeper.wakes()
