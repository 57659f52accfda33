# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of the firmware's files, found with machines that never run."""

from __future__ import annotations

from fixtures.sweep.firmware_files import MARK
from fixtures.sweep.ram_ends import FIRST_NUMBER
from suites.harness.support.seeds import Seed, SeededBuild, compat
from suites.harness.support.wrong_builds import Wrong, does

NEWEST = "pc-q35-[!2]*"
"""The newest machine type of q35; the oldest is a 2.x."""

OTHER_FIRMWARE_FILES = SeededBuild(
    "other-firmware-files",
    "new",
    compat("firmware", f"{NEWEST}/firmware:*"),
    (
        Seed(
            "UEFI firmware of another size, by -bios",
            Wrong(doubled=("/usr/share/ovmf/OVMF.fd",)),
            "firmware:ovmf-bios",
            "regression",
            ("migrate: Size mismatch", "pc.bios", "both controls pass"),
            harm="stranded",
        ),
        Seed(
            "UEFI firmware of another size, in flash memory",
            Wrong(doubled=("/usr/share/OVMF/OVMF_CODE_4M.fd",)),
            "firmware:ovmf-4m",
            "regression",
            ("migrate: Size mismatch", "system.flash0", "both controls pass"),
            harm="stranded",
        ),
        Seed(
            "UEFI firmware gone",
            Wrong(missing=("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",)),
            "firmware:ovmf-secboot-4m",
            "removed",
            ("the new build does not ship /usr/share/OVMF/OVMF_CODE_4M.secboot.fd",),
            harm="stranded",
        ),
    ),
)

LOSES_VARIABLES = SeededBuild(
    "loses-variables",
    "new",
    compat("firmware", f"{NEWEST}/firmware:ovmf-4m"),
    (
        Seed(
            "loses a page of the UEFI variables",
            does("on-message", '"status": "completed"', f"zero {FIRST_NUMBER + MARK}", when="pflash1="),
            "firmware:ovmf-4m",
            "defect-new",
            ("nvram: the variables of the firmware are others in memory",),
            harm="changed",
        ),
    ),
    slow=True,
)

OF_FIRMWARE = (OTHER_FIRMWARE_FILES, LOSES_VARIABLES)
