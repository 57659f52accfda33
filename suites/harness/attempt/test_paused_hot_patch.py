# SPDX-License-Identifier: Apache-2.0
"""A paused guest is moved, watched and resumed, in this order."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import managed
from fixtures.attempt.managed import paused_hot_patch, paused_hot_patches
from fixtures.errors import Refused
from fixtures.evidence.checks import Check
from fixtures.guest import seen
from fixtures.path.interface import Move
from suites.harness.support.scripted_managed import ScriptedGuest


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> ScriptedGuest:
    """A guest whose management layer is itself."""
    scripted = ScriptedGuest()
    monkeypatch.setattr(seen, "STILL_SECONDS", 0.0)
    monkeypatch.setattr(managed, "management_of", lambda _machine: scripted)
    return scripted


def attempt_of(guest: ScriptedGuest, hot_patch: Callable[..., Any]) -> Any:
    """An attempt whose move is `hot_patch`."""
    setting = SimpleNamespace(new=None, plan=None)
    path = SimpleNamespace(hot_patch=hot_patch)
    return SimpleNamespace(
        guest=guest, setting=setting, path=path, judged=lambda make, *, paused: make() if paused else None
    )


def moved(guest: ScriptedGuest, *, wakes: bool) -> Check:
    """The check of a move after which the guest runs, or stands still."""
    move = SimpleNamespace(checks=[], paused=False)

    def hot_patch(*_: object) -> Any:
        assert (guest.running, guest.stands_still) == (False, True)
        guest.running = wakes
        return move

    assert paused_hot_patch(attempt_of(guest, hot_patch))().paused  # type: ignore[attr-defined]
    assert (guest.running, guest.stands_still) == (True, False)
    return move.checks[-1]  # type: ignore[no-any-return]


def test_guest_that_stands_still_passes(guest: ScriptedGuest) -> None:
    """Lose this and every build is blamed."""
    assert moved(guest, wakes=False)


def test_guest_that_runs_is_found(guest: ScriptedGuest) -> None:
    """Lose this and an update that starts paused guests passes."""
    check = moved(guest, wakes=True)
    assert (check.name, check.held) == ("stays-paused", False)


def test_guest_runs_on_after_a_refusal(guest: ScriptedGuest) -> None:
    """Lose this and a guest whose move was refused stays paused, or its next move is expected to be."""

    def refused(*_: object) -> Any:
        raise Refused("the destination lacks it")

    with pytest.raises(Refused):
        paused_hot_patch(attempt_of(guest, refused))()
    assert (guest.running, guest.stands_still) == (True, False)


def test_paused_guest_is_moved_on_as_one_move(guest: ScriptedGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the machine that never ran the guest is taken for its source, and has no beats."""
    monkeypatch.setattr(managed, "negotiated", lambda *_: None)
    guest.machines = [guest.machine]  # type: ignore[attr-defined]
    moves = [
        Move("precopy", f"from {number}", f"to {number}", number, number + 0.5, [], None)  # type: ignore[arg-type]
        for number in (1.0, 2.0)
    ]

    def hot_patch(*_: object) -> Move:
        guest.machine = SimpleNamespace(build=None, registers=lambda: None, channels=guest.machine.channels)
        guest.machines.append(guest.machine)
        return moves.pop(0)

    attempt = attempt_of(guest, hot_patch)
    attempt.setting.plan = SimpleNamespace(mechanism="precopy")
    attempt.setting.spec, attempt.setting.host = guest.spec, SimpleNamespace(programs=None)
    move: Any = paused_hot_patches(attempt)()
    assert (move.source, move.destination, move.started, move.ended) == ("from 1.0", "to 2.0", 1.0, 2.5)
    assert len(guest.machines) == 2
