# SPDX-License-Identifier: Apache-2.0
"""Does a guest at work come through a few sequences? test_sequences.py has hundreds, without a guest."""

from fixtures.attempt.steps import Steps
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import PathName
from fixtures.matrix.plugs import Room
from fixtures.matrix.promises import Promise, promised
from fixtures.sweep.booted_sequences import booted_sequence

SEQUENCES = 3
PATHS: tuple[PathName, ...] = ("qmp", "libvirt")
PROMISES = [
    Promise(
        f"sequence-{number}",
        path=path,
        mechanism="precopy",
        version="newest-old",
        only="x86_64",
        nightly_on=("x86_64",),
        options=GuestOptions(room=Room()),
    )
    for path in PATHS
    for number in range(1, SEQUENCES + 1)
]


@promised(PROMISES)
def test_guest_comes_through_a_sequence(cell: Cell, guest: Guest, steps: Steps) -> None:
    """Lose this and an update breaks what only a guest at work with a history meets."""
    guest.works()
    for step in booted_sequence(int(cell.aspect.rpartition("-")[2])):
        assert steps.does(step)
        assert steps.leaves_whole(step)
