# SPDX-License-Identifier: Apache-2.0
"""Does a guest go on to boot that is moved in its firmware, or while its kernel starts?"""

from fixtures.attempt.booting import Booting
from fixtures.guest.guest import Guest
from fixtures.matrix.firmwares import UEFI_FIRMWARE
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

MENU = GuestOptions(may_reboot=True, boot_menu=True)
UEFI = GuestOptions(may_reboot=True, firmware=UEFI_FIRMWARE)
REBOOTS = GuestOptions(may_reboot=True)


@promise("in-firmware", path="qmp", mechanism="precopy", only="x86_64", nightly_on=("x86_64",), options=MENU)
@promise(
    "in-firmware", path="libvirt", mechanism="precopy", only="x86_64", nightly_on=("x86_64",), options=MENU
)
def test_guest_that_waits_in_its_firmware_boots(guest: Guest, booting: Booting) -> None:
    """Lose this and a guest that waits for a key at its boot menu never boots after an update."""
    assert booting.in_firmware().runs_on_new_build
    guest.works()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise(
    "in-uefi-firmware",
    path="qmp",
    mechanism="precopy",
    only="x86_64",
    nightly_on=("x86_64",),
    options=UEFI,
)
def test_guest_that_is_in_uefi_boots(guest: Guest, booting: Booting) -> None:
    """Lose this and a guest that is started just before an update hangs in its firmware."""
    assert booting.in_uefi_firmware().runs_on_new_build
    guest.works()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise(
    "in-slof",
    path="qmp",
    mechanism="precopy",
    version="newest-old",
    only="ppc64le",
    slow=True,
    options=REBOOTS,
)
def test_guest_that_is_in_slof_boots(guest: Guest, booting: Booting) -> None:
    """Lose this and a POWER guest that is started just before an update hangs in its firmware."""
    assert booting.in_slof().runs_on_new_build
    guest.works()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise(
    "in-early-kernel",
    path="qmp",
    mechanism="precopy",
    version="newest-old",  # Without SLOF nobody formats the NVRAM, of which Linux complains at each boot.
    only="ppc64le",
    slow=True,
    options=REBOOTS,
)
@promise("in-early-kernel", path="qmp", mechanism="precopy", only="x86_64", slow=True, options=REBOOTS)
@promise(
    "in-early-kernel",
    path="qmp",
    mechanism="precopy",
    hardware="virtio",
    vcpus=2,
    only="x86_64",
    nightly_on=("x86_64",),
    options=REBOOTS,
)
def test_guest_whose_kernel_starts_boots(guest: Guest, booting: Booting) -> None:
    """Lose this and a guest that is started just before an update hangs half-way through its boot."""
    assert booting.in_early_kernel().runs_on_new_build
    guest.works()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()
