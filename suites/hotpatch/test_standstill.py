# SPDX-License-Identifier: Apache-2.0
"""Does all of a stopped guest arrive: every page, and every field of every device?"""

from __future__ import annotations

from fixtures.attempt.standstill import StandStill
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise
from fixtures.still.arrival import arrived_whole


@promise(
    "standstill",
    path="qmp",
    mechanism="precopy",
    profile="busy",
    hardware="virtio",
    vcpus=2,
    default_on=("x86_64",),
)
@promise("standstill", path="qmp", mechanism="precopy", hardware="devices", default_on=("x86_64",))
@promise("standstill", path="qmp", mechanism="precopy", hardware="virtio", default_on=())
def test_state_of_a_stopped_guest_arrives_whole(guest: Guest, standstill: StandStill) -> None:
    """Lose this and a build that forgets a page or a field passes if the guest here does not use it."""
    guest.works()
    sent, arrived = standstill.hot_patch()
    assert standstill.check(arrived_whole(sent, arrived))
    standstill.goes_on()
    assert examined(guest)
