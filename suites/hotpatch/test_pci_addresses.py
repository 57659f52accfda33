# SPDX-License-Identifier: Apache-2.0
"""Are a guest's PCI devices where its manager put them, after the move and after the next boot?

A manager gives every device an address and stores it. QEMU sends the state of a device under its address. So
a destination with other addresses refuses the guest, or exchanges two devices of one kind.
"""

from functools import partial

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.pci_addresses import PciAddresses
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.addresses import LIBVIRT, PROXMOX, PROXMOX_PC
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

nightly = partial(
    promise, only="x86_64", path="qmp", hardware="virtio", default_on=(), nightly_on=("x86_64",)
)
options = partial(GuestOptions, may_reboot=True)


@nightly("addresses-libvirt", options=options(addresses=LIBVIRT), mechanism="precopy")
@nightly("addresses-libvirt", options=options(addresses=LIBVIRT), mechanism="postcopy", profile="busy")
@nightly("addresses-proxmox", options=options(addresses=PROXMOX), mechanism="precopy", profile="busy")
@nightly("addresses-proxmox", options=options(addresses=PROXMOX), mechanism="postcopy")
@nightly("addresses-proxmox-pc", options=options(addresses=PROXMOX_PC), mechanism="precopy")
@nightly("addresses-proxmox-pc", options=options(addresses=PROXMOX_PC), mechanism="postcopy", profile="busy")
def test_devices_stay_where_the_manager_put_them(
    guest: Guest, hot_patch: HotPatch, pci_addresses: PciAddresses
) -> None:
    """Lose this and an update moves devices of guests, or exchanges two of them, now or at the next boot."""
    guest.works()
    pci_addresses.are_noted()
    assert hot_patch().runs_on_new_build
    assert pci_addresses.are_the_same()
    assert examined(guest)
    assert guest.reboots()
    assert pci_addresses.are_the_same()
