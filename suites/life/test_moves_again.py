# SPDX-License-Identifier: Apache-2.0
"""Does a guest that was hot-patched survive the next move too: the next update, or a way back?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.later_moves import LaterMoves
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.names import MOVED_BACK
from fixtures.matrix.promises import promise_each_way


@promise_each_way(
    "moved-again",
    default_on={
        ("qmp", "postcopy", "busy"): ("ppc64le",),
        ("libvirt", "precopy", "busy"): ("x86_64",),
    },
    nightly_on={("qmp", "postcopy", "idle"): ("x86_64",)},
)
def test_guest_is_moved_again(guest: Guest, hot_patch: HotPatch, later: LaterMoves) -> None:
    """Lose this and the guests of this update are lost to the next one."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert later.again().runs_on_new_build
    assert examined(guest)


@promise_each_way(MOVED_BACK, default_on={("qmp", "precopy", "idle"): ("x86_64",)})
def test_guest_is_moved_back(guest: Guest, hot_patch: HotPatch, later: LaterMoves) -> None:
    """Lose this and whoever takes an update back loses the guests that have run on it."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert later.back().runs_on_its_destination
    assert examined(guest)


@promise_each_way(
    "moved-after-a-cancel",
    default_on={("qmp", "precopy", "busy"): ("x86_64",)},
    nightly_on={("libvirt", "postcopy", "busy"): ("x86_64",)},
)
def test_guest_outlives_a_cancelled_move_out_of_the_new_build(
    guest: Guest, hot_patch: HotPatch, later: LaterMoves
) -> None:
    """Lose this and giving up the next move costs the guest its life, or its next chance."""
    guest.works()
    assert hot_patch().runs_on_new_build
    later.cancelled()
    assert examined(guest)
    assert later.again("move after the cancelled one").runs_on_new_build
    assert examined(guest)
