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
Boot = Callable[..., Attempt]
KNOWN = "exit status 134: physmem.c:2479: iotlb_to_section: Assertion `index < sections' failed."


@pytest.fixture
def boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Boot:
    """An attempt in which so many QEMUs end with `said`, one after another, while they boot the guest."""

    def attempt(dying: int, said: str = KNOWN) -> Attempt:
        ends = iter([True] * dying)

        def start(*_arguments: object) -> None:
            dies = next(ends, False)
            (tmp_path / "source-stderr.txt").write_text(said if dies else "")
            if dies:
                raise DiedAtBoot(f"the guest did not boot: {said}")

        plan = MigrationPlan("precopy", (), 0, bandwidth=0)
        build: Any = SimpleNamespace(name="a build")
        monkeypatch.setattr(Attempt, "_way", lambda _attempt: SimpleNamespace(start=start))
        return Attempt(Setting(SPEC, build, build, "qmp", plan, HostSetup(tmp_path, tmp_path, "tcg")))

    return attempt


def test_guest_whose_qemu_dies_at_boot_is_booted_again(boots: Boot) -> None:
    """Lose this and a rare crash of a healthy pair's old build leaves an update undecided."""
    with boots(1) as attempt:
        (check,) = attempt.checks
    assert (check.name, check.held) == ("boot", True)
    assert check.detail.endswith(
        "iotlb_to_section: Assertion `index < sections' failed.; the second boot went well"
    )


def test_evidence_of_the_first_boot_is_kept(boots: Boot, tmp_path: Path) -> None:
    """Lose this and nobody can look into a crash at boot, because the second boot overwrites what it left."""
    with boots(1):
        pass
    evidence = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert evidence == {"first-boot-source-stderr.txt": KNOWN, "source-stderr.txt": ""}


def test_guest_whose_qemu_dies_at_boot_for_another_reason_is_not_booted_again(boots: Boot) -> None:
    """Lose this and a build that crashes in some of its boots counts as one that boots well."""
    with pytest.raises(RigError, match="exit status 139"), boots(1, "exit status 139"):
        pass


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
