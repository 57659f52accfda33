# SPDX-License-Identifier: Apache-2.0
"""QEMU's arguments for network cards on a tap."""

from __future__ import annotations

import pytest

from fixtures.matrix.guest_devices import driven
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.nics import E1000, E1000E, MAC, MULTIQUEUE, RTL8139, SPAPR_VLAN, VHOST, VIRTIO, Nic


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
