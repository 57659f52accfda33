# SPDX-License-Identifier: Apache-2.0
"""Seeded defects for the checks that only cells about KVM make: a build that does not use what KVM offers."""

from __future__ import annotations

from typing import Literal

from suites.harness.support.seeds import BUILD, TIME, Seed, SeededBuild
from suites.harness.support.seeds_on_emulated_hosts import EMULATED
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does, sets

RING = "qmp-precopy-busy-bare-1vcpu-kvm-dirty-ring"
CLOCK = "qmp-precopy-idle-bare-1vcpu-kvm-clock"


def _seed(name: str, wrong: Wrong, cell: str, outcome: str, word: str, kind: str = BUILD) -> Seed:
    return Seed(name, wrong, f"-{cell}", outcome, (word,), kind)


def _one(role: Literal["old", "new"], name: str, found: Seed) -> SeededBuild:
    """A build with one defect: a cell and its controls take two to four minutes there."""
    cell = found.subject.removeprefix("-")
    select = ("suites/kvm", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{cell}]", *EMULATED)
    return SeededBuild(name, role, select, (found,), slow=True)


NO_RING = _one(
    "new",
    "kvm-without-ring",
    _seed(
        "no dirty ring at the destination",
        does("replace-in-argument", "dirty-ring-size=4096", "dirty-ring-size=0", when=RECEIVES),
        RING,
        "defect-new",
        "dirty-ring: QEMU says: ",
    ),
)
NO_CLOCK = _one(
    "old",
    "kvm-without-clock",
    _seed(
        "the guest has no kvm-clock",
        sets("x86_64-cpu", "kvmclock", "off"),
        CLOCK,
        "error",
        "before the hot patch, on wrong: clock-source: the guest's clock source is ",
        TIME,
    ),
)

OF_KVM = (NO_RING, NO_CLOCK)
