# SPDX-License-Identifier: Apache-2.0
"""Does every page arrive? A guest that is full: at least 90 % of its RAM is checked page by page."""

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

FILLED = GuestOptions(fills_memory=True)


@promise("wall-to-wall", path="qmp", mechanism="precopy", profile="busy", options=FILLED, slow=True)
@promise("wall-to-wall", path="qmp", mechanism="postcopy", options=FILLED, slow=True)
@promise("wall-to-wall", path="libvirt", mechanism="precopy", options=FILLED, slow=True)
def test_full_guest_keeps_every_page(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update that drops pages passes if the tested guests do not use those pages."""
    guest.works()
    guest.must_check_most_of_its_memory()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
