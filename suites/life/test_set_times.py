# SPDX-License-Identifier: Apache-2.0
"""Does what a guest has set to a time before its move happen at that time?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.set_times import SetTimes
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

OWN_ALARM = GuestOptions(without_hpet=True)
"""The alarm is that of QEMU's real-time clock, and not Linux's by the HPET."""


@promise(
    "set-times",
    path="qmp",
    mechanism="precopy",
    version="newest-old",
    nightly_on=("ppc64le",),
    options=OWN_ALARM,
)
@promise(
    "set-times", path="libvirt", mechanism="postcopy", profile="busy", vcpus=2, slow=True, options=OWN_ALARM
)
@promise(
    "set-times",
    path="qmp",
    mechanism="mapped-ram",
    vcpus=2,
    version="newest-old",
    slow=True,
    options=OWN_ALARM,
)
def test_timers_and_alarm_of_a_moved_guest_go_off(
    guest: Guest, hot_patch: HotPatch, set_times: SetTimes
) -> None:
    """Lose this and what was planned in a guest before an update never happens, or at a wrong time."""
    guest.works()
    set_times.alarm_is_set()
    assert hot_patch().runs_on_new_build
    assert set_times.alarm_rings()
    assert set_times.timers_expire()
    assert guest.kernel_log_is_clean()
