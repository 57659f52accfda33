# SPDX-License-Identifier: Apache-2.0
"""Seeded defects beside a known one: the old build damages the same guest in another way.

What old→old shows must not excuse what only the new build does.
"""

from __future__ import annotations

from suites.harness.support.seeds import HIDDEN
from suites.harness.support.stream_seeds import build, field, pages, seed
from suites.harness.support.tamper.rules import PageRule

BESIDE_LOST_PAGES = build(
    "stream-beside-lost-pages",
    seed(
        HIDDEN,
        "registers of a vCPU, beside lost pages",
        "precopy-busy-bare-2vcpu",
        field("cpu#1", "env.regs"),
        "panic: ",
        "another defect: ",
        known=pages(PageRule("flip", "area", most=2)),
    ),
)
BESIDE_A_VCPU = build(
    "stream-beside-a-vcpu",
    seed(
        HIDDEN,
        "pages of zeros, beside a vCPU that hangs",
        "multifd-idle-bare-2vcpu",
        pages(PageRule("zero", "area", most=2)),
        "memory: ",
        "another defect: ",
        known=field("apic#1", "lvt"),
    ),
)
BESIDE_A_DEVICE = build(
    "stream-beside-a-device",
    seed(
        HIDDEN,
        "virtio-rng reset, beside virtio-net without link",
        "cpr-transfer-idle-virtio-2vcpu",
        field("virtio-rng", "virtio/status"),
        "devices: rng: ",
        "itself fails with devices: net: ",
        known=field("virtio-net", "virtio/net/status"),
    ),
)

BESIDE = (BESIDE_LOST_PAGES, BESIDE_A_VCPU, BESIDE_A_DEVICE)
