# SPDX-License-Identifier: Apache-2.0
"""Seeded defects: what is wrong with which build, and what a run must report about it.

Defects that affect different cells share a build and a run. A finding that belongs to no seeded defect fails
the test, as a missed defect does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Literal

from suites.harness.support.tamper.rules import UNTOUCHED, Order, Tampering, Target
from suites.harness.support.wrong_builds import Wrong

LOADS = '"status": "active"'
"""A destination reports this when the migration stream starts to arrive."""
MIGRATE = '"migrate"'
BUILD = "the build offers less, or behaves differently"
MOVE = "the move itself"
NETWORKS = "network"
BUSY_MEMORY = "memory under a busy writer"
OTHER_MEMORY = "memory elsewhere"
CPU = "CPU state"
TIME = "time"
AGAIN = "a second move, or a cancelled one"
FAULTS = "a move that breaks"
AFTERWARDS = "management after the move, devices"
COST = "cost"
DISKS = "disks"
TPMS = "virtual TPMs"
TABLES = "firmware tables"
HIDDEN = "a new defect beside a known one"
OLD_TYPES = "compatibility properties"
Role = Literal["old", "new", "through"]
OR = "|"
"""Between two texts of which one is enough."""


@dataclass(frozen=True)
class Seed:
    """One defect."""

    name: str
    wrong: Wrong
    subject: str
    """Subject of the cell that finds the defect, or the end of its id."""
    outcome: str
    words: tuple[str, ...]
    """Texts that the reason must contain. The first names the check, or several if chance decides which of a
    broken guest's symptoms is seen first."""
    kind: str = BUILD
    """What kind of defect it is: one of the kinds above, by which the table of seeded defects is sorted."""
    tampering: Tampering = UNTOUCHED
    """What a proxy does to the moves of this cell in which the build has its role."""

    known: Tampering = UNTOUCHED
    """What a proxy does to the moves of this cell into the other build: a defect that is known already."""
    harm: str = ""
    """What it must be reported to do to the guest; empty if the test does not look at that."""
    fails_anyway: bool = False
    """True if the correct build fails too when it moves such a guest to itself, but in another way."""

    def orders(self, build: str, role: str, other: str) -> Iterator[Order]:
        """The tampering with the moves of this seed's cell. `other` is the other build of the pair."""
        part: Literal["source", "destination"] = "source" if role == "old" else "destination"
        for name, tampering in ((build, self.tampering), (other, self.known)):
            if tampering != UNTOUCHED:
                yield Order(Target(name, part, f"{self.subject}]"), tampering)


@dataclass(frozen=True)
class SeededBuild:
    """A build with defects, qualified against the real build from which it was made."""

    name: str
    role: Role
    """Whether the build with defects is the old or the new one of the pair, or the one in the middle of the
    chain of a correct build."""
    select: tuple[str, ...]
    """Arguments of pytest that select the cells."""
    seeds: tuple[Seed, ...]
    slow: bool = False
    right: str = ""
    """The build without these defects; empty: the new build of the pair that this run is given."""
    on_power: bool = False
    """True if its programs also run on an emulated POWER host."""
    huge_pages: int = 0
    """Free huge pages of 2 MiB without which this host has no guest that shows the defect."""

    @property
    def wrong(self) -> Wrong:
        """The defects of all seeds together."""
        return reduce(add, (seed.wrong for seed in self.seeds), Wrong())

    def of_kind(self, kind: str) -> SeededBuild:
        """The same; seeds that name no kind are of this one."""
        seeds = (replace(seed, kind=kind) if seed.kind == BUILD else seed for seed in self.seeds)
        return replace(self, seeds=tuple(seeds))

    def orders(self, build: str, other: str) -> tuple[Order, ...]:
        """What the proxies of this run do. `build` is this build's name in the matrix."""
        return tuple(order for seed in self.seeds for order in seed.orders(build, self.role, other))


def hotpatch(*cells: str, arch: str = "x86_64") -> tuple[str, ...]:
    """Arguments that select these cells with booted guests moved through QMP, slow ones included."""
    chosen = " or ".join(cells)
    return ("suites/hotpatch", f"--arch={arch}", "-m", "slow or not slow", "-k", f"qmp and ({chosen})")


def compat(part: str, subject: str, arch: str = "x86_64") -> tuple[str, ...]:
    """Arguments that select, in one part of the sweeps, the subjects that match the pattern `subject`."""
    return ("suites/compat", f"--arch={arch}", "-k", part, "--subject", subject)


def one_defect(name: str, role: Literal["old", "new"], suite: str, found: Seed) -> SeededBuild:
    """A build with one defect, found in a cell of this suite."""
    select = (f"suites/{suite}", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{found.subject}]")
    return SeededBuild(name, role, select, (found,), slow=True)
