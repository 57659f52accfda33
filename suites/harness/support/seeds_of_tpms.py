# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of virtual TPMs: in what QEMU hands to the swtpm of a moved guest, and in swtpm itself."""

from __future__ import annotations

from fixtures.matrix.tpms import SWTPM
from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.wrong_builds import TPM, Wrong, does

CRB, TIS = "qmp-precopy-idle-bare-1vcpu-tpm-crb", "qmp-postcopy-idle-bare-1vcpu-tpm-tis"
NEXT_START = f"{CRB}-next-start"
FIELD = "qmp-postcopy-busy-virt-install-uefi-2vcpu-field-ovmf-ms-4m"
"""The cell of the default run whose guest has a TPM."""
LIBVIRT_CRB, LIBVIRT_TIS = CRB.replace("qmp", "libvirt"), TIS.replace("qmp", "libvirt")


def _seed(what: str, wrong: str, cell: str, *words: str) -> Seed:
    """A destination that does this (wrong/preloaded/tpm.c) with the TPM of this cell."""
    device = "tpm-crb" if cell == FIELD else f"tpm-{cell.rpartition('-')[2]}"
    return Seed(what, does("preload", TPM, wrong, when=device), cell, "defect-new", words, harm="changed")


def _build(name: str, *seeds: Seed) -> SeededBuild:
    cells = " or ".join(f"{seed.subject}]" for seed in seeds)
    select = ("suites/tpm", "suites/field", "--arch=x86_64", "-m", "slow or not slow", "-k", cells)
    return SeededBuild(name, "new", select, seeds, slow=True)


def _loses_files(what: str, cell: str) -> Seed:
    """An swtpm that has lost the files of its TPM when it starts (wrong/beside/swtpm.c)."""
    words = ("tpm-next-start: an NV index has other content: NV_Read: the TPM answers 0x",)
    return Seed(what, Wrong(loses_tpm_files=True), cell, "defect-new", words, harm="changed")


OF_TPMS = (
    _build(
        "tpm-other-state",
        _seed("a PCR has another value", "pcr", CRB, "tpm-state: a PCR has another value: "),
        _seed("an NV index has other content", "index", TIS, "tpm-state: an NV index has other content"),
    ),
    _build(
        "tpm-forgets",
        _seed(
            "a sealed object is no longer loaded",
            "loaded",
            CRB,
            "tpm-state: an object that was loaded does not unseal: Unseal: the TPM answers ",
        ),
        _seed(
            "the owner of a TPM has another password",
            "owner",
            TIS,
            "tpm-state: a sealed secret cannot be unsealed: CreatePrimary: the TPM answers ",
        ),
    ),
    _build(
        "tpm-commands",
        _seed(
            "commands to a TPM arrive damaged",
            "damages",
            CRB,
            "tpm-commands: ",
            "commands failed; first PCR_Read: the TPM answers ",
        ),
        _seed(
            "a command to a TPM is never answered",
            "never-ends",
            TIS,
            "tpm-commands: 1 of ",
            "commands never answered",
        ),
    ),
    _build(
        "tpm-by-libvirt",
        _seed(
            "a PCR of libvirt's guest has another value",
            "pcr",
            LIBVIRT_CRB,
            "tpm-state: a PCR has another value: ",
        ),
        _seed(
            "an NV index of libvirt's guest has other content",
            "index",
            LIBVIRT_TIS,
            "tpm-state: an NV index has other content",
        ),
    ),
    _build(
        "tpm-by-default",
        _seed(
            "a PCR of a field guest has another value", "pcr", FIELD, "tpm-state: a PCR has another value: "
        ),
    ),
    _build(
        "without-swtpm",
        Seed(
            "swtpm is gone",
            Wrong(missing=(SWTPM,)),
            CRB,
            "removed",
            ("has no /usr/bin/swtpm (package swtpm)", "the old build has it"),
            harm="stranded",
        ),
    ),
    _build("tpm-loses-files", _loses_files("the files of a TPM are lost", NEXT_START)),
    _build(
        "tpm-loses-files-by-libvirt",
        _loses_files(
            "the files of the TPM of libvirt's guest are lost", NEXT_START.replace("qmp", "libvirt")
        ),
    ),
)
