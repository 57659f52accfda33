# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest whose memory is damaged on its way?"""

from itertools import product

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.ram_faults import RamFaults, RamPhase
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import promised
from fixtures.path.damage import How
from suites.faults.cells import fault

HOWS: tuple[How, ...] = ("changed", "truncated")
PHASES: tuple[RamPhase, ...] = ("set-up", "first-pass")
PRECOPY = {f"fault-stream-{how}-in-{phase}": (how, phase) for how, phase in product(HOWS, PHASES)}
POSTCOPY = {f"fault-stream-{how}-in-postcopy": how for how in HOWS}
WAYS: tuple[PathName, ...] = ("qmp", "libvirt")


@promised(fault(aspect, path, "precopy", "I") for aspect, path in product(PRECOPY, WAYS))
def test_damaged_ram_is_not_loaded(
    cell: Cell, guest: Guest, ram_faults: RamFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a network that damages what it carries damages guests, and nobody notices."""
    guest.works()
    assert ram_faults.in_precopy(*PRECOPY[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(aspect, "qmp", "postcopy", "V", vcpus=2) for aspect in POSTCOPY)
def test_postcopy_whose_stream_is_damaged_recovers(cell: Cell, guest: Guest, ram_faults: RamFaults) -> None:
    """Lose this and a network that damages what it carries costs the guest its life."""
    guest.works()
    assert ram_faults.in_postcopy(POSTCOPY[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
