# SPDX-License-Identifier: Apache-2.0
"""Which disks guests write to, and QEMU's arguments for them."""

from __future__ import annotations

import shlex
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.disks import (
    BY_LIBVIRT,
    FULL_VOLUME,
    LSILOGIC,
    MOVED_BY,
    PLUGGED,
    REFUSED,
    ROOMY_VOLUME,
    TARGETS,
    TELLING,
    WITH_THREAD,
    WRITTEN_BLOCKS,
    DiskAio,
    DiskCache,
    DiskFormat,
    DiskOptions,
    covering_disks,
    disk_arguments,
)
from fixtures.matrix.guest_devices import OF_STORAGE, drivable, everything
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.promises import Promise


def _arguments(disk: DiskOptions | None, *, incoming: bool = False) -> str:
    return shlex.join(disk_arguments(disk, Path("/place"), incoming=incoming))


def _values(disk: DiskOptions, mechanism: str) -> list[tuple[str, object]]:
    return [*vars(disk).items(), ("mechanism", mechanism)]


def test_every_two_values_meet() -> None:
    """Lose this and a combination such as io_uring with a chain is never moved."""
    met = {pair for row in covering_disks() for pair in combinations(_values(*row), 2)}
    buses = {"virtio-blk", "virtio-scsi", "ahci"}
    offered = {
        "format": get_args(DiskFormat),
        "bus": buses,
        "iothread": (True, False),
        "cache": get_args(DiskCache),
        "aio": get_args(DiskAio),
        "mechanism": MOVED_BY,
    }
    values = [(name, value) for name, several in offered.items() for value in several]
    wanted = {pair for pair in combinations(values, 2) if pair[0][0] != pair[1][0]}
    impossible = {(("bus", bus), ("iothread", True)) for bus in buses - set(WITH_THREAD)}
    assert wanted - impossible <= met


def test_cells_of_disks_have_different_names() -> None:
    """Lose this and two cells have one id."""
    names = [f"{mechanism} {disk.name}" for disk, mechanism in covering_disks()]
    assert len(names) == len(set(names))
    assert covering_disks()[: len(TELLING)] == list(TELLING)
    last = [*REFUSED, *LSILOGIC, *PLUGGED]
    assert covering_disks()[-len(last) :] == last


@pytest.mark.parametrize(
    "disk, words",
    [
        (DiskOptions("raw", "ahci"), ["aio=threads", "ide-hd,id=io,bus=io-bus.0,drive=io-image"]),
        (DiskOptions("qcow2", "nvme", cache="writeback"), ["cache.direct=off", "driver=qcow2", "nvme,id=io"]),
        (DiskOptions("chain", "virtio-blk", iothread=True), ["backing=io-base", "iothread=io-thread"]),
        (DiskOptions("raw", "lsi53c895a"), ["lsi53c895a,id=io-bus", "scsi-hd,id=io,bus=io-bus.0"]),
        (DiskOptions("throttled", "virtio-scsi"), ["throttle-group", "drive=io-limited"]),
        (DiskOptions("bitmap", "virtio-blk", aio="io_uring"), ["aio=io_uring", "driver=qcow2"]),
    ],
)
def test_arguments_make_the_disk(disk: DiskOptions, words: list[str]) -> None:
    """Lose this and a cell moves another disk than its name says."""
    assert [word for word in words if word not in _arguments(disk)] == []


def test_plugged_disk_is_an_argument_of_the_destination_only() -> None:
    """Lose this and a disk that is said to be plugged was there when its guest booted."""
    disk = DiskOptions("raw", "virtio-scsi", plugged=True)
    source, destination = _arguments(disk), _arguments(disk, incoming=True)
    assert destination.startswith(source)
    assert "pcie-root-port,id=io-port" in source
    assert "virtio-scsi-pci" not in source
    assert "virtio-scsi-pci,id=io-bus,bus=io-port" in destination


def test_volume_that_fills_has_room_at_the_destination_only() -> None:
    """Lose this and the guest is not suspended before its move, or has no room after it."""
    disk = DiskOptions("chain", "virtio-blk", fills=True)
    source, destination = _arguments(disk), _arguments(disk, incoming=True)
    assert f"size={FULL_VOLUME},file=io-file,node-name=io-volume" in source
    assert f"size={ROOMY_VOLUME},file=io-file,node-name=io-volume" in destination
    assert "driver=qcow2,cache.direct=on,file=io-volume,backing=io-base" in source
    assert source.endswith("werror=stop,rerror=stop")
    assert FULL_VOLUME < WRITTEN_BLOCKS * 4096 < ROOMY_VOLUME
    assert "werror" not in _arguments(DiskOptions("chain", "virtio-blk"))


def test_guest_without_a_disk_gets_no_arguments() -> None:
    """Lose this and each guest has another command line than before."""
    assert _arguments(None) == ""


def test_guest_loads_the_driver_of_its_disk() -> None:
    """Lose this and the agent finds no disk."""
    options = GuestOptions(disk=DiskOptions("raw", "nvme"))
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0, options=options)
    assert [device.name for device in spec.devices] == ["io-nvme"]


def test_disks_are_in_no_other_guest() -> None:
    """Lose this and guests with all devices lack the image of a disk."""
    assert not set(OF_STORAGE) & {*drivable("x86_64"), *everything("x86_64")}


@pytest.mark.parametrize("disk", [DiskOptions("raw", "nvme"), DiskOptions("bitmap", "virtio-blk")])
def test_disk_that_libvirt_cannot_have_needs_the_path_qmp(disk: DiskOptions) -> None:
    """Lose this and libvirt moves a guest without the disk that its cell is about."""
    with pytest.raises(UsageError, match=f"libvirt has no element for the disk {disk.name}"):
        Promise("d", path="libvirt", mechanism="precopy", options=GuestOptions(disk=disk))


def test_libvirt_moves_each_bus_and_format_that_it_has() -> None:
    """Lose this and a bus or a chain is moved by QMP only, and nobody notices."""
    disks = [disk for disk, _ in BY_LIBVIRT]
    assert all(disk.has_element for disk in disks)
    assert {disk.bus for disk in disks} == set(TARGETS)
    assert {disk.format for disk in disks} == {"raw", "qcow2", "chain"}
