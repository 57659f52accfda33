# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of guests that run under KVM, on an emulated host: what KVM gives to and takes from a guest.

The migration stream passes the proxy on this machine; the stand-in for QEMU runs in the host.
"""

from __future__ import annotations

from suites.harness.support.seeds import (
    AFTERWARDS,
    CPU,
    LOADS,
    OTHER_MEMORY,
    TIME,
    Seed,
    SeededBuild,
    hotpatch,
)
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, does, lacks

EMULATED = ("--accelerator=emulated", "--timeout=1400")
"""A cell and its controls take longer there than pytest's usual limit allows, if the host is busy."""
PRECOPY, POSTCOPY = "precopy-idle-bare-1vcpu", "postcopy-idle-bare-1vcpu"
POWER = "pseries-vof.newest-old-qmp-"
SEEN_TO_MOVE = "debian-12"
"""A build that moves POWER guests between two of itself."""
ONE_MINUTE_OF_TICKS = f"{60 * 512_000_000:016x}"
"""POWER's timebase has 512 MHz."""

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

LOSES_ITS_PLACE = build(
    "emulated-loses-its-place",
    seed(
        CPU,
        "next instruction of vCPU 0 (KVM)",
        f"{POWER}ignore-shared-idle-bare-1vcpu",
        field("cpu", "env.nip", "invert"),
        "panic: ",
    ),
    arch="ppc64le",
    more=EMULATED,
    right=SEEN_TO_MOVE,
    on_power=True,
)
"""A register that KVM takes from QEMU by a system call."""

OTHER_TIMEBASE = build(
    "emulated-other-timebase",
    seed(
        TIME,
        "the timebase is a minute ahead (KVM)",
        f"{POWER}ignore-shared-idle-bare-1vcpu",
        field("spapr", "*guest_timebase", "plus", ONE_MINUTE_OF_TICKS),
        "timebase: vCPU 0 is -",
    ),
    arch="ppc64le",
    more=EMULATED,
    right=SEEN_TO_MOVE,
    on_power=True,
)
LINK_DOWN = build(
    "emulated-link-down",
    seed(
        AFTERWARDS,
        "virtio-net's link down (KVM)",
        f"{POWER}ignore-shared-busy-virtio-1vcpu",
        field("virtio-net", "virtio/net/status"),
        "devices: net: ",
    ),
    arch="ppc64le",
    more=EMULATED,
    right=SEEN_TO_MOVE,
    on_power=True,
)

ON_EMULATED_HOSTS = (RECEIVES_BADLY, DROPS_A_PAGE, LOSES_ITS_PLACE, OTHER_TIMEBASE, LINK_DOWN)
