# SPDX-License-Identifier: Apache-2.0
"""Do guests as real managers make them survive the update, and the reboot after it?"""

from itertools import chain

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.later_moves import LaterMoves
from fixtures.attempt.written_disk import AttemptDisk
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.guest.own_firmware import OwnFirmware
from fixtures.guest.tpm import Tpm


@pytest.mark.field_guests(saved=True)
def test_saved_field_guest_lives_on(
    guest: Guest, saved_hot_patch: HotPatch, own_disk: AttemptDisk | None
) -> None:
    """Lose this and the guests that a host saves when it shuts down never start again after its update."""
    guest.works()
    if own_disk:
        own_disk.is_written()
    assert saved_hot_patch().runs_on_new_build
    if own_disk:
        assert own_disk.goes_on()
        assert own_disk.has_all_writes()
    assert examined(guest)
    if own_disk:
        assert own_disk.image_is_whole()


@pytest.mark.field_guests
def test_field_guest_lives_on(
    guest: Guest, hot_patch: HotPatch, own_firmware: OwnFirmware, tpm: Tpm, own_disk: AttemptDisk | None
) -> None:
    """Lose this and an update that passes with the suite's own guests is lost with those of real users."""
    _moves_and_reboots(guest, hot_patch, own_firmware, tpm, own_disk)
    if own_disk:
        assert own_disk.image_is_whole()


@pytest.mark.field_guests(moved_back=True)
def test_field_guest_comes_back_after_its_reboot(
    guest: Guest,
    hot_patch: HotPatch,
    own_firmware: OwnFirmware,
    tpm: Tpm,
    own_disk: AttemptDisk | None,
    later: LaterMoves,
) -> None:
    """Lose this and an update is taken back under guests that the new build has started, and loses them."""
    _moves_and_reboots(guest, hot_patch, own_firmware, tpm, own_disk)
    assert later.back().runs_on_its_destination
    assert examined(guest)
    assert guest.devices_work()
    if own_disk:
        assert own_disk.image_is_whole()


def _moves_and_reboots(
    guest: Guest, hot_patch: HotPatch, own_firmware: OwnFirmware, tpm: Tpm, own_disk: AttemptDisk | None
) -> None:
    own_firmware.is_used()
    guest.works()
    tpm.is_used()
    if own_disk:
        own_disk.is_written()
    assert hot_patch().runs_on_new_build
    for check in chain(tpm.is_as_before(), own_firmware.is_as_before()):
        assert check
    if own_disk:
        assert own_disk.goes_on()
        assert own_disk.has_all_writes()
    assert examined(guest)
    if guest.spec.options.may_reboot:
        assert guest.reboots()
        for check in own_firmware.starts_it_again():
            assert check
        guest.works()
    assert guest.devices_work()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
