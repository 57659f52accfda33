# SPDX-License-Identifier: Apache-2.0
"""The files of a guest's own, which the source makes and every later QEMU opens."""

from __future__ import annotations

from pathlib import Path

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.hosts.local import LOCAL
from fixtures.machine.guest_files import make_variables
from fixtures.matrix.firmwares import UEFI_FIRMWARE, VARIABLES_FILE
from fixtures.matrix.guest_options import USUAL, GuestOptions
from fixtures.matrix.guestspec import GuestSpec


def build(root: Path, content: bytes) -> Build:
    """A build with this template of variables."""
    template = root / UEFI_FIRMWARE.variables.lstrip("/")
    template.parent.mkdir(parents=True)
    template.write_bytes(content)
    return Build(root.name, Sandbox(root), {})


def spec(options: GuestOptions) -> GuestSpec:
    """A guest with these options."""
    return GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", beat_vcpu=0, options=options)


def test_variables_are_those_of_the_first_build_and_stay(tmp_path: Path) -> None:
    """Lose this and a destination replaces the variables of the guest that it takes over."""
    uefi = spec(GuestOptions(firmware=UEFI_FIRMWARE))
    for name in ("old", "new"):
        make_variables(uefi, build(tmp_path / name, name.encode()), LOCAL, tmp_path)
    assert (tmp_path / VARIABLES_FILE).read_bytes() == b"old"


def test_guest_of_seabios_has_no_variables(tmp_path: Path) -> None:
    """Lose this and each guest needs a build with UEFI firmware."""
    make_variables(spec(USUAL), build(tmp_path / "old", b"old"), LOCAL, tmp_path)
    assert not (tmp_path / VARIABLES_FILE).exists()
