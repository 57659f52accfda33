# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in registers that the guest does not use after its boot, and in a stopped guest's state."""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, OTHER_MEMORY, TIME
from suites.harness.support.stream_seeds import build, field, pages, seed
from suites.harness.support.tamper.rules import PageRule

KEPT = build(
    "stream-registers",
    seed(
        AFTERWARDS,
        "8259's triggers",
        "precopy-idle-bare-2vcpu",
        field("i8259", "elcr", "invert"),
        "machine-registers: ",
        "i8259 trigger 4d0",
    ),
    seed(
        AFTERWARDS,
        "ACPI events off",
        "multifd-idle-bare-2vcpu",
        field("ICH9LPC", "pm/acpi_regs.pm1.evt.en"),
        "machine-registers: ",
        "acpi pm1 enable",
    ),
    seed(
        AFTERWARDS,
        "status of the balloon",
        "precopy-idle-virtio-2vcpu",
        field("virtio-balloon", "virtio/status"),
        "machine-registers: ",
        "common 14",
    ),
    seed(
        TIME,
        "8254's mode",
        "precopy-idle-bare-1vcpu",
        field("i8254", "channels/mode", "invert"),
        "machine-registers: ",
        "i8254 status",
    ),
)
"""Found by reading the registers of a running guest's devices."""

STOPPED = build(
    "stream-stopped",
    seed(
        OTHER_MEMORY,
        "a page of a stopped guest",
        "precopy-idle-virtio-1vcpu-standstill",
        pages(PageRule("zero", "other", most=1)),
        "state: ",
        "pc.ram",
    ),
    seed(
        AFTERWARDS,
        "a field of a network card that no driver reads",
        "precopy-busy-virtio-2vcpu-standstill",
        field("virtio-net", "virtio/net/vlans", "ones"),
        "state: ",
        "virtio-net",
    ),
    seed(
        AFTERWARDS,
        "palette of a display",
        "precopy-idle-devices-1vcpu-standstill",
        field("vga", "*palette", "invert"),
        "state: ",
        "vga",
    ),
)
"""Found by comparing what both QEMUs hold of a stopped guest."""

CHIPSET = build(
    "stream-chipset",
    seed(
        AFTERWARDS,
        "message of ICH9's watchdog",
        "precopy-idle-bare-2vcpu",
        field("ICH9LPC", "*tco.msg1", "invert"),
        "machine-registers: ",
        "ich9 tco",
    ),
    seed(
        AFTERWARDS,
        "system management interrupts off",
        "precopy-idle-bare-1vcpu",
        field("ICH9LPC", "pm/smi_en"),
        "machine-registers: ",
        "ich9 smi",
    ),
    seed(
        AFTERWARDS,
        "address of the SMBus controller",
        "precopy-idle-virtio-2vcpu",
        field("ich9_smb", "smb/smb_addr", "invert"),
        "machine-registers: ",
        "smbus 4",
    ),
    seed(
        AFTERWARDS,
        "queue that virtio-net shows",
        "precopy-idle-virtio-1vcpu",
        field("virtio-net", "virtio/queue_sel", "plus"),
        "machine-registers: ",
        "common 16",
    ),
)
"""In registers of the chipset that its drivers do not use while they work."""

CARD = build(
    "stream-network-card",
    seed(
        AFTERWARDS,
        "a network card that takes every frame",
        "precopy-idle-virtio-2vcpu",
        field("virtio-net", "virtio/net/promisc", "invert"),
        "rx-filter: ",
        "promiscuous was",
    ),
    seed(
        AFTERWARDS,
        "a network card that takes no broadcast",
        "precopy-idle-virtio-1vcpu",
        field("virtio-net", "virtio/net/nobcast", "invert"),
        "rx-filter: ",
        "broadcast-allowed was",
    ),
)
"""In what a network card receives, as QEMU says it of a running guest."""

OF_REGISTERS = (KEPT, STOPPED, CHIPSET, CARD)
