# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of CD-ROM drives."""

from __future__ import annotations

from suites.harness.support.seeds import DISKS, Seed, SeededBuild
from suites.harness.support.stream_seeds import field, seed
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

LOCKED_AHCI = "precopy-idle-bare-1vcpu-cdrom-ahci"
LOCKED_SCSI = "postcopy-idle-bare-1vcpu-cdrom-virtio-scsi"
OPEN_AHCI = "postcopy-idle-bare-1vcpu-cdrom-ahci-open"
OPEN_SCSI = "precopy-idle-bare-1vcpu-cdrom-virtio-scsi-open"
CLOSES = '"tray-open": false'
"""In the event of a tray that closes."""


def _seed(what: str, wrong: Wrong, cell: str, *words: str) -> Seed:
    return Seed(what, wrong, cell, "defect-new", words, harm="changed")


def _build(name: str, *seeds: Seed) -> SeededBuild:
    """A new build with these defects."""
    cells = " or ".join(f"{each.subject.removeprefix('-')}]" for each in seeds)
    select = ("suites/storage", "--arch=x86_64", "-m", "slow or not slow", "-k", cells)
    return SeededBuild(name, "new", select, seeds, slow=True)


OF_CDROMS = (
    _build(
        "cdrom-tray",
        # The proxy finds fields in streams of precopy only: postcopy sends no description of them.
        seed(
            DISKS,
            "the tray of a CD-ROM drive is no longer locked",
            LOCKED_AHCI,
            field("*ich9_ahci", "*tray_locked"),
            "cdrom-tray: QEMU says that the tray is closed, not locked",
            harm="changed",
        ),
        seed(
            DISKS,
            "the open tray of a CD-ROM drive is closed",
            OPEN_SCSI,
            field("*scsi-disk", "*tray_open"),
            "cdrom-tray: QEMU says that the tray is closed, not open",
            harm="changed",
        ),
        _seed(
            "a guest is not asked to open its tray",
            does("replace-in-command", "blockdev-open-tray", "blockdev-close-tray", when="scsi-cd,id=cdrom"),
            f"qmp-{LOCKED_SCSI}",
            "cdrom-tray: no request to open the tray arrived",
        ),
        _seed(
            "QEMU does not report that a tray closes",
            does("drop-message", CLOSES, when="ide-cd,id=cdrom"),
            f"qmp-{OPEN_AHCI}",
            "cdrom-tray: waited ",
            "for the event DEVICE_TRAY_MOVED with tray-open false",
        ),
    ),
    _build(
        "cdrom-medium",
        _seed(
            "another medium is in the CD-ROM drive",
            does("replace-in-argument", "cdrom-1.iso", "cdrom-2.iso", when=RECEIVES),
            f"qmp-{LOCKED_AHCI}",
            "cdrom-medium: 512 of 512 blocks are not those of cdrom-1; first 0: foreign",
        ),
    ),
    _build(
        "cdrom-medium-by-libvirt",
        _seed(
            "another medium is in the CD-ROM drive of libvirt's guest",
            does("replace-in-argument", "cdrom-1.iso", "cdrom-2.iso", when=RECEIVES),
            f"libvirt-{LOCKED_AHCI}",
            "cdrom-medium: 512 of 512 blocks are not those of cdrom-1; first 0: foreign",
        ),
    ),
)
