# SPDX-License-Identifier: Apache-2.0
"""Does a guest keep its registers over several moves?

A move shows that a register is lost only if a value was in the vCPU when the guest was stopped: in a POWER
guest it is not while Linux switches between threads, about a tenth of the time.
"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.later_moves import LaterMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise


@promise("registers", path="qmp", mechanism="precopy", slow=True)
@promise("registers", path="qmp", mechanism="multifd", slow=True)
@promise("registers", path="qmp", mechanism="precopy", profile="busy", slow=True)
def test_registers_survive_each_move(guest: Guest, hot_patch: HotPatch, later: LaterMoves) -> None:
    """Lose this and a lost register is missed if the guest was stopped at the wrong moment."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert later.again().runs_on_new_build
    assert later.again("third move").runs_on_new_build
