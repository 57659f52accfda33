# SPDX-License-Identifier: Apache-2.0
"""Which TPMs guests have, and the arguments for them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import get_args

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.guest_devices import drivable, everything
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.promises import Promise
from fixtures.matrix.tpms import TPM_DEVICES, TpmModel, TpmOptions, swtpm_arguments, tpm_arguments
from suites.harness.support.command_lines import FDS, line

CRB = TpmOptions("tpm-crb")
PLACE = Path("/tmp/hp-1")
SPEC = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0, options=GuestOptions(tpm=CRB))


def test_guest_gets_its_tpm() -> None:
    """Lose this and a cell moves a guest without the TPM that it is about."""
    words = shlex.join(line(SPEC, fds={**FDS, "tpm": 17}))
    assert "-chardev socket,id=tpm-control,fd=17 -tpmdev emulator,id=tpm-backend,chardev=tpm-control" in words
    assert "-device tpm-crb,id=tpm,tpmdev=tpm-backend" in words
    assert [device.name for device in SPEC.devices] == ["tpm-crb"]


def test_guest_without_a_tpm_gets_no_arguments() -> None:
    """Lose this and each guest has another command line than before."""
    assert tpm_arguments(None, {}) == []


def test_state_is_where_the_guest_says() -> None:
    """Lose this and the cells with a shared and a private state test the same."""
    shared = TpmOptions("tpm-crb", shared_state=True)
    sides = ("source", "destination")
    assert len({CRB.state(PLACE, side) for side in sides}) == len(sides)
    assert len({shared.state(PLACE, side) for side in sides}) == 1
    state = CRB.state(PLACE, "source")
    assert f"dir={state},mode=0600" in swtpm_arguments(state, 3)


def test_tpms_are_in_no_other_guest() -> None:
    """Lose this and guests with all devices lack the program that emulates a TPM."""
    assert set(TPM_DEVICES) == set(get_args(TpmModel))
    for arch in ("x86_64", "ppc64le"):
        assert not set(TPM_DEVICES) & {*drivable(arch), *everything(arch)}


def test_shared_state_needs_the_path_qmp() -> None:
    """Lose this and a cell of libvirt claims that its daemons share a directory, which they do not."""
    Promise("t", path="libvirt", mechanism="precopy", options=GuestOptions(tpm=CRB))
    shared = GuestOptions(tpm=TpmOptions("tpm-crb", shared_state=True))
    with pytest.raises(UsageError, match="a directory of its own for the state of TPMs"):
        Promise("t", path="libvirt", mechanism="precopy", options=shared)
