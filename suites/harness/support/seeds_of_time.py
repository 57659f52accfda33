# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in a guest's time: its clocks, its counters, its timers and its real-time clock."""

from __future__ import annotations

from suites.harness.support.seeds import TIME
from suites.harness.support.stream_seeds import build, field, seed

HOUR_NS = f"{3600 * 10**9:016x}"

IN_THE_STREAM = build(
    "stream-time",
    seed(
        TIME,
        "the TSC starts again at 0",
        "precopy-idle-bare-2vcpu",
        field("timer", "cpu_ticks_offset"),
        "tsc: vCPU 0 is",
    ),
    seed(
        TIME,
        "the real-time clock is an hour ahead",
        "multifd-idle-virtio-2vcpu",
        field("mc146818rtc", "offset", "replace", HOUR_NS),
        "rtc: it gained 3600",
    ),
)

OF_TIME = (IN_THE_STREAM,)
