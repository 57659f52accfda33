# SPDX-License-Identifier: Apache-2.0
"""Where PCI devices are, from what Linux and QEMU say: a device that is gone or was exchanged is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.attempt.pci_addresses import ids_by_address, same
from fixtures.matrix.addresses import LIBVIRT, PROXMOX, Addresses
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
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


@pytest.mark.parametrize("addresses", [LIBVIRT, PROXMOX])
def test_every_device_gets_its_address_once(addresses: Addresses) -> None:
    """Lose this and a cell about addresses is about those of QEMU."""
    words = line(replace(SPEC, options=GuestOptions(addresses=addresses)))
    for name, place in addresses.places.items():
        (device,) = [word for word in words if f",id={name}," in word]
        assert device.endswith(place)
    first = words.index(addresses.bridges[0])
    assert all(words.index(word) >= first for word in words if "bus=pci" in word)


def test_device_that_the_guest_lacks_has_no_address() -> None:
    """Lose this and a renamed device silently gets the first free slot."""
    with pytest.raises(ValueError, match="the guest has no device net to place"):
        Addresses((), {"net": "addr=0x1"}).given_to(["-device", "virtio-rng-pci,id=rng"])
