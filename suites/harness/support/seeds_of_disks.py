# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of disks that a guest writes to while it is moved."""

from __future__ import annotations

from fixtures.matrix.disks import MOST_REQUESTS
from suites.harness.support.seeds import Seed, SeededBuild, one_defect
from suites.harness.support.seeds_of_life import life
from suites.harness.support.wrong_builds import DISK, RECEIVES, Wrong, does

CHAIN = "postcopy-idle-bare-1vcpu-disk-chain-virtio-blk-iothread-none-threads"
SCSI = "precopy-idle-bare-1vcpu-disk-raw-virtio-scsi-iothread-none-threads"
BLK = "multifd-idle-bare-1vcpu-disk-raw-virtio-blk-none-threads"
AHCI = "precopy-idle-bare-1vcpu-disk-throttled-ahci-none-threads"
QCOW2 = "multifd-idle-bare-1vcpu-disk-qcow2-virtio-blk-iothread-none-threads"
BITMAP = "postcopy-idle-bare-1vcpu-disk-bitmap-ahci-none-threads"
FORGETS = "multifd-idle-bare-1vcpu-disk-bitmap-virtio-scsi-iothread-writeback-threads"
LIBVIRT_QCOW2 = "libvirt-precopy-idle-bare-1vcpu-disk-qcow2-virtio-blk-iothread-none-threads"
LIBVIRT_SCSI = "libvirt-postcopy-idle-bare-1vcpu-disk-raw-virtio-scsi-iothread-none-threads"
FULL_DISK = "qmp-precopy-idle-bare-1vcpu-full-disk"
WITH_BACKUP, WITH_MIRROR = (f"qmp-precopy-idle-bare-1vcpu-block-job-{job}" for job in ("backup", "mirror"))
HURRIES, CANCELS = '"block-job-set-speed"', 'command block-job-cancel {"device": "io-job", "force": true}'
FULL_BLK, FULL_SCSI = f"{FULL_DISK}-virtio-blk", f"{FULL_DISK}-virtio-scsi"
CLEARS = 'command block-dirty-bitmap-clear {"node": "io-image", "name": "changes"}'
CELLS = " or ".join(f"{cell}]" for cell in (CHAIN, SCSI, BLK, AHCI, QCOW2, BITMAP))
SELECT = ("suites/storage", "--arch=x86_64", "-m", "slow or not slow", "-k")


def _disk(wrong: str, when: str) -> Wrong:
    """A destination that does this (wrong/preloaded/disk.c), if an argument of QEMU contains `when`."""
    return does("preload", DISK, wrong, when=when)


OF_DISKS = (
    SeededBuild(
        "disk-writes",
        "new",
        (*SELECT, CELLS),
        (
            Seed(
                "a write after the move is acknowledged and dropped, once",
                _disk("drops", "backing=io-base"),
                CHAIN,
                "defect-new",
                ("disk-data: ", ": lost (lap "),
                harm="lost",
            ),
            Seed(
                "a write after the move goes to another sector, once",
                _disk("misplaces", "virtio-scsi-pci,id=io-bus,iothread"),
                SCSI,
                "defect-new",
                ("disk-data: ", ": misplaced (lap "),
                harm="lost",
            ),
            Seed(
                "half of a block is written, once",
                _disk("tears", "throttle-group="),
                AHCI,
                "defect-new",
                ("disk-data: ", ": torn (lap "),
                harm="lost",
            ),
            Seed(
                "a write never ends",
                # Not with AHCI: Linux resets that after 30 s, for which QEMU waits for the request.
                _disk("never-ends", "virtio-blk-pci,id=io,drive=io-image"),
                BLK,
                "defect-new",
                ("disk-requests: ", "requests never ended"),
                harm="lost",
            ),
            Seed(
                "a cluster of a qcow2 image counts as free",
                _disk("refcount", "virtio-blk-pci,id=io,iothread=io-thread"),
                QCOW2,
                "defect-new",
                ("image: qemu-img check ends with 2", "refcount=0 reference=1"),
                harm="lost",
            ),
            Seed(
                "a dirty bitmap records no more",
                does("replace-in-output", '"recording": true', '"recording": false', when="ich9-ahci"),
                BITMAP,
                "defect-new",
                ("dirty-bitmap: ", "recording False"),
                harm="changed",
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "disk-writes-by-libvirt",
        "new",
        (*SELECT, f"{LIBVIRT_QCOW2}] or {LIBVIRT_SCSI}]"),
        (
            Seed(
                "a cluster of a qcow2 image of libvirt's guest counts as free",
                _disk("refcount", '"driver":"qcow2"'),
                LIBVIRT_QCOW2,
                "defect-new",
                ("image: qemu-img check ends with 2", "refcount=0 reference=1"),
                harm="lost",
            ),
            Seed(
                "a write of libvirt's guest goes to another sector",
                _disk("misplaces", "virtio-scsi-pci"),
                LIBVIRT_SCSI,
                "defect-new",
                ("disk-data: ", ": misplaced (lap "),
                harm="lost",
            ),
        ),
        slow=True,
    ),
    one_defect(
        "lifts-a-limit",
        "new",
        "storage",
        Seed(
            "a disk behind a limit of requests has none after the move",
            does("replace-in-argument", f"x-iops-total={MOST_REQUESTS}", "x-iops-total=0", when=RECEIVES),
            AHCI,
            "defect-new",
            ("disk-limit: ", "; the limit allows "),
            harm="changed",
        ),
    ),
    one_defect(
        "forgets-a-bitmap",
        "new",
        "storage",
        Seed(
            "a dirty bitmap is empty after the move, and records what is written from then on",
            does("on-message", '"status": "completed"', CLEARS, when=RECEIVES),
            FORGETS,
            "defect-new",
            ("dirty-bitmap: 6291456 bytes are marked, 7340032 were written",),
            harm="changed",
        ),
    ),
    one_defect(
        "forgets-a-job",
        "old",
        "storage",
        Seed(
            "a backup is broken off when its guest's move is refused",
            does("on-message", '"status": "failed"', CANCELS),
            WITH_BACKUP,
            "defect-old",
            ("block-job: the backup job is gone",),
            harm="changed",
        ),
    ),
    one_defect(
        "completes-a-job",
        "old",
        "storage",
        Seed(
            "a mirror that is broken off when its guest has moved claims to be complete",
            does("on-command", HURRIES, CANCELS)
            + does("replace-in-command", HURRIES, '"query-block-jobs"')
            + does("replace-in-output", "BLOCK_JOB_CANCELLED", "BLOCK_JOB_COMPLETED"),
            WITH_MIRROR,
            "defect-old",
            ("block-job: the mirror job claims to be complete",),
            harm="changed",
            fails_anyway=True,
        ),
    ),
    SeededBuild(
        "wakes-guests-with-full-disks",
        "new",
        life(f"{FULL_BLK}]"),
        (
            Seed(
                "a guest that waits for room on its disk runs as soon as it has moved",
                does("on-message", '"status": "completed"', "command cont", when=RECEIVES),
                FULL_BLK,
                "defect-new",
                ("runstates: ", "destination running"),
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "full-disks",
        "new",
        life(f"{FULL_SCSI}]"),
        (
            Seed(
                "a write is dropped once a full disk has room",
                _disk("drops", "virtio-scsi-pci,id=io-bus"),
                FULL_SCSI,
                "defect-new",
                ("disk-data: ", ": lost (lap "),
                harm="lost",
            ),
        ),
        slow=True,
    ),
)
