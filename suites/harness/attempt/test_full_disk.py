# SPDX-License-Identifier: Apache-2.0
"""A guest must stand still with a full disk before its move and after it, and go on when it is resumed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import full_disk
from fixtures.attempt.full_disk import FullDisk
from fixtures.errors import RigError
from fixtures.evidence.checks import Check

STILL = ""


class Stage:
    """An attempt, its guest, the machine and its management layer in one."""

    def __init__(self) -> None:
        self.guest = self.machine = self
        self.setting = SimpleNamespace(new=None, plan=None)
        self.build = SimpleNamespace(name="old")
        self.path = self
        self.stands_still = self.io_error = False
        self.is_full = True
        self.moved_while = (False, False)
        self.resumed = 0

    def judged(self, move: Any) -> Any:
        """What was moved, unjudged."""
        return move()

    def is_suspended_by_error(self) -> bool:
        """As QEMU says."""
        return self.is_full

    def hot_patch(self, *_: object) -> Any:
        """Move the guest, in the state in which it is."""
        self.moved_while = (self.stands_still, self.io_error)
        return SimpleNamespace(checks=[], paused=False, runs_by=None)

    def resume(self) -> None:
        """As the management layer does."""
        self.resumed += 1


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A guest whose disk fills at once. Nothing waits for one that does not."""
    made = Stage()
    monkeypatch.setattr(full_disk, "FULL_SECONDS", 0.0)
    monkeypatch.setattr(full_disk, "management_of", lambda _machine: made)
    monkeypatch.setattr(full_disk, "AttemptDisk", lambda _: SimpleNamespace(begins=lambda laps: laps))
    monkeypatch.setattr(full_disk, "Seen", lambda *_: SimpleNamespace(still=lambda: STILL))
    return made


def test_guest_is_moved_while_it_stands_still_and_then_resumed(stage: Any) -> None:
    """Lose this and the cell moves a guest that runs, or leaves it suspended."""
    move: Any = FullDisk(stage).hot_patch()
    assert stage.moved_while == (True, True)
    assert (stage.stands_still, stage.io_error, stage.resumed) == (False, False, 1)
    assert (move.paused, [bool(check) for check in move.checks]) == (True, [True])
    assert move.runs_by is not None


def test_guest_that_beats_before_it_is_resumed_is_found(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a QEMU that says io-error and runs the guest passes."""
    monkeypatch.setattr(full_disk, "Seen", lambda *_: SimpleNamespace(still=lambda: "3 beats came"))
    move: Any = FullDisk(stage).hot_patch()
    assert move.checks == [Check("stays-paused", False, "3 beats came")]


def test_guest_that_is_not_suspended_is_an_error(stage: Any) -> None:
    """Lose this and a build is blamed for a disk that never was full."""
    stage.is_full = False
    with pytest.raises(RigError, match="old does not suspend a guest whose disk is full"):
        FullDisk(stage).hot_patch()
