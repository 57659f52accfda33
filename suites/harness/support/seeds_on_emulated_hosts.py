# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of guests that run under KVM, on an emulated host: what KVM gives to and takes from a guest.

The migration stream passes the proxy on this machine; the stand-in for QEMU runs in the host.
"""

from __future__ import annotations

from suites.harness.support.seeds import CPU, LOADS, MOVE, OTHER_MEMORY, TIME, Seed, SeededBuild, hotpatch
from suites.harness.support.stream_seeds import build, field, pages, seed
from suites.harness.support.tamper.rules import PageRule
from suites.harness.support.wrong_builds import RECEIVES, does, lacks

EMULATED = "--accelerator=emulated"
TWO_SECONDS_NS = f"{2 * 10**9:016x}"
PRECOPY, POSTCOPY = "precopy-idle-bare-1vcpu", "postcopy-idle-bare-1vcpu"

KEPT_BY_QEMU = build(
    "emulated-memory",
    seed(
        OTHER_MEMORY,
        "pages of zeros (KVM)",
        PRECOPY,
        pages(PageRule("zero", "area", most=2)),
        "memory: 2 of",
    ),
    seed(
        CPU,
        "XMM registers of vCPU 0 (KVM)",
        "ignore-shared-idle-bare-1vcpu",
        field("cpu", "env.xmm_regs*", "invert"),
        "registers: xmm0 of vCPU 0",
    ),
    more=(EMULATED,),
)

KEPT_BY_KVM = build(
    "emulated-kvm",
    seed(
        TIME,
        "kvm-clock is 2 s ahead",
        PRECOPY,
        field("kvmclock", "clock", "plus", TWO_SECONDS_NS),
        "clock",
    ),
    seed(
        MOVE,
        "the I/O APIC's table in the kernel",
        "ignore-shared-idle-bare-1vcpu",
        field("ioapic", "ioredtbl"),
        "alive: ",
    ),
    more=(EMULATED,),
)
"""State that only KVM has: it is in no QEMU, and is read and set by system calls."""

RECEIVES_BADLY = SeededBuild(
    "emulated-receives-badly",
    "new",
    (*hotpatch(PRECOPY, POSTCOPY), EMULATED),
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

ON_EMULATED_HOSTS = (KEPT_BY_QEMU, KEPT_BY_KVM, RECEIVES_BADLY)
