# SPDX-License-Identifier: Apache-2.0
"""What is said of disks that the firmware of one build reads and that of the other does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.sweep import boot_disks as compared
from fixtures.sweep.boot_disks import FIRMWARES, boot_changes, boot_disks, boots_meaning, is_asked_on


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
    assert list(boot_changes("x86_64", old, new)) == said


def test_disks_that_a_build_does_not_have_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a distribution that leaves devices out of its QEMU has no other disk compared."""
    every = {model for disk in FIRMWARES["x86_64"].disks for model in disk.models}
    offers = {"old": every, "new": every - {"megasas", "scsi-hd"}}

    def device_models(build: Any, _arch: str) -> list[Any]:
        return [SimpleNamespace(name=name) for name in offers[build.name]]

    monkeypatch.setattr(compared, "device_models", device_models)
    sweep: Any = SimpleNamespace(
        arch="x86_64", old=SimpleNamespace(name="old"), new=SimpleNamespace(name="new")
    )
    found = {disk.name for disk in boot_disks(sweep)}
    assert {"virtio-blk-pci-legacy", "nvme", "ide-hd"} <= found
    assert not found & {"megasas", "virtio-scsi-pci", "lsi53c895a"}


def test_the_firmware_is_named() -> None:
    """Lose this and a finding about POWER guests speaks of a BIOS."""
    (subject, words, _counts) = next(boot_changes("ppc64le", ["spapr-vscsi"], []))
    disk = subject.partition(":")[2]
    assert boots_meaning(disk, [words]) == (
        "a guest that boots through SLOF from spapr-vscsi does not find this disk at its next boot"
    )


@pytest.mark.parametrize("arch, asked", [("x86_64", 3), ("ppc64le", 2)])
def test_a_slow_firmware_is_asked_on_the_newest_and_the_oldest_type(arch: str, asked: int) -> None:
    """Lose this and the default run boots SLOF some forty times."""
    types = ["9.0", "8.0", "7.0"]
    assert sum(is_asked_on(arch, machine_type, types) for machine_type in types) == asked
