# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of the firmware's files, found with machines that never run."""

from __future__ import annotations

from fixtures.sweep.firmware_files import MARK
from fixtures.sweep.ram_ends import FIRST_NUMBER
from suites.harness.support.seeds import AFTERWARDS, Seed, SeededBuild, compat
from suites.harness.support.stream_seeds import build, pages, seed
from suites.harness.support.tamper.rules import Content, PageRule
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

CODE_BLOCKS = ("*flash0", "*isa-bios")
"""The firmware, and the copy of its end that the machine has below 1 MiB."""
EVERY_CONTENT: tuple[Content, ...] = ("any", "zero")
NEWEST = "pc-q35-[!2]*"
"""The newest machine type of q35; the oldest is a 2.x."""

OF_DEBIAN_13 = (
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
    "/usr/share/ovmf/OVMF.fd",
)
"""All files with UEFI firmware that guests are given there; others are links to them."""

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
            "the link to UEFI firmware that libvirt chooses is gone",
            Wrong(missing=("/usr/share/OVMF/OVMF_CODE_4M.ms.fd",)),
            "firmware:ovmf-ms-4m",
            "removed",
            ("the new build does not ship /usr/share/OVMF/OVMF_CODE_4M.ms.fd",),
            harm="stranded",
        ),
    ),
)

WITHOUT_UEFI = SeededBuild(
    "without-uefi",
    "new",
    compat("firmware", f"{NEWEST}/firmware:ovmf-4m"),
    (
        Seed(
            "all UEFI firmware gone",
            Wrong(missing=OF_DEBIAN_13),
            "firmware:ovmf-4m",
            "removed",
            ("the new build has no UEFI firmware (package ovmf), which the old build has",),
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

KEEPS_OLD_FILE = SeededBuild(
    "keeps-old-variables-file",
    "new",
    compat("firmware", f"{NEWEST}/firmware:ovmf-4m"),
    (
        Seed(
            "does not write the UEFI variables to their file",
            does(
                "replace-in-argument",
                "node-name=variables,file=variables-file",
                "node-name=variables,file=variables-file,read-only=on",
                when=RECEIVES,
            ),
            "firmware:ovmf-4m",
            "defect-new",
            ("nvram: the variables of the firmware are others in their file",),
            harm="changed",
        ),
    ),
    slow=True,
)

UEFI_GUEST = "precopy-idle-bare-1vcpu-uefi"
FLASH_IS_NOT_SENT = build(
    "flash-is-not-sent",
    seed(
        AFTERWARDS,
        "the flash memory of the UEFI variables is not sent",
        UEFI_GUEST,
        pages(*(PageRule("drop", content, block="*flash1") for content in EVERY_CONTENT)),
        "uefi-variables: the flash memory has other content",
        harm="changed",
    ),
    suite="suites/compat",
)

_NOT_SENT = pages(*(PageRule("drop", it, block=block) for it in EVERY_CONTENT for block in CODE_BLOCKS))
STARTS_WITH_SEABIOS = SeededBuild(
    "starts-with-seabios",
    "new",
    ("suites/compat", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{UEFI_GUEST}]"),
    (
        Seed(
            "the next boot has other firmware",
            Wrong(ended_by=(("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/seabios/bios-256k.bin"),)),
            UEFI_GUEST,
            "defect-new",
            ("firmware: the guest was started by UEFI firmware, and after its reboot by another one",),
            AFTERWARDS,
            _NOT_SENT,
            harm="changed",
        ),
    ),
    slow=True,
)

OF_FIRMWARE = (
    OTHER_FIRMWARE_FILES,
    WITHOUT_UEFI,
    LOSES_VARIABLES,
    KEEPS_OLD_FILE,
    FLASH_IS_NOT_SENT,
    STARTS_WITH_SEABIOS,
)
