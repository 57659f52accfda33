# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that are found by moving a booted guest."""

from __future__ import annotations

from fixtures.matrix.mechanisms import IMMEDIATE_LIMITS, MIB
from suites.harness.support.seeds import LOADS, MIGRATE, Seed, SeededBuild, hotpatch
from suites.harness.support.wrong_builds import CLOCK, GUEST_RUNS, RECEIVES, SAYS_IT_RUNS, does, lacks

PRECOPY, POSTCOPY, MULTIFD = (f"{name}-idle-bare-1vcpu" for name in ("precopy", "postcopy", "multifd"))
TWO_VCPUS = "postcopy-idle-bare-2vcpu"
"""The second vCPU of this guest sleeps during the move."""
PSERIES_CLOCK = "pseries-vof.newest-old-qmp-postcopy-idle-bare-1vcpu"
"""This guest's clock follows QEMU's virtual clock. An x86_64 guest may choose the TSC, which does not jump:
TCG reads it from the host."""

UNDER_A_GUEST = SeededBuild(
    "receives-badly",
    "new",
    hotpatch(PRECOPY),
    (
        Seed(
            "dies while it loads",
            does(
                "on-message",
                LOADS,
                "die error while loading state for instance 0x0 of device 'timer'",
                when=RECEIVES,
            ),
            PRECOPY,
            "defect-new",
            ("migrate: destination QEMU is gone", "state for instance 0x0 of device 'timer'"),
            harm="stranded",
        ),
    ),
    slow=True,
)

CANNOT_RECEIVE = SeededBuild(
    "cannot-receive",
    "new",
    hotpatch(POSTCOPY),
    (
        Seed(
            "postcopy gone",
            lacks("postcopy-ram"),
            POSTCOPY,
            "unsupported",
            ("the destination lacks migration capability `postcopy-ram`",),
        ),
    ),
)

CANNOT_SEND = SeededBuild(
    "sends-badly",
    "old",
    hotpatch(PRECOPY, MULTIFD),
    (
        Seed(
            "dies when it is to migrate",
            does("on-command", MIGRATE, "die"),
            PRECOPY,
            "defect-old",
            ("migrate: source", "exit status 139", "the old build fails as source"),
            harm="lost",
        ),
        Seed(
            "multifd gone",
            lacks("multifd"),
            MULTIFD,
            "unsupported",
            ("the source lacks migration capability `multifd`",),
        ),
    ),
    slow=True,
)

IMMEDIATE = "postcopy-immediate-idle-bare-1vcpu"
START_POSTCOPY = "migrate-start-postcopy"

PRECOPY_GOES_ON = SeededBuild(
    "precopy-goes-on",
    "old",
    hotpatch(IMMEDIATE),
    (
        Seed(
            "precopy goes on for 3 s, without its limit",
            does("replace-in-command", f'"{START_POSTCOPY}"', '"query-status"')
            + does("on-command", START_POSTCOPY, f"later 3 command {START_POSTCOPY}")
            + does("replace-in-command", str(IMMEDIATE_LIMITS[0]), str(32 * MIB)),
            IMMEDIATE,
            "defect-old",
            ("immediate: ", "bytes of memory were sent before postcopy", "the old build fails as source"),
        ),
    ),
    slow=True,
)

BLOCKED = SeededBuild(
    "blocked",
    "old",
    hotpatch(PRECOPY),
    (
        Seed(
            "a device that cannot migrate",
            does(
                "refuse-command", MIGRATE, "State blocked by non-migratable device '0000:00:1f.2/ich9_ahci'"
            ),
            PRECOPY,
            "refused",
            ("State blocked by non-migratable device",),
        ),
    ),
    slow=True,
)

LEFT_STOPPED = SeededBuild(
    "left-stopped",
    "new",
    hotpatch(PRECOPY),
    (
        Seed(
            "says running, is stopped",
            does("on-message", GUEST_RUNS, "command stop", when=RECEIVES)
            + does("drop-message", '"event": "STOP"', when=RECEIVES)
            + does("replace-in-output", '"status": "paused"', '"status": "running"', when=RECEIVES)
            + does("replace-in-output", '"running": false', '"running": true', when=RECEIVES),
            PRECOPY,
            "defect-new",
            ("alive: waited ", "for a beat after the move"),
        ),
    ),
    slow=True,
)

ASLEEP = SeededBuild(
    "asleep",
    "new",
    hotpatch(TWO_VCPUS),
    (
        Seed(
            "second vCPU never runs again",
            does("on-message", GUEST_RUNS, "freeze 1", when=RECEIVES),
            TWO_VCPUS,
            "defect-new",
            ("vcpus: vCPU 1 made no progress",),
        ),
    ),
    slow=True,
)

STARTS_ANEW = SeededBuild(
    "starts-anew",
    "new",
    hotpatch(PRECOPY),
    (
        Seed(
            "the guest is reset",
            does("on-message", GUEST_RUNS, "command system_reset", when=RECEIVES),
            PRECOPY,
            "defect-new",
            ("alive: QEMU shut the guest down: host-qmp-system-reset",),
        ),
    ),
    slow=True,
)

BEATS_STOP = SeededBuild(
    "beats-stop",
    "new",
    hotpatch(TWO_VCPUS),
    (
        Seed(
            "the vCPU that beats never runs again",
            does("on-message", GUEST_RUNS, "freeze 0", when=RECEIVES),
            TWO_VCPUS,
            "defect-new",
            ("alive: ", "vCPU 1 is"),
        ),
    ),
    slow=True,
)

DROPS_A_PAGE = SeededBuild(
    "drops-a-page",
    "new",
    hotpatch(PRECOPY),
    (
        Seed(
            "a page of memory is lost",
            does("on-message", GUEST_RUNS, "zero 7", when=RECEIVES),
            PRECOPY,
            "defect-new",
            ("memory: 1 of 8192 pages damaged; first 7",),
        ),
    ),
    slow=True,
)

ANOTHER_PROGRAM = SeededBuild(
    "another-program",
    "new",
    hotpatch(PRECOPY),
    (
        Seed(
            "another program receives",
            does("exec-real", when=RECEIVES),
            PRECOPY,
            "defect-new",
            ("new-build: ", "NOT the executable"),
        ),
    ),
    slow=True,
)

GOES_ON = SeededBuild(
    "goes-on",
    "old",
    hotpatch(PRECOPY),
    (
        Seed(
            "the source runs on",
            does("on-message", '"status": "postmigrate"', "command cont"),
            PRECOPY,
            "defect-old",
            ("never-both: the source ran when", "the old build fails as source"),
        ),
    ),
    slow=True,
)

CLOCK_JUMPS = SeededBuild(
    "clock-jumps",
    "new",
    hotpatch(f"{PSERIES_CLOCK}]", arch="ppc64le"),
    (
        Seed(
            "the guest's clock jumps ahead by 2 s",
            does("preload", CLOCK, when=RECEIVES)
            + does("on-message", SAYS_IT_RUNS, "jump-clock", when=RECEIVES),
            PSERIES_CLOCK,
            "defect-new",
            ("timebase: vCPU 0 is -", "s behind the host's clock"),
        ),
    ),
    slow=True,
)

UNDER_GUESTS = (
    UNDER_A_GUEST,
    CANNOT_RECEIVE,
    CANNOT_SEND,
    PRECOPY_GOES_ON,
    BLOCKED,
    LEFT_STOPPED,
    ASLEEP,
    STARTS_ANEW,
    BEATS_STOP,
    DROPS_A_PAGE,
    ANOTHER_PROGRAM,
    GOES_ON,
    CLOCK_JUMPS,
)
