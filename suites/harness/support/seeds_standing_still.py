# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in the state of a guest that is stopped for its move, so that all of it is compared.

The message of the check `state` names the first four fields that differ. So up to four seeds share a cell.
"""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, CPU, TIME, Seed
from suites.harness.support.stream_seeds import build, seed
from suites.harness.support.tamper.fields import Change, Mode
from suites.harness.support.tamper.rules import Tampering

SUITE = "suites/hotpatch/test_standstill.py"
BUSY, DEVICES, IDLE = (
    f"precopy-{guest}-standstill"
    for guest in ("busy-virtio-2vcpu", "idle-devices-1vcpu", "idle-virtio-1vcpu")
)


def lost(
    kind: str,
    name: str,
    cell: str,
    section: str,
    path: str,
    mode: Mode = "invert",
    value: str = "",
) -> Seed:
    """A field that arrives with another value."""
    named = f"{section} {path.partition('[')[0]}"
    return seed(kind, name, cell, Tampering((Change(section, path, mode, value),)), "state: ", named)


STANDING = build(
    "stream-standing-still",
    lost(CPU, "debug registers of vCPU 1", BUSY, "cpu#1", "env.dr"),
    lost(CPU, "MXCSR of vCPU 1", BUSY, "cpu#1", "env.mxcsr", "replace", "00003f80"),
    lost(CPU, "an SSE register of vCPU 1", BUSY, "cpu#1", "env.xmm_regs[0][3]/_q_ZMMReg[0]"),
    lost(AFTERWARDS, "address PROM of pcnet", DEVICES, "pcnet", "state/prom"),
    lost(AFTERWARDS, "VLAN table of vmxnet3", DEVICES, "vmxnet3", "vlan_table"),
    lost(AFTERWARDS, "palette of the VGA", DEVICES, "vga", "vga/palette"),
    lost(AFTERWARDS, "preload of the watchdog", DEVICES, "i6300esb_wdt", "timer1_preload"),
    lost(TIME, "8254 counter", IDLE, "i8254", "channels[0]/count"),
    lost(AFTERWARDS, "modes of the keyboard controller", IDLE, "pckbd", "kbd/mode"),
    lost(AFTERWARDS, "scan code set of the PS/2 keyboard", IDLE, "ps2kbd", "scancode_set", "plus"),
    lost(AFTERWARDS, "ACPI events", IDLE, "ICH9LPC", "pm/acpi_regs.pm1.evt.en"),
    suite=SUITE,
)

STANDING_STILL = (STANDING,)
