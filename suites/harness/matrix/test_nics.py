# SPDX-License-Identifier: Apache-2.0
"""Network cards on a tap: QEMU's arguments, and libvirt's elements."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from fixtures.machine.interface import label_of_destination
from fixtures.matrix.guest_devices import driven
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.nics import (
    BRIDGE,
    E1000,
    E1000E,
    GIVEN,
    MAC,
    MULTIQUEUE,
    RTL8139,
    SPAPR_VLAN,
    VHOST,
    VIRTIO,
    Nic,
    given_tap,
)


def test_card_with_one_queue() -> None:
    """Lose this and QEMU opens a tap itself, or source and destination have different addresses."""
    assert VIRTIO.arguments({"console": 3, "tap0": 7}) == [
        *("-netdev", "tap,id=lan,fd=7,vhost=off"),
        *("-device", f"virtio-net-pci,id=net,netdev=lan,mac={MAC}"),
    ]


def test_card_with_two_queues() -> None:
    """Lose this and the second queue is never used."""
    netdev, device = MULTIQUEUE.arguments({"tap0": 7, "tap1": 8})[1::2]
    assert netdev == "tap,id=lan,fds=7:8,vhost=off"
    assert device.endswith(f"mac={MAC},mq=on,vectors=6")


def test_card_with_vhost() -> None:
    """Lose this and the cell about vhost is one without."""
    assert VHOST.arguments({"tap0": 7, "vhost0": 9})[1] == "tap,id=lan,fd=7,vhost=on,vhostfd=9"


@pytest.mark.parametrize("nic", [VIRTIO, E1000, E1000E, RTL8139, SPAPR_VLAN], ids=lambda nic: nic.model)
def test_guest_drives_its_card(nic: Nic) -> None:
    """Lose this and a guest has a card for which it loads no driver."""
    options = GuestOptions(nic=nic)
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "busy", "bare", 0, options=options)
    assert spec.devices == driven([nic.device])
    assert spec.device_names == ()
    assert f"hotpatch.devices={nic.device}" in spec.kernel_command_line


def test_only_virtio_takes_segmented_frames() -> None:
    """Lose this and cards have taps that libvirt would not give them."""
    assert [nic.is_virtio for nic in (VIRTIO, MULTIQUEUE, E1000E)] == [True, True, False]


@pytest.mark.parametrize(
    "nic, model, driver",
    [
        (VIRTIO, "virtio", {"name": "qemu"}),
        (MULTIQUEUE, "virtio", {"name": "qemu", "queues": "2"}),
        (VHOST, "virtio", {"name": "vhost"}),
        (E1000, "e1000", None),
    ],
    ids=["virtio", "queues", "vhost", "e1000"],
)
def test_libvirt_puts_the_card_on_the_bridge(nic: Nic, model: str, driver: dict[str, str] | None) -> None:
    """Lose this and libvirt moves another card than the name of the cell says, or one without a network."""
    element = ET.fromstring(nic.element)  # noqa: S314 - our own
    found = {each.tag: each.attrib for each in element}
    assert (element.get("type"), found["source"], found["mac"]) == (
        "bridge",
        {"bridge": BRIDGE},
        {"address": MAC},
    )
    assert (found["model"], found.get("driver")) == ({"type": model}, driver)


def test_libvirt_takes_a_tap_that_exists() -> None:
    """Lose this and the cell about taps of others is about those that libvirt makes."""
    element = ET.fromstring(GIVEN.element)  # noqa: S314 - our own
    target = element.find("target")
    assert target is not None
    assert (element.get("type"), target.attrib) == ("ethernet", {"dev": given_tap("source"), "managed": "no"})
    assert element.find("source") is None
    names = [given_tap(label) for label in ("source", "destination", label_of_destination(1))]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 15
