# SPDX-License-Identifier: Apache-2.0
"""A paused guest is moved, watched and resumed, in this order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import managed
from fixtures.attempt.managed import paused_hot_patch
from fixtures.evidence.checks import Check
from fixtures.guest import seen
from suites.harness.support.scripted_managed import ScriptedGuest


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> ScriptedGuest:
    """A guest whose management layer is itself."""
    scripted = ScriptedGuest()
    monkeypatch.setattr(seen, "STILL_SECONDS", 0.0)
    monkeypatch.setattr(managed, "management_of", lambda _guest: scripted)
    monkeypatch.setattr(managed, "can_spin", lambda *_: True)
    return scripted


def moved(guest: ScriptedGuest, *, wakes: bool) -> Check:
    """The check of a move after which the guest runs, or stands still."""
    move = SimpleNamespace(checks=[], paused=False)

    def hot_patch(*_: object) -> Any:
        assert (guest.running, guest.stands_still) == (False, True)
        guest.running = wakes
        return move

    host = SimpleNamespace(accelerator="tcg")
    setting = SimpleNamespace(old=None, new=None, plan=None, spec=None, host=host)
    path = SimpleNamespace(hot_patch=hot_patch)
    attempt: Any = SimpleNamespace(guest=guest, setting=setting, path=path, judged=lambda make: make())
    assert paused_hot_patch(attempt)().paused  # type: ignore[attr-defined]
    assert (guest.running, guest.stands_still) == (True, False)
    return move.checks[-1]  # type: ignore[no-any-return]


def test_guest_that_stands_still_passes(guest: ScriptedGuest) -> None:
    """Lose this and every build is blamed."""
    assert moved(guest, wakes=False)


def test_guest_that_runs_is_found(guest: ScriptedGuest) -> None:
    """Lose this and an update that starts paused guests passes."""
    check = moved(guest, wakes=True)
    assert (check.name, check.held) == ("stays-paused", False)
