# SPDX-License-Identifier: Apache-2.0
"""Guests that are moved at the same time: a failure of one is that guest's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import crowd
from fixtures.attempt.crowd import GUESTS, Crowd
from fixtures.errors import HotPatchFailure, RigError


class Stage:
    """An attempt with a guest, moved within these host times; or its move fails.

    `before`: what the guest does before its move.
    """

    def __init__(
        self,
        started: float = 0.0,
        ended: float = 1.0,
        *,
        fails: bool = False,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self.guest, self.setting = object(), SimpleNamespace(new="new", plan="plan")
        self.patched: Any = None
        self.began = False
        move = SimpleNamespace(started=started, ended=ended)
        self.path = SimpleNamespace(hot_patch=lambda *_: move)
        self._fails = fails
        self._before = before

    def judged(self, hot_patch: Callable[[], Any]) -> Any:
        """Move the guest."""
        self._before()
        move = hot_patch()
        if self._fails:
            raise HotPatchFailure("memory", "page 7 is wrong")
        self.patched = SimpleNamespace(move=move)
        return self.patched


def _crowd(monkeypatch: pytest.MonkeyPatch, *stages: Stage) -> tuple[Crowd, list[Any]]:
    """A crowd whose guests have booted, and the list of those whose moves are cancelled."""
    cancelled: list[Any] = []

    def cancels(stage: Stage, begins: Callable[[], object]) -> None:
        begins()
        cancelled.append(stage)

    monkeypatch.setattr(crowd, "_cancelled", cancels)
    made = Crowd(stages[0])  # type: ignore[arg-type]
    made._others = list(stages[1:])  # type: ignore[arg-type]
    return made, cancelled


def test_all_move_but_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and no move is cancelled, or another guest's."""
    stages = [Stage() for _ in range(GUESTS)]
    made, cancelled = _crowd(monkeypatch, *stages)
    assert made.hot_patch() is stages[0].patched
    assert cancelled == [stages[-1]]
    assert [each.patched is not None for each in stages] == [True, True, True, False]


def test_failure_is_that_guests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the harm of a guest is looked for at another one, which is well."""
    stages = [Stage(), Stage(fails=True), Stage(), Stage()]
    third, path = stages[1].guest, stages[1].path
    made, _ = _crowd(monkeypatch, *stages)
    with pytest.raises(HotPatchFailure, match="guest 2 of 4: page 7 is wrong") as raised:
        made.hot_patch()
    assert (raised.value.check, raised.value.cause) == ("memory", "page 7 is wrong")
    assert (stages[0].guest, stages[0].path) == (third, path)


def test_moves_one_after_another_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and guests count as moved at once that were not."""
    stages = [Stage(0, 1), Stage(0, 3), Stage(2, 3), Stage()]
    made, _ = _crowd(monkeypatch, *stages)
    with pytest.raises(RigError, match="one after another"):
        made.hot_patch()


def test_moves_begin_when_all_guests_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and on a busy host one guest has moved before another one is ready, which is an error."""
    ready, moved = threading.Event(), []
    late = Stage(before=lambda: ready.wait(10))
    others = [Stage(), Stage(), Stage()]

    def moves(*_: object) -> Any:
        moved.append(ready.is_set())
        return SimpleNamespace(started=0, ended=1)

    for each in others[:2]:
        each.path.hot_patch = moves
    made, _ = _crowd(monkeypatch, late, *others)
    threading.Timer(0.3, ready.set).start()
    made.hot_patch()
    assert moved == [True, True]


def test_guest_that_fails_before_its_move_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and all that is said is that the others waited for it."""

    def fails() -> None:
        raise HotPatchFailure("alive", "no beat")

    made, _ = _crowd(monkeypatch, Stage(), Stage(), Stage(before=fails), Stage())
    with pytest.raises(HotPatchFailure, match="guest 3 of 4: no beat"):
        made.hot_patch()
