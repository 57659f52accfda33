# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that a guest meets on its way through several builds."""

from __future__ import annotations

from typing import Literal

from suites.harness.support.seeds import LOADS, MIGRATE, Seed, SeededBuild
from suites.harness.support.seeds_of_life import life
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, Wrong, does

CELL = "qmp-precopy-busy-virtio-2vcpu-chain"
RIGHT = "debian-13"
SELECT = life(f"{CELL}]")


def _one(
    name: str, role: Literal["through", "new"], what: str, wrong: Wrong, outcome: str, said: str
) -> SeededBuild:
    """A build with one defect in the middle or at the end of a chain; the others are correct."""
    select = SELECT if role == "through" else (*SELECT, f"--through={RIGHT}")
    found = Seed(what, wrong, CELL, outcome, (said, "wrong → itself fails alike"))
    return SeededBuild(name, role, select, (found,), slow=True, right=RIGHT)


OF_CHAINS = (
    _one(
        "sends-no-guest-on",
        "through",
        "the build in the middle of a chain dies when it sends on a guest",
        does("on-command", MIGRATE, "die", when=RECEIVES),
        "defect-old",
        "migrate: second move of the chain, wrong → debian-13: source",
    ),
    _one(
        "dies-at-the-end-of-a-chain",
        "new",
        "the last build of a chain dies while it loads",
        does("on-message", LOADS, "die", when=RECEIVES),
        "defect-new",
        "migrate: second move of the chain, debian-13 → wrong: ",
    ),
    _one(
        "stops-in-a-chain",
        "new",
        "the guest stops two seconds after the last move of a chain",
        does("on-message", GUEST_RUNS, "later 2 command stop", when=RECEIVES),
        "defect-new",
        "alive: second move of the chain, debian-13 → wrong: ",
    ),
)
