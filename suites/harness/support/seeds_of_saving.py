# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in what is saved of a guest and of its disk, and in what must go along with a disk."""

from __future__ import annotations

from fixtures.path.qmp.restoring import NODE, TAG
from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.seeds_of_life import life
from suites.harness.support.wrong_builds import DISK, QEMU_DRIVER, Wrong, does, reworded

SNAPSHOT = "newest-old-qmp-precopy-idle-virtio-1vcpu-snapshot"
RESTORED = "newest-old-libvirt-precopy-idle-virtio-1vcpu-saved"
MANAGED = "libvirt-precopy-busy-bare-1vcpu-managed-save"
# libvirt's `-incoming` is the end of the same word.
RESTORES_NOTHING = reworded(QEMU_DRIVER, b"\0migrate-incoming\0", b"\0migrate-incomint\0")
WITH_DISK = "qmp-precopy-idle-bare-1vcpu-snapshot-with-disk"
EXTERNAL = "libvirt-precopy-idle-bare-1vcpu-snapshot-external"
IN_MEMORY = "qmp-precopy-idle-bare-1vcpu-bitmap-in-memory"
WRITES = (
    'command human-monitor-command {"command-line": '
    '"qemu-io -d /machine/peripheral/io/virtio-backend \\"write -P 0xaa 6291456 2097152\\""}'
)
"""To the part of the disk that the guest never writes."""
DELETES = f'command snapshot-delete {{"job-id": "gone", "tag": "{TAG}", "devices": ["{NODE}"]}}'
CAPABILITY = '"capability":"dirty-bitmaps","state":'

OF_SAVING = (
    SeededBuild(
        "cannot-load-snapshots",
        "new",
        life(f"{SNAPSHOT}]"),
        (
            Seed(
                "what the old build has saved of a guest cannot be loaded",
                does("refuse-command", '"snapshot-load"', "this snapshot is of another version"),
                SNAPSHOT,
                "defect-new",
                (
                    "saved: `snapshot-load` on the destination (wrong): ",
                    "this snapshot is of another version",
                ),
                harm="stranded",
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "destroys-what-it-loads",
        "new",
        life(f"{SNAPSHOT}]"),
        (
            Seed(
                "what the old build has saved of a guest is deleted instead of loaded",
                does("on-command", f'"node-name":"{NODE}"', DELETES),
                SNAPSHOT,
                "defect-new",
                ("saved: `snapshot-load` on the destination (wrong): ",),
                harm="lost",
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "cannot-restore",
        "new",
        ("suites/libvirt", *life(f"{RESTORED}]", f"{MANAGED}]")),
        tuple(
            Seed(
                f"{what} of the old build cannot be restored",
                wrong,
                cell,
                "defect-new",
                (check, "-incomint: invalid option"),
                harm="stranded",
            )
            for cell, what, check, wrong in (
                (RESTORED, "the file of a guest", "saved: ", RESTORES_NOTHING),
                (MANAGED, "the managed save", "migrate: ", Wrong()),
            )
        ),
        slow=True,
    ),
    SeededBuild(
        "disk-is-not-of-the-snapshot",
        "new",
        life(f"{WITH_DISK}]"),
        (
            Seed(
                "a disk has what was written to it after the snapshot that was loaded",
                does("on-command", '"cont"', WRITES),
                WITH_DISK,
                "defect-new",
                ("disk-data: ",),
                harm="lost",
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "misplaces-writes-after-a-snapshot",
        "new",
        life(f"{EXTERNAL}]"),
        (
            Seed(
                "a write of a guest whose external snapshot was restored goes to another sector",
                does("preload", DISK, "misplaces", when='"driver":"qcow2"'),
                EXTERNAL,
                "defect-new",
                ("disk-data: ", ": misplaced (lap "),
                harm="lost",
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "sends-no-bitmaps",
        "old",
        ("suites/storage", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{IN_MEMORY}]"),
        (
            Seed(
                "a source does not send the dirty bitmaps that it has in memory",
                does("replace-in-command", f"{CAPABILITY}true", f"{CAPABILITY}false"),
                IN_MEMORY,
                "defect-old",
                ("dirty-bitmap: it is gone",),
                harm="changed",
            ),
        ),
        slow=True,
    ),
)
