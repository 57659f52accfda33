# SPDX-License-Identifier: Apache-2.0
"""What a seeded defect is: what is wrong with which build, and what a run must find and say of it.

Defects that show at different cells share a build and a run. A finding that belongs to none of them is as bad
as one that is missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Literal

from suites.harness.support.wrong_builds import Wrong

LOADS = '"status": "active"'
"""What a destination says when the guest begins to come in."""
MIGRATE = '"migrate"'


@dataclass(frozen=True)
class Seed:
    """One defect."""

    name: str
    wrong: Wrong
    subject: str
    """The cell that shows it: its subject, or what its id ends with."""
    outcome: str
    words: tuple[str, ...]
    """What the reason must say."""


@dataclass(frozen=True)
class SeededBuild:
    """A wrong build, qualified against the right one that it is made from."""

    name: str
    role: Literal["old", "new"]
    """Which of the two it is."""
    select: tuple[str, ...]
    """pytest's words after the command."""
    seeds: tuple[Seed, ...]
    slow: bool = False

    @property
    def wrong(self) -> Wrong:
        """All that is wrong with it."""
        return reduce(add, (seed.wrong for seed in self.seeds), Wrong())


def hotpatch(*cells: str) -> tuple[str, ...]:
    """Booted guests of x86_64, moved by QMP: these cells, `slow` ones or not."""
    chosen = " or ".join(cells)
    return ("suites/hotpatch", "--arch=x86_64", "-m", "slow or not slow", "-k", f"qmp and ({chosen})")


def compat(part: str, subject: str, arch: str = "x86_64") -> tuple[str, ...]:
    """Guests that never boot: of one part of the sweeps, what matches `subject`."""
    return ("suites/compat", f"--arch={arch}", "-k", part, "--subject", subject)
