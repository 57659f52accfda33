# SPDX-License-Identifier: Apache-2.0
"""Does a running guest survive on the oldest machine type that both builds have?

The newest one is that of suites/hotpatch.
"""

from __future__ import annotations

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise


@promise("oldest", path="qmp", mechanism="precopy", version="oldest-shared")
def test_guest_on_the_oldest_machine_type(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update breaks the guests that have been running for years."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
