# SPDX-License-Identifier: Apache-2.0
"""Does one guest live through several updates, one after another, as a guest does that nobody restarts?

Which builds it lives through is `through` of the pair in matrix.yaml, or `--through`. Other pairs have none
of these cells.
"""

from collections.abc import Mapping

import pytest

from fixtures.attempt.chain import Chain
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.names import PathName, Profile
from fixtures.matrix.promises import CHAIN, LONG_CHAIN, Promise, promised

WAYS: tuple[tuple[PathName, Mechanism, Profile], ...] = (
    ("qmp", "precopy", "busy"),
    ("qmp", "postcopy", "idle"),
    ("libvirt", "precopy", "idle"),
    ("libvirt", "postcopy", "busy"),
)
AT_NIGHT = {CHAIN: WAYS[1:3], LONG_CHAIN: (WAYS[0], WAYS[3])}
"""The ways that are in the run of each night: two with a long time of work, two with a short one."""
WORK_SECONDS: Mapping[str, float] = {CHAIN: 3.0, LONG_CHAIN: 60.0}
"""How long the guest works after each move."""
LIMIT_SECONDS = 3600
"""Bound of one cell with all its controls: a chain of three moves with long work takes four minutes."""
CHAINS = [
    Promise(
        aspect,
        path=path,
        mechanism=mechanism,
        profile=profile,
        hardware="virtio",
        vcpus=2,
        version="newest-old",
        only="x86_64",
        slow=(path, mechanism, profile) not in AT_NIGHT[aspect],
        nightly_on=("x86_64",) if (path, mechanism, profile) in AT_NIGHT[aspect] else (),
    )
    for aspect in (CHAIN, LONG_CHAIN)
    for path, mechanism, profile in WAYS
]


@pytest.mark.timeout(LIMIT_SECONDS)
@promised(CHAINS)
def test_guest_lives_through_a_chain_of_updates(cell: Cell, guest: Guest, chain: Chain) -> None:
    """Lose this and guests that have survived each update so far are lost to the next one."""
    guest.works()
    for move in chain.moves():
        assert move().runs_on_its_destination
        assert chain.works_on(WORK_SECONDS[cell.aspect])
        assert examined(guest)
