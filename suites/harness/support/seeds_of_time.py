# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in a guest's time: its clocks, its counters, its timers and its real-time clock."""

from __future__ import annotations

from suites.harness.support.seeds import TIME, Seed, SeededBuild, hotpatch, one_defect
from suites.harness.support.seeds_read_back import THREE_SECONDS_NS
from suites.harness.support.seeds_under_guests import PSERIES_CLOCK
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.wrong_builds import CLOCK, GUEST_RUNS, RECEIVES, does

HOUR_NS = f"{3600 * 10**9:016x}"
NEVER = "ff" * 8
"""The time of a timer that is not armed (`get_timer()` in QEMU's migration/vmstate-types.c)."""

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
        "rtc: it gained 3",
    ),
)

OF_PSERIES = build(
    "stream-time-pseries",
    seed(
        TIME,
        "the timebase is 3 s ahead",
        "pseries-vof.newest-old-qmp-precopy-idle-bare-1vcpu",
        field("timer", "cpu_clock_offset", "plus", THREE_SECONDS_NS),
        "timebase: vCPU 0 is -",
    ),
    seed(
        TIME,
        "the real-time clock of pseries is an hour ahead",
        "pseries-vof.newest-old-qmp-multifd-idle-bare-1vcpu",
        field("*rtc", "*ns_offset", "replace", HOUR_NS),
        "rtc: it gained 3",
    ),
    arch="ppc64le",
)

CLOCK_DRIFTS = SeededBuild(
    "clock-drifts",
    "new",
    hotpatch(f"{PSERIES_CLOCK}]", arch="ppc64le"),
    (
        Seed(
            "the guest's clock runs 2 % fast",
            does("preload", CLOCK, when=RECEIVES)
            + does("on-message", GUEST_RUNS, "drift-clock", when=RECEIVES),
            PSERIES_CLOCK,
            "defect-new",
            ("clock-rate: the guest's clock gains +",),
        ),
    ),
    slow=True,
)

DEAF_IN_POSTCOPY = build(
    "stream-deaf-vcpu",
    seed(
        TIME,
        "vCPU 1 takes no interrupts (postcopy)",
        "postcopy-immediate-idle-bare-2vcpu",
        field("apic#1", "spurious_vec"),
        "vcpus: |timers: ",
    ),
)
"""Its APIC is off, as software can switch it: nothing wakes it. vCPU 0 sends the beats."""

HANGS_LATER = one_defect(
    "hangs-later",
    "new",
    "hotpatch",
    Seed(
        "a guest that runs again hangs for 5.5 s, 0.3 s later",
        does("on-message", GUEST_RUNS, "later 0.3 stall 5500", when=RECEIVES),
        "qmp-precopy-idle-bare-2vcpu",
        "defect-new",
        ("timers: ",),
        harm="changed",
    ),
)

ALARM_IS_LOST = build(
    "stream-alarm",
    seed(
        TIME,
        "the alarm of the real-time clock never rings",
        "precopy-idle-bare-1vcpu-set-times",
        field("mc146818rtc", "update_timer", "replace", NEVER),
        "rtc: its alarm has not rung",
    ),
    suite="suites/life",
)

OF_TIME = (IN_THE_STREAM, OF_PSERIES, CLOCK_DRIFTS, DEAF_IN_POSTCOPY, HANGS_LATER, ALARM_IS_LOST)
