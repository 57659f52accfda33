# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in what a build does when the recovery of a postcopy breaks, or a daemon comes back."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, one_defect
from suites.harness.support.seeds_later_moves import CANCEL
from suites.harness.support.seeds_of_faults import COMPLETED, LIBRARY
from suites.harness.support.seeds_of_refusals import CLIENT
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

CUT = "qmp-postcopy-busy-bare-2vcpu-fault-channel-cut-in-recovery"
SILENT = "qmp-postcopy-busy-bare-2vcpu-fault-channel-stalled-in-recovery"
DESTINATION_DIES = "qmp-postcopy-busy-bare-1vcpu-fault-destination-killed-in-recovery"
STRANGER = "qmp-postcopy-tls-busy-bare-2vcpu-fault-peer-not-trusted-in-recovery"
CANCELLED = "qmp-postcopy-busy-bare-2vcpu-fault-cancelled-in-postcopy"
COMES_BACK = "libvirt-direct-precopy-busy-bare-1vcpu-fault-destination-daemon-restarted-in-first-pass"

OF_RECOVERY = (
    one_defect(
        "recovery-pauses-not",
        "old",
        "faults",
        Seed(
            "a source that is to pause a silent recovery does nothing for a minute",
            does("on-command", '"migrate-pause"', "pause 60000"),
            SILENT,
            "defect-old",
            ("hang: source (wrong) did not answer `migrate-pause`",),
        ),
    ),
    one_defect(
        "second-recovery-loses-a-page",
        "new",
        "faults",
        Seed(
            "a page is lost when a postcopy completes that has recovered twice",
            does("on-message", COMPLETED, "zero 7", when=RECEIVES),
            CUT,
            "defect-new",
            ("memory: 1 of ",),
        ),
    ),
    one_defect(
        "runs-what-it-recovers",
        "old",
        "faults",
        Seed(
            "a source whose destination dies in the recovery says that it runs the guest",
            does("replace-in-output", "finish-migrate", "running"),
            DESTINATION_DIES,
            "defect-old",
            ("never-both: migration postcopy-paused again, source running",),
        ),
    ),
    one_defect(
        "recovers-with-anybody",
        "old",
        "faults",
        Seed(
            "a source that recovers sends a stranger what its destination is to get",
            does("replace-in-command", CLIENT, CLIENT + ',"verify-peer":false'),
            STRANGER,
            "defect-old",
            ("refused: a stranger in the recovery got ",),
        ),
    ),
    one_defect(
        "takes-a-late-cancel",
        "old",
        "faults",
        Seed(
            "a source takes a cancel although its guest runs at the destination",
            does("replace-in-command", CANCEL, '"query-status"'),
            CANCELLED,
            "defect-old",
            ("refused: the source takes a cancel in postcopy: ",),
        ),
    ),
    one_defect(
        "daemon-forgets-what-arrives",
        "new",
        "faults",
        Seed(
            "a daemon that is started again does not end the guest that was arriving",
            Wrong(reworded=((LIBRARY, b"\0domstatus\0", b"\0domstatux\0"),)),
            COMES_BACK,
            "defect-new",
            ("never-both: |destination-ends: ", "ended: False"),
        ),
    ),
)
