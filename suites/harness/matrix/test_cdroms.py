# SPDX-License-Identifier: Apache-2.0
"""Which CD-ROM drives guests have, and the arguments for them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import get_args

import pytest

from fixtures.hosts.local import LocalHost
from fixtures.machine.guest_files import make_disks
from fixtures.matrix.cdroms import (
    CDROM_DEVICES,
    FIRST,
    MOVED,
    SECOND,
    CdromBus,
    CdromOptions,
    cdrom_arguments,
    medium_node,
)
from fixtures.matrix.guest_devices import drivable, everything
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from suites.harness.support.command_lines import line


def _spec(bus: CdromBus) -> GuestSpec:
    options = GuestOptions(cdrom=CdromOptions(bus))
    return GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0, options=options)


@pytest.mark.parametrize(
    "bus, words",
    [
        ("ahci", "-device ich9-ahci,id=cdrom-bus -device ide-cd,id=cdrom,bus=cdrom-bus.0,drive=cdrom-1"),
        (
            "virtio-scsi",
            "-device virtio-scsi-pci,id=cdrom-bus -device scsi-cd,id=cdrom,bus=cdrom-bus.0,drive=cdrom-1",
        ),
    ],
)
def test_guest_gets_its_drive(bus: CdromBus, words: str) -> None:
    """Lose this and a cell moves a guest without the drive that it is about."""
    spec = _spec(bus)
    said = shlex.join(line(spec))
    assert words in said
    assert "/tmp/hp-1/cdrom-1.iso" in said
    assert [device.name for device in spec.devices] == [f"cdrom-{bus}"]


def test_guest_without_a_drive_gets_no_arguments() -> None:
    """Lose this and each guest has another command line than before."""
    assert list(cdrom_arguments(None, Path("/place"))) == []


def test_media_cannot_be_written() -> None:
    """Lose this and QEMU opens a medium for writing, and takes its lock from the other side."""
    assert medium_node(SECOND, Path("/place"))["read-only"] is True


def test_media_are_made_once(tmp_path: Path) -> None:
    """Lose this and the destination writes a medium anew from which the source reads."""
    host = LocalHost()
    make_disks(_spec("ahci"), host, tmp_path)
    first, second = (medium.file(tmp_path) for medium in (FIRST, SECOND))
    assert first.stat().st_size < second.stat().st_size
    first.write_bytes(b"as it is")
    make_disks(_spec("ahci"), host, tmp_path)
    assert first.read_bytes() == b"as it is"


def test_drives_are_in_no_other_guest() -> None:
    """Lose this and guests with all devices lack a medium."""
    assert {f"cdrom-{bus}" for bus in get_args(CdromBus)} == set(CDROM_DEVICES)
    for arch in ("x86_64", "ppc64le"):
        assert not set(CDROM_DEVICES) & {*drivable(arch), *everything(arch)}


def test_each_drive_is_moved() -> None:
    """Lose this and a bus, an open tray or a path has no cell, and nobody notices."""
    moved = [(path, drive.bus, drive.open) for path, drives in MOVED.items() for drive, _ in drives]
    for bus in get_args(CdromBus):
        assert {("qmp", bus, False), ("qmp", bus, True), ("libvirt", bus, False)} <= set(moved)
