# SPDX-License-Identifier: Apache-2.0
"""Where PCI devices are, from what Linux and QEMU say: a device that is gone or was exchanged is found."""

from __future__ import annotations

from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.attempt.pci_addresses import ids_by_address, same
from fixtures.hosts.local import LOCAL
from fixtures.machine.guest_files import make_config
from fixtures.matrix.addresses import LIBVIRT, PROXMOX, PROXMOX_PC, Addresses
from fixtures.matrix.expansion import promised_cells
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.promises import Promise
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from suites.harness.support.command_lines import line

SPEC = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "virtio", 0)
CARD = {"bus": 2, "slot": 1, "function": 0, "qdev_id": "net"}
BRIDGE = {"bus": 0, "slot": 30, "function": 0, "qdev_id": "pcidmi", "pci_bridge": {"devices": [CARD]}}
HOST = {"bus": 0, "slot": 0, "function": 0, "qdev_id": ""}
BEFORE = {"0000:00:00.0": "none", "0000:02:01.0": "virtio-pci net"}


def test_device_behind_a_bridge_is_found() -> None:
    """Lose this and devices behind bridges are not compared."""
    assert ids_by_address([{"bus": 0, "devices": [HOST, BRIDGE]}]) == {
        "0000:00:00.0": "",
        "0000:00:1e.0": "pcidmi",
        "0000:02:01.0": "net",
    }


@pytest.mark.parametrize(
    "now,said",
    [
        (BEFORE, ""),
        (BEFORE | {"0000:02:01.0": "virtio-pci net2"}, "was virtio-pci net and is virtio-pci net2"),
        ({"0000:00:00.0": "none"}, "at 0000:02:01.0 was virtio-pci net and is nothing"),
        (BEFORE | {"0000:02:02.0": "none"}, "at 0000:02:02.0 was nothing and is none"),
    ],
)
def test_other_device_at_an_address_is_found(now: dict[str, str], said: str) -> None:
    """Lose this and an update exchanges two disks of a guest, and nobody sees it."""
    check = same(BEFORE, now)
    assert bool(check) is not bool(said)
    assert said in check.detail


@pytest.mark.parametrize("addresses", [LIBVIRT, PROXMOX, PROXMOX_PC])
def test_every_device_gets_its_address_once(addresses: Addresses) -> None:
    """Lose this and a cell about addresses is about those of QEMU."""
    words = line(replace(SPEC, options=GuestOptions(addresses=addresses)))
    for name, place in addresses.places.items():
        (device,) = [word for word in words if f",id={name}," in word]
        assert device.endswith(place)
    first = words.index("-readconfig" if addresses.file else addresses.bridges[0])
    assert all(words.index(word) >= first for word in words if "bus=pci" in word)


def test_bridges_of_a_file_are_only_there() -> None:
    """Lose this and a cell about `-readconfig` gets its bridges from the command line, or gets none."""
    words = line(replace(SPEC, options=GuestOptions(addresses=PROXMOX)))
    assert words[words.index("-readconfig") + 1] == "/tmp/hp-1/pve-q35-4.0.cfg"
    assert not any("pci-bridge" in word for word in words)
    groups = ConfigParser(strict=True)
    groups.read_string(PROXMOX.config)
    assert len(groups.sections()) == len(PROXMOX.bridges) == 18
    assert dict(groups['device "pci.1"']) == {
        "driver": '"pci-bridge"',
        "chassis_nr": '"2"',
        "bus": '"pcidmi"',
        "addr": '"2.0"',
    }
    assert groups['device "uhci-6"']["masterbus"] == '"ehci-2.0"'


def test_file_is_made_for_guests_that_have_one(tmp_path: Path) -> None:
    """Lose this and QEMU does not start, because the file of its bridges is missing."""
    make_config(replace(SPEC, options=GuestOptions(addresses=PROXMOX_PC)), LOCAL, tmp_path)
    assert not list(tmp_path.iterdir())
    make_config(replace(SPEC, options=GuestOptions(addresses=PROXMOX)), LOCAL, tmp_path)
    assert (tmp_path / "pve-q35-4.0.cfg").read_text() == PROXMOX.config


def test_addresses_are_tried_on_the_machine_that_has_such_buses() -> None:
    """Lose this and Proxmox's guests on i440fx are tried on q35, where their buses do not exist."""
    promises = [Promise("of-a-pc", path="qmp", mechanism="precopy", options=GuestOptions(addresses=each))
                for each in (PROXMOX_PC, PROXMOX)]  # fmt: skip
    cells = promised_cells(load_matrix(MATRIX_FILE), promises, ["x86_64"])
    assert [cell.machine for cell in cells] == ["pc.newest-old", "q35.newest-old"]


def test_device_that_the_guest_lacks_has_no_address() -> None:
    """Lose this and a renamed device silently gets the first free slot."""
    with pytest.raises(ValueError, match="the guest has no device net to place"):
        Addresses((), {"net": "addr=0x1"}).given_to(["-device", "virtio-rng-pci,id=rng"], Path("/tmp"))
