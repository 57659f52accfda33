# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in the migration stream: a proxy changes what a correct QEMU sends or receives.

Each cell of a run has its own defect, so that many share a run.
"""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, BUSY_MEMORY, CPU, MOVE, OTHER_MEMORY, TIME
from suites.harness.support.stream_seeds import build, field, pages, seed, without
from suites.harness.support.tamper.rules import Flow, PageRule, Tampering

FEW = build(
    "stream-few",
    seed(
        OTHER_MEMORY,
        "bits flipped (multifd)",
        "multifd-idle-bare-2vcpu",
        pages(PageRule("flip", "area", most=3)),
        "memory: ",
        harm="lost",
    ),
    slow=False,
)
"""In `make test`: one, as each takes five hot patches with its controls."""

APIC = build(
    "stream-apic",
    seed(CPU, "local APIC's vector table", "precopy-idle-bare-2vcpu", field("apic#1", "lvt"), "alive: "),
)

MEMORY = build(
    "stream-memory",
    seed(
        OTHER_MEMORY,
        "a page of zeros",
        "precopy-idle-bare-2vcpu",
        pages(PageRule("zero", "area", most=1)),
        "memory: 1 of",
    ),
    seed(
        OTHER_MEMORY,
        "pages of zeros (postcopy)",
        "postcopy-idle-bare-2vcpu",
        pages(PageRule("zero", "area", most=2)),
        "memory: 2 of",
    ),
    seed(
        OTHER_MEMORY,
        "bits flipped (postcopy-preempt)",
        "postcopy-preempt-idle-bare-2vcpu",
        pages(PageRule("flip", "area", most=2)),
        "memory: 2 of",
    ),
    seed(
        OTHER_MEMORY,
        "pages missing (mapped-ram)",
        "mapped-ram-idle-bare-2vcpu",
        pages(PageRule("drop", "area", most=2)),
        "memory: 2 of",
    ),
)
"""Damaged memory of an idle guest, by mechanism."""

BUSY = build(
    "stream-busy-memory",
    seed(
        BUSY_MEMORY,
        "a tenth of the pages missing (multifd)",
        "multifd-busy-bare-2vcpu",
        pages(PageRule("drop", "area", one_in=10)),
        "memory: ",
    ),
    seed(
        BUSY_MEMORY,
        "a tenth of the pages zero (postcopy)",
        "postcopy-busy-bare-2vcpu",
        pages(PageRule("zero", "area", one_in=10)),
        "memory: ",
    ),
    seed(
        BUSY_MEMORY,
        "a tenth of the pages out of date",
        "precopy-busy-bare-1vcpu",
        pages(PageRule("delay", "area", one_in=10)),
        "memory: ",
    ),
)
"""Damaged memory of a guest that writes, by mechanism."""

VCPUS = build(
    "stream-vcpus",
    seed(
        CPU, "general registers of vCPU 1", "precopy-busy-virtio-2vcpu", field("cpu#1", "env.regs"), "panic: "
    ),
    seed(
        CPU, "LSTAR (system calls) of vCPU 0", "multifd-busy-bare-2vcpu", field("cpu", "env.lstar"), "panic: "
    ),
    seed(
        CPU,
        "A20 mask of vCPU 1",
        "precopy-busy-bare-2vcpu",
        field("cpu#1", "env.a20_mask"),
        "alive: ",
        "the guest reset itself",
    ),
    seed(
        CPU,
        "EFER of vCPU 1",
        "precopy-idle-bare-2vcpu",
        field("cpu#1", "env.efer"),
        "alive: ",
        "the guest reset itself",
    ),
    seed(
        CPU,
        "segments of vCPU 1",
        "multifd-idle-bare-2vcpu",
        field("cpu#1", "env.segs*"),
        "alive: ",
        "vCPU 1 is",
    ),
    seed(
        CPU,
        "vCPU 1's state missing",
        "ignore-shared-busy-bare-2vcpu",
        without("cpu#1"),
        "alive: ",
        "the guest reset itself",
    ),
)
"""Registers of vCPUs without which no kernel runs."""

TIMERS = build(
    "stream-timers",
    seed(
        CPU,
        "local APIC switched off",
        "cpr-transfer-idle-virtio-2vcpu",
        field("apic#1", "spurious_vec"),
        "alive: ",
    ),
    seed(CPU, "local APIC's state missing", "cpr-transfer-idle-bare-2vcpu", without("apic#1"), "alive: "),
    seed(
        CPU,
        "local APIC's interrupts never end",
        "cpr-transfer-busy-bare-2vcpu",
        field("apic", "isr", "ones"),
        "vcpus: |alive: ",
    ),
    seed(TIME, "HPET switched off", "cpr-transfer-busy-virtio-2vcpu", field("hpet", "config"), "alive: "),
    seed(TIME, "HPET missing", "precopy-idle-bare-1vcpu", without("hpet"), "vcpus: |alive: "),
)
"""Timers that wake a vCPU."""

DEVICES = build(
    "stream-devices",
    seed(AFTERWARDS, "I/O APIC's table", "precopy-idle-virtio-2vcpu", field("ioapic", "ioredtbl"), "alive: "),
    seed(AFTERWARDS, "I/O APIC missing", "multifd-idle-virtio-2vcpu", without("ioapic"), "alive: "),
    seed(
        AFTERWARDS,
        "virtio-net missing",
        "precopy-busy-virtio-2vcpu",
        without("virtio-net"),
        "rx-filter: net: ",
    ),
    seed(
        AFTERWARDS,
        "virtio-net with another MAC",
        "precopy-busy-virtio-1vcpu",
        field("virtio-net", "virtio/net/mac", "plus"),
        "rx-filter: net: main-mac was",
    ),
    seed(
        AFTERWARDS,
        "virtio-net's link down",
        "ignore-shared-idle-virtio-2vcpu",
        field("virtio-net", "virtio/net/status"),
        "devices: net: ",
        harm="changed",
    ),
)
"""Interrupts and networking."""

MORE_DEVICES = build(
    "stream-more-devices",
    seed(
        AFTERWARDS,
        "virtio-blk without queue interrupts",
        "multifd-busy-virtio-2vcpu",
        field("virtio-blk", "virtio/vq/vector"),
        "devices: blk: ",
    ),
    seed(
        AFTERWARDS,
        "virtio-rng reset",
        "multifd-idle-virtio-1vcpu",
        field("virtio-rng", "virtio/status"),
        "devices: rng: ",
    ),
    seed(
        AFTERWARDS,
        "virtio-console's MSI-X table",
        "multifd-busy-virtio-1vcpu",
        field("virtio-console", "virtio/msix/entry/*"),
        "devices: port: ",
    ),
    seed(
        AFTERWARDS,
        "serial interrupts off",
        "precopy-idle-virtio-1vcpu",
        field("serial#1", "state/ier"),
        "agent: ",
    ),
)
"""Other devices."""

CUTS = build(
    "stream-cut",
    seed(
        MOVE,
        "stream cut in RAM",
        "precopy-idle-bare-1vcpu",
        Tampering(flow=Flow(cut_after=20 << 20)),
        "migrate: ",
        "source failed",
        harm="stranded",
    ),
    seed(
        MOVE,
        "stream cut in the device state",
        "multifd-idle-bare-1vcpu",
        Tampering(flow=Flow(cut_in_state=5000)),
        "migrate: ",
        "source failed",
        harm="stranded",
    ),
)
"""A connection that is lost."""

IN_THE_STREAM = (
    FEW,
    APIC,
    MEMORY,
    BUSY,
    VCPUS,
    TIMERS,
    DEVICES,
    MORE_DEVICES,
    CUTS,
)
