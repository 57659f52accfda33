# SPDX-License-Identifier: Apache-2.0
"""Do guests as real managers make them survive the update, and the reboot after it?"""

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.guest.tpm import Tpm


@pytest.mark.field_guests
def test_field_guest_lives_on(guest: Guest, hot_patch: HotPatch, tpm: Tpm) -> None:
    """Lose this and an update that passes with the suite's own guests is lost with those of real users."""
    guest.must_run_its_firmware()
    guest.works()
    tpm.is_used()
    assert hot_patch().runs_on_new_build
    for check in tpm.is_as_before():
        assert check
    assert examined(guest)
    if guest.spec.options.may_reboot:
        assert guest.reboots()
        guest.must_run_its_firmware()
        guest.works()
    assert guest.devices_work()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
