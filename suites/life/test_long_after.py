# SPDX-License-Identifier: Apache-2.0
"""Does the guest still live more than a minute after its move?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.later_moves import LaterMoves
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise


@promise("long-after", path="qmp", mechanism="precopy", profile="busy", hardware="virtio", slow=True)
@promise("long-after", path="libvirt", mechanism="postcopy", hardware="virtio", slow=True)
def test_guest_lives_long_after_its_move(guest: Guest, hot_patch: HotPatch, later: LaterMoves) -> None:
    """Lose this and guests die of an update when nobody watches them any more."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert later.stays_alive()
    assert examined(guest)
