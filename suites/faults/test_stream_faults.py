# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest that is sent to a wrong destination, or damaged on its way, or twice?"""

from itertools import product

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.faults import Faults
from fixtures.attempt.stream_faults import Peer, StreamFaults
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import promised
from fixtures.path.damage import How
from suites.faults.cells import ALL_WAYS, fault

WRONG_PEERS: dict[str, Peer] = {
    "fault-peer-other-machine-type-in-set-up": "other-machine-type",
    "fault-peer-less-memory-in-set-up": "less-memory",
    "fault-peer-fewer-devices-in-set-up": "fewer-devices",
}
NOT_TRUSTED = "fault-peer-not-trusted-in-set-up"
CHANGED = "fault-stream-changed-in-switchover"
DAMAGED: dict[str, How] = {
    CHANGED: "changed",
    "fault-stream-truncated-in-switchover": "truncated",
}
SECOND_MOVE = "fault-second-move-in-first-pass"
WAYS: tuple[PathName, ...] = ("qmp", "libvirt")
STALLED = "fault-channel-stalled-in-postcopy"


@promised(fault(aspect, "qmp", "precopy", "H", hardware="virtio") for aspect in WRONG_PEERS)
def test_wrong_destination_refuses_the_guest(
    cell: Cell, guest: Guest, stream_faults: StreamFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a guest runs on in a machine that is another one."""
    guest.works()
    assert stream_faults.refused_by(WRONG_PEERS[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(NOT_TRUSTED, path, "precopy-tls", "O") for path in WAYS)
def test_destination_that_is_not_trusted_gets_no_guest(
    guest: Guest, stream_faults: StreamFaults, hot_patch: HotPatch
) -> None:
    """Lose this and whoever can listen on a host's network gets the memory of its guests."""
    guest.works()
    assert stream_faults.refused_as_a_stranger()
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(CHANGED, path, "precopy-tls", "P") for path in WAYS)
@promised(fault(aspect, path, "precopy", "I") for aspect, path in product(DAMAGED, WAYS))
def test_damaged_stream_is_not_loaded(
    cell: Cell, guest: Guest, stream_faults: StreamFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a network that damages what it carries damages guests, and nobody notices."""
    guest.works()
    assert stream_faults.damaged(DAMAGED[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(SECOND_MOVE, path, "precopy", "J") for path in WAYS)
def test_second_move_is_refused_while_one_is_under_way(guest: Guest, stream_faults: StreamFaults) -> None:
    """Lose this and a manager that asks twice has a guest that is torn between two destinations."""
    guest.works()
    assert stream_faults.second_move_is_refused().runs_on_new_build
    assert guest.memory_is_intact()


@promised([fault(STALLED, "qmp", "postcopy-tls", "E", vcpus=2)])
@promised(fault(STALLED, path, "postcopy", "E", vcpus=2) for path in ALL_WAYS)
def test_silent_postcopy_is_paused_and_recovers(guest: Guest, faults: Faults) -> None:
    """Lose this and a guest hangs for as long as a network is silent, and an operator cannot help it."""
    guest.works()
    assert faults.recovers_postcopy(silent=True).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
