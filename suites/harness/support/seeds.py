# SPDX-License-Identifier: Apache-2.0
"""Seeded defects: what is wrong with which build, and what a run must report about it.

Defects that affect different cells share a build and a run. A finding that belongs to no seeded defect fails
the test, as a missed defect does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Literal

from suites.harness.support.wrong_builds import Wrong

LOADS = '"status": "active"'
"""A destination reports this when the migration stream starts to arrive."""
MIGRATE = '"migrate"'


@dataclass(frozen=True)
class Seed:
    """One defect."""

    name: str
    wrong: Wrong
    subject: str
    """Subject of the cell that finds the defect, or the end of its id."""
    outcome: str
    words: tuple[str, ...]
    """Texts that the reason must contain."""


@dataclass(frozen=True)
class SeededBuild:
    """A build with defects, qualified against the real build from which it was made."""

    name: str
    role: Literal["old", "new"]
    """Whether the build with defects is the old or the new one of the pair."""
    select: tuple[str, ...]
    """Arguments of pytest that select the cells."""
    seeds: tuple[Seed, ...]
    slow: bool = False

    @property
    def wrong(self) -> Wrong:
        """The defects of all seeds together."""
        return reduce(add, (seed.wrong for seed in self.seeds), Wrong())


def hotpatch(*cells: str, arch: str = "x86_64") -> tuple[str, ...]:
    """Arguments that select these cells with booted guests moved through QMP, slow ones included."""
    chosen = " or ".join(cells)
    return ("suites/hotpatch", f"--arch={arch}", "-m", "slow or not slow", "-k", f"qmp and ({chosen})")


def compat(part: str, subject: str, arch: str = "x86_64") -> tuple[str, ...]:
    """Arguments that select, in one part of the sweeps, the subjects that match the pattern `subject`."""
    return ("suites/compat", f"--arch={arch}", "-k", part, "--subject", subject)
