# SPDX-License-Identifier: Apache-2.0
"""Does a virtual TPM keep what the guest has entrusted to it, and answer every command?"""

from __future__ import annotations

from functools import partial

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.next_start import NextStart
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.guest.tpm import Tpm
from fixtures.matrix.firmwares import SEABIOS, UEFI_FIRMWARE
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import Promise, promised
from fixtures.matrix.tpms import SHARED_STATE, TpmModel, TpmOptions


def _options(model: TpmModel, *, shared: bool = False) -> GuestOptions:
    """With UEFI firmware where there is one, as guests with a TPM have.

    With SeaBIOS, QEMU's `-initrd` overwrites the ACPI tables, and Linux finds no TPM: QEMU leaves 160 KiB for
    them at the end of the lower RAM (`acpi_data_size` in hw/i386/pc.c), and with the TPM's log they take 192.
    """
    tpm = TpmOptions(model, shared_state=shared)
    return GuestOptions(tpm=tpm, firmware=SEABIOS if model == "tpm-spapr" else UEFI_FIRMWARE)


_by_qmp = partial(Promise, path="qmp", slow=True)
_by_libvirt = partial(Promise, path="libvirt", slow=True, only="x86_64")
TPMS = [
    _by_qmp(
        "tpm-crb",
        mechanism="precopy",
        only="x86_64",
        options=_options("tpm-crb"),
        nightly_on=("x86_64",),
    ),
    _by_qmp("tpm-crb-busy", mechanism="postcopy", profile="busy", only="x86_64", options=_options("tpm-crb")),
    _by_qmp(
        "tpm-tis",
        mechanism="postcopy",
        only="x86_64",
        options=_options("tpm-tis"),
        nightly_on=("x86_64",),
    ),
    # On a machine type that boots with SLOF, which starts the TPM. Linux does not, and without it finds none.
    _by_qmp(
        "tpm-spapr",
        mechanism="postcopy",
        only="ppc64le",
        version="newest-old",
        options=_options("tpm-spapr"),
        nightly_on=("ppc64le",),
    ),
    _by_qmp(
        f"tpm-crb-{SHARED_STATE}",
        mechanism="precopy",
        only="x86_64",
        options=_options("tpm-crb", shared=True),
    ),
    # libvirt starts the swtpm itself; each of its daemons has its own directory for the state of TPMs.
    _by_libvirt("tpm-crb", mechanism="precopy", options=_options("tpm-crb"), nightly_on=("x86_64",)),
    _by_libvirt("tpm-tis", mechanism="postcopy", options=_options("tpm-tis")),
]

NEXT_STARTS = [
    _by_qmp(
        "tpm-crb-next-start",
        mechanism="precopy",
        only="x86_64",
        options=_options("tpm-crb"),
        nightly_on=("x86_64",),
    ),
    _by_libvirt("tpm-crb-next-start", mechanism="precopy", options=_options("tpm-crb")),
]


def _keeps_its_secrets(guest: Guest, hot_patch: HotPatch, tpm: Tpm) -> None:
    """The guest uses its TPM while it is moved, and then finds in it what it left there."""
    guest.works()
    tpm.is_used()
    assert hot_patch().runs_on_new_build
    for check in tpm.is_as_before():
        assert check
    assert examined(guest)


@promised(TPMS)
def test_tpm_keeps_its_secrets(guest: Guest, hot_patch: HotPatch, tpm: Tpm) -> None:
    """Lose this and a guest with an encrypted disk asks for its recovery key when it next boots."""
    _keeps_its_secrets(guest, hot_patch, tpm)


@promised(NEXT_STARTS)
def test_tpm_is_there_at_the_next_start(
    guest: Guest, hot_patch: HotPatch, tpm: Tpm, next_start: NextStart
) -> None:
    """Lose this and a guest whose TPM's files are lost asks for its recovery key when it is next started."""
    _keeps_its_secrets(guest, hot_patch, tpm)
    assert next_start()
    assert tpm.has_its_index()
