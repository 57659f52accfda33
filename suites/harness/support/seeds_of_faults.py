# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in what a build does when its move breaks."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild, one_defect
from suites.harness.support.seeds_later_moves import CANCEL
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

CANCELLED = "qmp-precopy-busy-bare-1vcpu-fault-cancelled-in-later-pass"
DESTINATION_DIES = "qmp-precopy-busy-bare-1vcpu-fault-destination-killed-in-first-pass"
SOURCE_DIES = "qmp-precopy-busy-bare-1vcpu-fault-source-killed-in-first-pass"
RECOVERS = "qmp-postcopy-busy-bare-2vcpu-fault-channel-cut-in-postcopy"
BY_LIBVIRT = "libvirt-postcopy-busy-bare-2vcpu-fault-channel-cut-in-postcopy"
ABORTED_BY_LIBVIRT = "libvirt-precopy-busy-bare-1vcpu-fault-cancelled-in-later-pass"
ABORT_OF_PRECOPY = "libvirt-precopy-busy-bare-1vcpu-abort-of-precopy"
ABORTED_LATE = "libvirt-precopy-busy-bare-1vcpu-fault-cancelled-in-switchover"
DRIVER = "usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so"
LIBRARY = "usr/lib/*/libvirt.so.0.*"
DAEMON_STARTED_AGAIN = "libvirt-precopy-busy-bare-1vcpu-fault-source-daemon-killed-in-first-pass"
STARTED_AGAIN_THERE = "libvirt-postcopy-busy-bare-2vcpu-fault-destination-daemon-killed-in-postcopy"
RECOVERING_LIBVIRT = "debian-12"
"""Its libvirt is 9.0. That of Debian 13 crashes when it is to recover a postcopy."""
LOST = "qmp-postcopy-busy-bare-1vcpu-fault-destination-killed-in-postcopy"
MOVE_FAILED = '"MIGRATION", "data": {"status": "failed"}'
RECOVER, FAILED, COMPLETED = '"migrate-recover"', '"status": "failed"', '"status": "completed"'


OF_FAULTS = (
    one_defect(
        "recovery-hangs",
        "new",
        "faults",
        Seed(
            "a destination that is to recover does nothing for a minute",
            does("on-command", RECOVER, "pause 60000", when=RECEIVES),
            RECOVERS,
            "defect-new",
            ("hang: destination (wrong) did not answer `migrate-recover`",),
        ),
    ),
    one_defect(
        "recovery-loses-a-page",
        "new",
        "faults",
        Seed(
            "a page is lost when a recovered postcopy completes",
            does("on-message", COMPLETED, "zero 7", when=RECEIVES),
            RECOVERS,
            "defect-new",
            ("memory: 1 of ",),
        ),
    ),
    one_defect(
        "cancel-stops-the-guest",
        "old",
        "faults",
        Seed(
            "a cancelled move leaves the guest stopped at the source",
            does("on-command", CANCEL, "command stop"),
            CANCELLED,
            "defect-old",
            ("runstates: cancelled in later-pass: migration ", "source paused"),
        ),
    ),
    one_defect(
        "dies-with-its-destination",
        "old",
        "faults",
        Seed(
            "a destination that dies takes the source with it",
            does("on-message", FAILED, "die"),
            DESTINATION_DIES,
            "defect-old",
            ("migrate: ", "exit status 139"),
        ),
    ),
    one_defect(
        "runs-old-state",
        "old",
        "faults",
        Seed(
            "a source whose guest is at a dead destination says that it runs",
            does("replace-in-output", "finish-migrate", "running"),
            LOST,
            "defect-old",
            ("never-both: migration postcopy-paused, source running",),
        ),
    ),
    one_defect(
        "does-not-pause",
        "old",
        "faults",
        Seed(
            "a source says that its postcopy has failed for good, although it has paused it",
            does("replace-in-output", "postcopy-paused", "failed"),
            LOST,
            "defect-old",
            ("runstates: migration failed, source finish-migrate",),
            harm="changed",
        ),
    ),
    one_defect(
        "stands-still",
        "old",
        "faults",
        Seed(
            "a guest stands still for 14 s when its move fails",
            does("on-message", FAILED, "stall 14000"),
            DESTINATION_DIES,
            "defect-old",
            ("stands-still: ",),
            harm="slow",
        ),
    ),
    one_defect(
        "destination-stays",
        "new",
        "faults",
        Seed(
            "a destination whose source has died does not end",
            does("replace-in-command", "uri", 'exit-on-error": false, "uri', when=RECEIVES),
            SOURCE_DIES,
            "defect-new",
            ("destination-ends: source killed in first-pass; the destination ended: False",),
            harm="changed",
        ),
    ),
    SeededBuild(
        "libvirt-does-not-recover",
        "new",
        ("suites/faults", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{BY_LIBVIRT}]"),
        (
            Seed(
                "libvirt gives QEMU a command that recovers no postcopy",
                Wrong(reworded=((DRIVER, b"migrate-recover", b"migrate-recoxer"),)),
                BY_LIBVIRT,
                "defect-new",
                ("migrate: ", "migrate-recoxer"),
            ),
        ),
        slow=True,
        right=RECOVERING_LIBVIRT,
    ),
    one_defect(
        "libvirt-does-not-abort",
        "old",
        "faults",
        Seed(
            "libvirt gives QEMU a command that cancels no move",
            Wrong(reworded=((DRIVER, b"migrate_cancel", b"migrate_canxel"),)),
            ABORTED_BY_LIBVIRT,
            "defect-old",
            ("migrate: ", "migrate_canxel"),
        ),
    ),
    one_defect(
        "libvirt-ends-what-it-is-to-abort",
        "old",
        "libvirt",
        Seed(
            "libvirt ends QEMU when it is to cancel its move",
            Wrong(reworded=((DRIVER, b"migrate_cancel\0", b"quit".ljust(15, b"\0")),)),
            ABORT_OF_PRECOPY,
            "defect-old",
            ("aborted: ",),
            harm="lost",
        ),
    ),
    one_defect(
        "libvirt-ends-what-it-aborts-late",
        "old",
        "faults",
        Seed(
            "libvirt ends QEMU when it is to cancel its move in the switchover",
            Wrong(reworded=((DRIVER, b"migrate_cancel\0", b"quit".ljust(15, b"\0")),)),
            ABORTED_LATE,
            "defect-old",
            ("runstates: ", "source gone"),
            harm="lost",
        ),
    ),
    one_defect(
        "libvirt-forgets-its-guests",
        "old",
        "faults",
        Seed(
            "a daemon that is started again does not read which guests it has",
            Wrong(reworded=((LIBRARY, b"\0domstatus\0", b"\0domstatux\0"),)),
            DAEMON_STARTED_AGAIN,
            "defect-old",
            ("runstates: source's daemon killed in first-pass: migration failed", "source gone"),
        ),
    ),
    one_defect(
        "forgets-guests-that-arrive",
        "new",
        "faults",
        Seed(
            "a daemon that is started again forgets the guest that it receives",
            Wrong(reworded=((LIBRARY, b"\0domstatus\0", b"\0domstatux\0"),)),
            STARTED_AGAIN_THERE,
            "defect-new",
            ("hang: the postcopy does not end by itself: ", "destination gone"),
        ),
    ),
    one_defect(
        "pauses-no-postcopy",
        "old",
        "faults",
        Seed(
            "a source that is to pause a silent postcopy does nothing for a minute",
            does("on-command", '"migrate-pause"', "pause 60000"),
            "qmp-postcopy-busy-bare-2vcpu-fault-channel-stalled-in-postcopy",
            "defect-old",
            ("hang: source (wrong) did not answer `migrate-pause`",),
        ),
    ),
    one_defect(
        "runs-a-part",
        "new",
        "faults",
        Seed(
            "a destination whose source has died says that it runs the part of the guest that it has",
            does("replace-in-output", MOVE_FAILED, '"RESUME"', when=RECEIVES),
            SOURCE_DIES,
            "defect-new",
            ("never-both: source killed in first-pass; the destination ran: True",),
            harm="lost",
        ),
    ),
    one_defect(
        "waits-in-silence",
        "new",
        "faults",
        Seed(
            "a destination of a postcopy whose source has died says that it waits, and then answers nothing",
            does("on-message", '"postcopy-paused"', "pause 60000", when=RECEIVES),
            "qmp-postcopy-busy-bare-1vcpu-fault-source-killed-in-postcopy",
            "defect-new",
            ("hang: destination (wrong) did not answer `migrate-pause`",),
        ),
    ),
)
