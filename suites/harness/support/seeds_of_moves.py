# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in how a move ends, in what QEMU and libvirt report about it, and in a reboot after it."""

from __future__ import annotations

from functools import reduce
from operator import add

from suites.harness.support.seeds import MOVE, TABLES, Seed, SeededBuild, hotpatch, one_defect
from suites.harness.support.seeds_later_moves import BUSY, IDLE
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.wrong_builds import QEMU_DRIVER, RECEIVES, does, reworded

STAYS, PRECOPY_ONLY = "qmp-precopy-busy-bare-1vcpu", "qmp-postcopy-idle-bare-1vcpu"
AUTO_CONVERGE = "precopy-busy-bare-1vcpu-auto-converge-ends-it"
ENDS_LATE = "qmp-postcopy-busy-bare-1vcpu-postcopy-ends-it"
REBOOTS = "qmp-precopy-idle-bare-1vcpu-reboots"
STATISTICS = "libvirt-precopy-busy-bare-1vcpu-job-statistics"
DOMJOBINFO = "libvirt-precopy-busy-bare-1vcpu-virsh-domjobinfo"
ONE_HOST = "libvirt-precopy-idle-bare-1vcpu-one-host-uuid-refused"
CHANNELS = "libvirt-precopy-busy-virtio-2vcpu-channels"
NEW_TABLE = "sig=HPAT,data=/etc/passwd"
"""An ACPI table whose contents are those of a file that each build has."""


def _reboots(name: str, what: str, word: str, *options: str) -> SeededBuild:
    """A new build whose destination has further options, which change what a guest finds when it reboots."""
    wrong = reduce(add, (does("append-argument", option, when=RECEIVES) for option in options))
    return one_defect(name, "new", "compat", Seed(what, wrong, REBOOTS, "defect-new", (word,), TABLES))


ENDS_BADLY = SeededBuild(
    "ends-moves-badly",
    "old",
    hotpatch("precopy-busy-bare-1vcpu]", "postcopy-idle-bare-1vcpu]"),
    (
        Seed(
            "QEMU stays when the guest has moved",
            does("replace-in-command", '"quit"', '"query-status"', when=BUSY),
            STAYS,
            "defect-old",
            ("old-exits: old QEMU: still there",),
        ),
        Seed(
            "postcopy is never reached",
            does("replace-in-output", "postcopy-active", "active", when=IDLE),
            PRECOPY_ONLY,
            "defect-old",
            ("postcopy: statuses ",),
        ),
    ),
    slow=True,
)

OF_MOVES = (
    ENDS_BADLY,
    one_defect(
        "throttles-once",
        "old",
        "convergence",
        Seed(
            "auto-converge throttles only once",
            does(
                "replace-in-output",
                '"cpu-throttle-percentage": ',
                '"cpu-throttle-percentage": 20, "cpu-throttle-wanted": ',
            ),
            AUTO_CONVERGE,
            "defect-old",
            ("throttle: throttled to [20] %",),
        ),
    ),
    one_defect(
        "ends-late",
        "new",
        "convergence",
        Seed(
            "postcopy takes 8 s longer than its bytes",
            does("on-message", '"status": "postcopy-active"', "pause 8000", when=RECEIVES),
            ENDS_LATE,
            "defect-new",
            ("bounded: ",),
            harm="slow",
        ),
    ),
    one_defect(
        "forgets-how-long",
        "new",
        "libvirt",
        Seed(
            "libvirt's statistics of a job lack its time",
            reworded(QEMU_DRIVER, b"\0time_elapsed\0", b"\0time_elapsee\0"),
            STATISTICS,
            "defect-new",
            ("statistics: time_elapsed None ms",),
        ),
    ),
    one_defect(
        "shows-no-rest",
        "old",
        "libvirt",
        Seed(
            "virsh does not show what remains",
            reworded("usr/bin/virsh", b"Data remaining:", b"Data left over:"),
            DOMJOBINFO,
            "defect-old",
            ("domjobinfo: ",),
        ),
    ),
    one_defect(
        "finds-no-host",
        "new",
        "libvirt",
        Seed(
            "libvirt refuses a move within one host because it finds no UUID of that host",
            reworded(QEMU_DRIVER, b"string(./hostuuid[1])", b"string(./hostuuie[1])"),
            ONE_HOST,
            "defect-new",
            ("refused: ", "missing hostuuid"),
        ),
    ),
    one_defect(
        "channel-unplugged",
        "new",
        "libvirt",
        Seed(
            "libvirt reports another state of the guest's port",
            # The linker keeps `connected` as the end of `disconnected`.
            reworded("usr/lib/*/libvirt.so.0.*", b"\0disconnected\0", b"\0disconnectee\0"),
            CHANNELS,
            "defect-new",
            ("channel: the channel is connectee",),
        ),
    ),
    one_defect(
        "cannot-reset",
        "new",
        "compat",
        Seed(
            "QEMU ends when the guest is reset",
            does(
                "on-message", '"event": "RESET"', "later 1 die error: cannot reset the machine", when=RECEIVES
            ),
            REBOOTS,
            "defect-new",
            ("reboot: ", "cannot reset the machine"),
        ),
    ),
    _reboots(
        "other-acpi-after-reboot",
        "an ACPI table is new after a reboot",
        "acpi-tables: HPAT was missing",
        "-acpitable",
        NEW_TABLE,
    ),
    _reboots(
        "other-smbios-after-reboot",
        "the SMBIOS serial number is another after a reboot",
        "smbios: ",
        "-smbios",
        "type=1,serial=HOTPATCH",
    ),
    build(
        "stream-kernel-log",
        seed(
            MOVE,
            "an interrupt that no device raised is pending in the I/O APIC",
            "precopy-idle-virtio-1vcpu",
            field("ioapic", "irr", "invert"),
            "kernel-log: ",
        ),
    ),
)
