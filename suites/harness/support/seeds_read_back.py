# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in the stream that a guest notices only by reading back: registers, clocks, counters."""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, CPU, TIME
from suites.harness.support.stream_seeds import build, field, seed

READ = "machine-registers: "
THREE_SECONDS_NS = f"{3 * 10**9:x}"

VCPU_REGISTERS = build(
    "stream-vcpu-registers",
    seed(
        CPU,
        "x87 registers of vCPU 0",
        "multifd-busy-bare-2vcpu",
        field("cpu", "env.fpregs*tmp_mant", "invert"),
        "registers: ",
        "st0 of vCPU 0",
    ),
    seed(
        CPU, "FMASK of vCPU 0", "precopy-idle-bare-2vcpu", field("cpu", "env.fmask"), "msr: FMASK of vCPU 0"
    ),
    seed(
        CPU, "PAT of vCPU 1", "ignore-shared-idle-bare-2vcpu", field("cpu#1", "env.pat"), "msr: PAT of vCPU 1"
    ),
)

CLOCKS = build(
    "stream-clocks",
    seed(
        TIME,
        "QEMU's clock is 3 s ahead",
        "multifd-idle-bare-2vcpu",
        field("timer", "cpu_clock_offset", "plus", THREE_SECONDS_NS),
        "counters: ",
        "hpet is -",
    ),
    seed(
        TIME,
        "real-time clock at another date",
        "precopy-idle-bare-1vcpu",
        field("mc146818rtc", "base_rtc"),
        "rtc: it gained",
    ),
    seed(
        TIME,
        "real-time clock's memory lost",
        "multifd-idle-bare-1vcpu",
        field("mc146818rtc", "cmos_data"),
        # Without its register B, the chip counts 12 hours: Linux can read that in the morning.
        "rtc: the guest cannot read|rtc: bytes of its memory changed",
    ),
    seed(
        TIME,
        "HPET counts from elsewhere",
        "cpr-transfer-idle-bare-1vcpu",
        field("hpet", "<hpet/offset>/hpet_offset", "invert"),
        "counters: hpet",
    ),
)

PC_DEVICES = build(
    "stream-pc-devices",
    seed(
        AFTERWARDS,
        "8259 masks nothing",
        "cpr-transfer-idle-bare-1vcpu",
        field("i8259", "imr"),
        READ,
        "i8259 mask 21",
    ),
    seed(
        TIME,
        "8254 in another mode",
        "multifd-idle-bare-1vcpu",
        field("i8254", "channels/mode"),
        READ,
        "i8254 status 0",
    ),
    seed(
        TIME,
        "HPET comparators",
        "precopy-idle-bare-1vcpu",
        field("hpet", "timer/config"),
        READ,
        "hpet 100: 0",
    ),
    seed(
        AFTERWARDS,
        "serial line's divider",
        "ignore-shared-idle-bare-1vcpu",
        field("serial", "state/divider", "plus"),
        READ,
        "serial port 3f8",
    ),
)

PCI_DEVICES = build(
    "stream-pci-devices",
    seed(
        AFTERWARDS,
        "ACPI events off",
        "precopy-idle-virtio-1vcpu",
        field("ICH9LPC", "pm/acpi_regs.pm1.evt.en"),
        READ,
        "acpi pm1 enable",
    ),
    seed(
        AFTERWARDS,
        "virtio-balloon reset",
        "multifd-idle-virtio-1vcpu",
        field("virtio-balloon", "virtio/status"),
        READ,
        "virtio-pci common 14: 0",
    ),
    seed(
        AFTERWARDS,
        "AHCI's command list",
        "cpr-transfer-idle-virtio-1vcpu",
        field("ich9_ahci", "ahci/dev/port_regs.lst_addr"),
        READ,
        "00:1f.2 memory",
    ),
)

NETWORK_CARDS = build(
    "stream-network-cards",
    seed(
        AFTERWARDS,
        "PHY of e1000e",
        "precopy-idle-devices-1vcpu-drivers-e1000e",
        field("e1000e", "core.phy"),
        READ,
        "e1000e phy 0: 0",
    ),
    seed(
        AFTERWARDS,
        "EEPROM of e1000",
        "precopy-idle-devices-1vcpu-drivers-e1000",
        field("e1000", "eeprom_data"),
        READ,
        "e1000 eeprom 0: 0",
    ),
    suite="suites/compat",
)

READ_BACK = (VCPU_REGISTERS, CLOCKS, PC_DEVICES, PCI_DEVICES, NETWORK_CARDS)
