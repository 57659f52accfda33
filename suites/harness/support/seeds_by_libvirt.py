# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in the stream of a migration that libvirt drives; the proxy takes over libvirt's socket."""

from __future__ import annotations

from suites.harness.support.seeds import CPU, MOVE, OTHER_MEMORY
from suites.harness.support.stream_seeds import build, field, pages, seed
from suites.harness.support.tamper.rules import Flow, PageRule, Tampering

CUT = Tampering(flow=Flow(cut_in_state=5000))

BY_LIBVIRT = (
    build(
        "stream-by-libvirt",
        seed(
            CPU,
            "local APIC's vector table (libvirt)",
            "libvirt-precopy-idle-bare-2vcpu",
            field("apic#1", "lvt"),
            "alive: ",
        ),
        seed(
            OTHER_MEMORY,
            "pages of zeros (libvirt)",
            "libvirt-postcopy-idle-bare-2vcpu",
            pages(PageRule("zero", "area", most=2)),
            "memory: 2 of",
        ),
        seed(
            MOVE,
            "stream cut in the device state (libvirt)",
            "libvirt-precopy-idle-bare-1vcpu",
            CUT,
            "migrate: ",
            harm="stranded",
        ),
    ),
)
