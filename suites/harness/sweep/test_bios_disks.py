# SPDX-License-Identifier: Apache-2.0
"""What is said of disks that the BIOS of one build reads and that of the other does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.still.bios_disks import DISKS
from fixtures.sweep import bios_disks as compared
from fixtures.sweep.bios_disks import bios_disks, boot_changes


@pytest.mark.parametrize(
    "old, new, said",
    [
        (["nvme"], ["nvme"], [("boots-from:nvme", "", False)]),
        (["nvme"], [], [("boots-from:nvme", "the BIOS could read it and cannot", True)]),
        ([], ["nvme"], [("boots-from:nvme", "the BIOS could not read it and can", False)]),
        ([], [], []),
    ],
)
def test_only_a_disk_that_is_lost_counts(
    old: list[str], new: list[str], said: list[tuple[str, str, bool]]
) -> None:
    """Lose this and a better BIOS makes an update unsafe, or a disk that no BIOS reads passes."""
    assert list(boot_changes(old, new)) == said


def test_disks_that_a_build_does_not_have_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a distribution that leaves devices out of its QEMU has no other disk compared."""
    every = {model for disk in DISKS for model in disk.models}
    offers = {"old": every, "new": every - {"megasas", "scsi-hd"}}

    def device_models(build: Any, _arch: str) -> list[Any]:
        return [SimpleNamespace(name=name) for name in offers[build.name]]

    monkeypatch.setattr(compared, "device_models", device_models)
    sweep: Any = SimpleNamespace(
        arch="x86_64", old=SimpleNamespace(name="old"), new=SimpleNamespace(name="new")
    )
    found = {disk.name for disk in bios_disks(sweep)}
    assert {"virtio-blk-pci-legacy", "nvme", "ide-hd"} <= found
    assert not found & {"megasas", "virtio-scsi-pci", "lsi53c895a"}
    sweep.arch = "ppc64le"
    assert bios_disks(sweep) == []
