# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of guests that run under KVM, on an emulated host: what KVM gives to and takes from a guest.

The migration stream passes the proxy on this machine; the stand-in for QEMU runs in the host.
"""

from __future__ import annotations

from suites.harness.support.seeds import CPU, LOADS, OTHER_MEMORY, TIME, Seed, SeededBuild, hotpatch
from suites.harness.support.seeds_of_time import HOUR_NS
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, does, lacks

EMULATED = ("--accelerator=emulated", "--timeout=1400")
"""A cell and its controls take longer there than pytest's usual limit allows, if the host is busy."""
PRECOPY, POSTCOPY = "precopy-idle-bare-1vcpu", "postcopy-idle-bare-1vcpu"
POWER = "pseries-vof.newest-old-qmp-"
SEEN_TO_MOVE = "debian-12"
"""A build that moves POWER guests between two of itself."""
ONE_MINUTE = f"{60 * 512_000_000:016x}"
"""Ticks of POWER's timebase, which has 512 MHz: more than a move stops the guest on a busy host.

A clock that stood still for the stop and one that went on are both right, so less may not be seen.
"""

RECEIVES_BADLY = SeededBuild(
    "emulated-receives-badly",
    "new",
    (*hotpatch(PRECOPY, POSTCOPY), *EMULATED),
    (
        Seed(
            "dies while it loads (KVM)",
            does(
                "on-message",
                LOADS,
                "die error while loading state for instance 0x0 of device 'kvmclock'",
                when=RECEIVES,
            ),
            PRECOPY,
            "defect-new",
            ("migrate: destination QEMU is gone", "state for instance 0x0 of device 'kvmclock'"),
        ),
        Seed(
            "postcopy gone (KVM)",
            lacks("postcopy-ram"),
            POSTCOPY,
            "unsupported",
            ("the destination lacks migration capability `postcopy-ram`",),
        ),
    ),
    slow=True,
)

DROPS_A_PAGE = SeededBuild(
    "emulated-drops-a-page",
    "new",
    (*hotpatch(f"{POWER}{PRECOPY}]", arch="ppc64le"), *EMULATED),
    (
        Seed(
            "a page of memory is lost (KVM)",
            does("on-message", GUEST_RUNS, "zero 7", when=RECEIVES),
            f"{POWER}{PRECOPY}",
            "defect-new",
            ("memory: 1 of 8192 pages damaged; first 7",),
            OTHER_MEMORY,
        ),
    ),
    slow=True,
    right=SEEN_TO_MOVE,
    on_power=True,
)

LOSES_STATE = build(
    "emulated-loses-state",
    seed(
        CPU,
        "general registers of vCPU 0 (KVM)",
        f"{POWER}ignore-shared-idle-bare-1vcpu",
        field("cpu", "env.gpr", "invert"),
        "panic: |alive: |vcpus: |agent: ",
    ),
    seed(
        TIME,
        "the timebase is a minute ahead (KVM)",
        f"{POWER}ignore-shared-busy-bare-1vcpu",
        field("spapr", "*guest_timebase", "plus", ONE_MINUTE),
        "timebase: vCPU 0 is -",
    ),
    seed(
        TIME,
        "the real-time clock is an hour ahead (KVM)",
        f"{POWER}{PRECOPY}",
        field("*rtc", "*ns_offset", "replace", HOUR_NS),
        "rtc: it gained 36",
    ),
    arch="ppc64le",
    more=EMULATED,
    right=SEEN_TO_MOVE,
    on_power=True,
)
"""State that KVM takes from QEMU by system calls, and the device that has the time of day."""

ON_EMULATED_HOSTS = (RECEIVES_BADLY, DROPS_A_PAGE, LOSES_STATE)
