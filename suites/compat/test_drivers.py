# SPDX-License-Identifier: Apache-2.0
"""Do devices go on working under the drivers that a running guest has bound to them?

Devices that no driver ever touched are those of test_sweeps.py.
"""

from __future__ import annotations

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.guest.own_firmware import OwnFirmware
from fixtures.matrix.firmwares import UEFI, UEFI_FIRMWARE
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise


@promise(
    "drivers",
    path="qmp",
    mechanism="precopy",
    hardware="devices",
    version="newest-old",
    and_back=True,
    each_device=True,
)
def test_devices_go_on_under_their_drivers(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and disks, network cards, screens and keyboards in use die with the update."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)


@promise(
    UEFI,
    path="qmp",
    mechanism="precopy",
    version="newest-old",
    only="x86_64",
    options=GuestOptions(may_reboot=True, firmware=UEFI_FIRMWARE),
    nightly_on=("x86_64",),
)
def test_uefi_guest_moves_and_reboots(guest: Guest, hot_patch: HotPatch, own_firmware: OwnFirmware) -> None:
    """Lose this and a guest that boots by UEFI is lost in its move, or does not start again after it."""
    own_firmware.is_used()
    guest.works()
    assert hot_patch().runs_on_new_build
    for check in own_firmware.is_as_before():
        assert check
    assert examined(guest)
    assert guest.reboots()
    for check in own_firmware.starts_it_again():
        assert check
    guest.works()
    assert guest.kernel_log_is_clean()


@promise(
    "reboots",
    path="qmp",
    mechanism="precopy",
    version="newest-old",
    nightly_on=("ppc64le",),
    options=GuestOptions(may_reboot=True),
)
def test_guest_reboots_under_the_new_build(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and a guest that was moved well does not start again, or finds itself on other firmware."""
    guest.must_reboot_first()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert guest.keeps_its_firmware_tables()
    assert guest.reboots()
    guest.works()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
    assert guest.has_the_same_acpi_tables()
    assert guest.has_the_same_smbios()
