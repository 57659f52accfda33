# SPDX-License-Identifier: Apache-2.0
"""Does the move cost no more than before: blackout, time, memory, descriptors and threads of both QEMUs?

Each cell also moves a guest old→old, and both moves are repeated if a figure is out of bounds then: see
:mod:`fixtures.outcome.cost_judgement`.
"""

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise

SECONDS = 2900
"""A finding takes up to 43 moves, each with a guest of its own."""


@pytest.mark.timeout(SECONDS)
@promise("costs", path="qmp", mechanism="precopy", compared=True)
@promise("costs", path="qmp", mechanism="ignore-shared", compared=True)
@promise("costs", path="qmp", mechanism="precopy", profile="busy", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="postcopy", hardware="virtio", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="postcopy-immediate", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="postcopy-preempt", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="multifd", profile="busy", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="mapped-ram", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="cpr-reboot", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="cpr-transfer", compared=True, slow=True)
@promise("costs", path="qmp", mechanism="cpr-exec", compared=True, slow=True)
@promise("costs", path="libvirt", mechanism="precopy", compared=True, slow=True)
@promise("costs", path="libvirt", mechanism="postcopy", compared=True, slow=True)
@promise("costs", path="libvirt", mechanism="multifd", compared=True, slow=True)
@promise("costs", path="libvirt-direct", mechanism="precopy", compared=True, slow=True)
def test_move_costs_no_more_than_before(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update that stops each guest for a second more, or leaks at each move, is safe."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
