# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of virtual TPMs, in what QEMU hands to the swtpm of a moved guest."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.wrong_builds import TPM, does

CELL = "precopy-idle-bare-1vcpu-tpm-crb"


def _wrong(name: str, what: str, wrong: str, *words: str) -> SeededBuild:
    """A build that does this (wrong/preloaded/tpm.c) when it receives a guest with a TPM."""
    select = ("suites/tpm", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{CELL}]")
    seed = Seed(what, does("preload", TPM, wrong), CELL, "defect-new", words, harm="changed")
    return SeededBuild(name, "new", select, (seed,), slow=True)


OF_TPMS = (
    _wrong("tpm-pcr", "a PCR has another value", "pcr", "tpm-state: a PCR has another value: "),
    _wrong("tpm-index", "an NV index has other content", "index", "tpm-state: an NV index has other content"),
    _wrong(
        "tpm-secret",
        "a sealed object that is loaded has another secret",
        "secret",
        "tpm-state: an object that was loaded does not unseal",
    ),
    _wrong(
        "tpm-switched-off",
        "the volatile state of a TPM is not loaded",
        "not-volatile",
        "tpm-commands: ",
        "commands failed; first PCR_Read: the TPM answers 0x100",
    ),
    _wrong(
        "tpm-never-answers",
        "a command to a TPM is never answered",
        "never-ends",
        "tpm-commands: 1 of ",
        "commands never answered",
    ),
)
