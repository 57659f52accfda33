# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that harm no guest but cost: time, memory, descriptors. Found by comparing with old→old."""

from __future__ import annotations

from suites.harness.support.seeds import COST, LOADS, Seed, SeededBuild
from suites.harness.support.tamper.rules import Flow, Tampering
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, Wrong, does

IDLE, SHARING = "qmp-precopy-idle-bare-1vcpu-costs", "qmp-ignore-shared-idle-bare-1vcpu-costs"
SLOWLY = 16.0
"""MiB/s; the cell that it slows moves at 125 MiB/s on a quiet machine. At a tenth of that the move never ends
there: beats dirty 4 MiB all the time, which do not fit into the downtime limit of 300 ms below 14 MiB/s."""
TENTH = 12.5
"""The same of the cell that ends by postcopy, whatever the speed."""
SELECT = ("suites/cost", "--arch=x86_64", "-k")

SLOW_TO_GO_ON = SeededBuild(
    "slow-to-go-on",
    "new",
    (*SELECT, "qmp-precopy"),
    (
        Seed(
            "700 ms more blackout",
            does("on-message", GUEST_RUNS, "pause 700", when=RECEIVES),
            IDLE,
            "defect-new",
            ("cost: ", "silence at the switchover ms", "wrong → itself costs as much"),
            harm="slow",
        ),
    ),
    slow=True,
)

SLOW_TO_LOAD = SeededBuild(
    "slow-to-load",
    "new",
    ("suites/cost", "--arch=x86_64", "-m", "slow or not slow", "-k", "libvirt-precopy"),
    (
        Seed(
            "memory arrives slowly",
            Wrong(),
            "libvirt-precopy-idle-bare-1vcpu-costs",
            "defect-new",
            ("cost: ", "total ms", "MiB/s", "wrong → itself costs as much"),
            tampering=Tampering(flow=Flow(mib_per_second=SLOWLY)),
            harm="slow",
        ),
    ),
    slow=True,
)

A_TENTH_OF_THE_THROUGHPUT = SeededBuild(
    "a-tenth-of-the-throughput",
    "new",
    ("suites/cost", "--arch=x86_64", "-m", "slow or not slow", "-k", "qmp-postcopy-immediate"),
    (
        Seed(
            "memory arrives at a tenth of the throughput",
            Wrong(),
            "qmp-postcopy-immediate-idle-bare-1vcpu-costs",
            "defect-new",
            ("cost: ", "total ms", "wrong → itself costs as much"),
            tampering=Tampering(flow=Flow(mib_per_second=TENTH)),
            harm="slow",
        ),
    ),
    slow=True,
)

SLOW_TO_SWITCH = SeededBuild(
    "slow-to-switch",
    "new",
    ("suites/cost", "--arch=x86_64", "-m", "slow or not slow", "-k", "qmp-postcopy-idle"),
    (
        Seed(
            "device state arrives 700 ms late",
            Wrong(),
            "qmp-postcopy-idle-virtio-1vcpu-costs",
            "defect-new",
            ("cost: ", "STOP to RESUME ms", "wrong → itself costs as much"),
            tampering=Tampering(flow=Flow(hold_ms=700)),
            harm="slow",
        ),
    ),
    slow=True,
)

LEAKS_MEMORY = SeededBuild(
    "leaks-memory",
    "new",
    (*SELECT, "qmp-precopy"),
    (
        Seed(
            "600 MiB leaked in a load",
            does("on-message", LOADS, "memory 600", when=RECEIVES),
            IDLE,
            "defect-new",
            ("cost: ", "destination peak MiB", "wrong → itself costs as much"),
        ),
    ),
    slow=True,
)

LEAKS_DESCRIPTORS = SeededBuild(
    "leaks-descriptors",
    "new",
    (*SELECT, "ignore-shared"),
    (
        Seed(
            "300 descriptors leaked in a load",
            does("on-message", LOADS, "descriptors 300", when=RECEIVES),
            SHARING,
            "defect-new",
            ("cost: ", "destination descriptors", "wrong → itself costs as much"),
        ),
        Seed(
            "shared memory is private",
            does("replace-in-argument", "share=on", "share=off", when=RECEIVES),
            SHARING,
            "defect-new",
            ("cost: ", "destination shared MiB", "wrong → itself costs as much"),
        ),
    ),
    slow=True,
)

POWER = ("suites/cost", "--arch=ppc64le", "-m", "slow or not slow", "-k")

SLOW_TO_GO_ON_ON_POWER = SeededBuild(
    "slow-to-go-on-on-power",
    "new",
    (*POWER, IDLE),
    (
        Seed(
            "700 ms more blackout (POWER)",
            does("on-message", GUEST_RUNS, "pause 700", when=RECEIVES),
            IDLE,
            "defect-new",
            ("cost: ", "silence at the switchover ms", "wrong → itself costs as much"),
            harm="slow",
        ),
    ),
    slow=True,
)

LEAKS_DESCRIPTORS_ON_POWER = SeededBuild(
    "leaks-descriptors-on-power",
    "new",
    (*POWER, "ignore-shared"),
    (
        Seed(
            "300 descriptors leaked in a load (POWER)",
            does("on-message", LOADS, "descriptors 300", when=RECEIVES),
            SHARING,
            "defect-new",
            ("cost: ", "destination descriptors", "wrong → itself costs as much"),
        ),
        Seed(
            "shared memory is private (POWER)",
            does("replace-in-argument", "share=on", "share=off", when=RECEIVES),
            SHARING,
            "defect-new",
            ("cost: ", "destination shared MiB", "wrong → itself costs as much"),
        ),
    ),
    slow=True,
)

STOPS_LATER = SeededBuild(
    "stops-after-a-minute",
    "new",
    ("suites/life", "--arch=x86_64", "-m", "slow or not slow", "-k", "qmp and long-after"),
    (
        Seed(
            "the guest stops a minute after its move",
            does("on-message", GUEST_RUNS, "later 60 command stop", when=RECEIVES),
            "long-after",
            "defect-new",
            ("alive: after ", "s in wrong: ", "wrong → itself fails alike"),
        ),
    ),
    slow=True,
)

OF_COST = tuple(
    build.of_kind(COST)
    for build in (
        SLOW_TO_GO_ON,
        SLOW_TO_LOAD,
        A_TENTH_OF_THE_THROUGHPUT,
        SLOW_TO_SWITCH,
        LEAKS_MEMORY,
        LEAKS_DESCRIPTORS,
        SLOW_TO_GO_ON_ON_POWER,
        LEAKS_DESCRIPTORS_ON_POWER,
        STOPS_LATER,
    )
)
