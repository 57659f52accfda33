# SPDX-License-Identifier: Apache-2.0
"""A QEMU that ends while it boots a guest says nothing about a move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.attempt import Attempt, Setting
from fixtures.errors import DiedAtBoot, RigError
from fixtures.evidence.beats import Line
from fixtures.guest.guest import Guest
from fixtures.machine.qmp_machine import HostSetup
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.waiting import Deadline

SPEC = GuestSpec("x86_64", "pc-q35-9.0", 1, "idle", "bare", 0)
Boot = Callable[[int], Attempt]


@pytest.fixture
def boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Boot:
    """An attempt in which so many QEMUs end, one after another, while they boot the guest."""

    def attempt(dying: int) -> Attempt:
        ends = iter([True] * dying)

        def start(*_arguments: object) -> None:
            if next(ends, False):
                raise DiedAtBoot("the guest did not boot: exit status 134")

        plan = MigrationPlan("precopy", (), 0, 0)
        build: Any = SimpleNamespace(name="a build")
        monkeypatch.setattr(Attempt, "_way", lambda _attempt: SimpleNamespace(start=start))
        return Attempt(Setting(SPEC, build, build, "qmp", plan, HostSetup(tmp_path, tmp_path, "tcg")))

    return attempt


def test_guest_whose_qemu_dies_at_boot_is_booted_again(boots: Boot) -> None:
    """Lose this and a rare crash of a healthy pair's old build leaves an update undecided."""
    with boots(1) as attempt:
        (check,) = attempt.checks
    assert (check.name, check.held) == ("boot", True)
    assert "exit status 134; the second boot went well" in check.detail


def test_guest_whose_qemu_dies_at_each_boot_is_not_judged(boots: Boot) -> None:
    """Lose this and a build that cannot boot a guest is blamed for a move, or counts as one that moved it."""
    with pytest.raises(RigError, match="did not boot"), boots(2):
        pass


def test_qemu_that_ends_before_the_first_beat_died_at_boot() -> None:
    """Lose this and a crash at boot counts as a guest that hangs."""

    def wait_for(look: Callable[[], object], _deadline: Deadline, **_named: object) -> object:
        return look()

    console = SimpleNamespace(lines=[Line(1.0, b"SeaBIOS")], closed=True, wait_for=wait_for)
    machine: Any = SimpleNamespace(
        channels={"console": console}, build=SimpleNamespace(name="a build"), last_words=lambda: "Assertion"
    )
    with pytest.raises(DiedAtBoot, match=r"a build: QEMU closed the console .*: Assertion"):
        Guest(SPEC, lambda check: check).boots_on(machine)
