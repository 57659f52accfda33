# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that a guest meets on its way through several builds."""

from __future__ import annotations

from suites.harness.support.seeds import LOADS, MIGRATE, Seed, SeededBuild
from suites.harness.support.seeds_of_life import life
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, does

CELL = "qmp-precopy-busy-virtio-2vcpu-chain"
RIGHT = "debian-13"
SELECT = life(f"{CELL}]")

OF_CHAINS = (
    SeededBuild(
        "sends-no-guest-on",
        "through",
        SELECT,
        (
            Seed(
                "the build in the middle of a chain dies when it sends on a guest",
                does("on-command", MIGRATE, "die", when=RECEIVES),
                CELL,
                "defect-old",
                (
                    "migrate: second move of the chain, wrong → debian-13: source",
                    "wrong → itself fails alike",
                ),
            ),
        ),
        slow=True,
        right=RIGHT,
    ),
    SeededBuild(
        "dies-at-the-end-of-a-chain",
        "new",
        (*SELECT, f"--through={RIGHT}"),
        (
            Seed(
                "the last build of a chain dies while it loads",
                does("on-message", LOADS, "die", when=RECEIVES),
                CELL,
                "defect-new",
                ("migrate: second move of the chain, debian-13 → wrong: ", "wrong → itself fails alike"),
            ),
        ),
        slow=True,
        right=RIGHT,
    ),
    SeededBuild(
        "stops-in-a-chain",
        "new",
        (*SELECT, f"--through={RIGHT}"),
        (
            Seed(
                "the guest stops two seconds after the last move of a chain",
                does("on-message", GUEST_RUNS, "later 2 command stop", when=RECEIVES),
                CELL,
                "defect-new",
                ("alive: second move of the chain, debian-13 → wrong: ", "wrong → itself fails alike"),
            ),
        ),
        slow=True,
        right=RIGHT,
    ),
)
