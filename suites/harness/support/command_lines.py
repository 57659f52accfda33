# SPDX-License-Identifier: Apache-2.0
"""QEMU's command line of a guest, as tests look at it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fixtures.machine.argv import render
from fixtures.matrix.guestspec import GuestSpec

Q35 = GuestSpec("x86_64", "pc-q35-7.2", 2, "busy", "virtio", beat_vcpu=1)
PSERIES = GuestSpec("ppc64le", "pseries-5.2", 1, "idle", "bare", beat_vcpu=0)
FDS: Mapping[str, int] = {"monitor": 13, "console": 14, "agent": 15, "echo": 16}


def line(
    spec: GuestSpec,
    accelerator: str = "tcg",
    *,
    incoming: bool = False,
    emulated: bool = False,
    fds: Mapping[str, int] = FDS,
    connects: Mapping[str, Path] | None = None,
) -> list[str]:
    """The words of the command line of `spec`."""
    return render(
        spec,
        program="qemu",
        accelerator=accelerator,
        images=Path("/images"),
        attempt_dir=Path("/tmp/hp-1"),
        fds=fds,
        incoming=incoming,
        emulated=emulated,
        connects=connects,
    )
