# SPDX-License-Identifier: Apache-2.0
"""A guest whose moves end as scripted, for tests of what follows its hot patch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fixtures.attempt.attempt import Attempt, Setting
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.evidence.beats import Gap
from fixtures.evidence.checks import Check
from fixtures.machine.host import HostSetup
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.path.interface import Move

OLD, NEW = (Build(name, Sandbox(Path("/")), {}) for name in ("old", "new"))
PLAN = MigrationPlan("precopy", (), 1, bandwidth=1)
SPEC = GuestSpec("x86_64", "pc-q35-9.0", 1, "idle", "bare", 0)
BLACKOUT = Gap(1.0, 1.1)


class ScriptedGuest:
    """A guest that beats until it is broken."""

    def __init__(self, record: Callable[[Check], Check]) -> None:
        self.machines: list[Any] = []
        self.broken = False
        self.record = record

    @property
    def machine(self) -> Any:
        """The machine that runs it."""
        return self.machines[-1]

    def goes_on(self) -> Check:
        """As scripted."""
        return self.record(Check("alive", not self.broken, "as scripted"))

    def memory_is_intact(self) -> Check:
        """As scripted."""
        return self.record(Check("memory", not self.broken, "page 7"))

    def blackout(self, **_span: float) -> Gap:
        """Always the same."""
        return BLACKOUT

    def beats(self) -> list[Any]:
        """None, which no test here reads."""
        return []

    def __getattr__(self, name: str) -> Holds:
        """All else that a hot patch asks of a guest, or checks, holds."""
        return Holds()


class Holds:
    """A check, some checks, or a part of the guest with checks: all of them hold."""

    def __call__(self, *_: object) -> Holds:
        """Hold."""
        return self

    def __getattr__(self, name: str) -> Holds:
        return self

    def __iter__(self) -> Iterator[Check]:
        return iter(())


class ScriptedPath:
    """A path whose moves raise what a test puts into `ends`, one after another."""

    name = "scripted"

    def __init__(self) -> None:
        self.ends: list[Exception | None] = []
        self.moves: list[str] = []
        """The moves so far: source, destination, and whether it was cancelled."""
        self.status: Check | None = None
        """How the last QEMU ends."""

    def hot_patch(self, guest: ScriptedGuest, build: Build, plan: MigrationPlan) -> Move:
        """Move the guest, or fail as scripted."""
        source = guest.machine
        self._begin(source, build, "")
        guest.machines.append(machine(build))
        checks = [Check("new-build", True, f"the executable of {build.name}")]
        return Move(plan.mechanism, source, guest.machine, 1.0, 1.1, [], None, checks=checks)

    def cancelled(self, guest: ScriptedGuest, build: Build, *_: object) -> None:
        """Begin a move and cancel it, or fail as scripted."""
        self._begin(guest.machine, build, ", cancelled")

    def exit_status(self) -> Check | None:
        """As scripted."""
        return self.status

    def _begin(self, source: Any, build: Build, how: str) -> None:
        self.moves.append(f"{source.build.name} → {build.name}{how}")
        end = self.ends.pop(0) if self.ends else None
        if end is not None:
            raise end


def machine(build: Build) -> Any:
    """A machine of this build without events."""
    return SimpleNamespace(build=build, marks=lambda since: [])  # noqa: ARG005


def life(tmp_path: Path, old: Build = OLD, new: Build = NEW) -> Any:
    """An attempt whose guest runs on `old`."""
    attempt: Any = Attempt(Setting(SPEC, old, new, "qmp", PLAN, HostSetup(Path("/"), tmp_path, "tcg")))
    attempt.guest = ScriptedGuest(attempt.record)
    attempt.guest.machines = [machine(old)]
    attempt.path = ScriptedPath()
    return attempt
