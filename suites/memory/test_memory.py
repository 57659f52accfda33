# SPDX-License-Identifier: Apache-2.0
"""What does a move cost in memory, by what the RAM consists of, and does the guest keep it whole?"""

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.promises import promise

SECONDS = 2900
"""A finding takes up to 43 moves, each with a guest of its own."""
MEMFD = GuestOptions(memory=MemoryOptions("memfd"))
FILE = GuestOptions(memory=MemoryOptions("file"))
HUGE = GuestOptions(memory=MemoryOptions("hugepages"))
NODES = GuestOptions(memory=MemoryOptions("memfd", nodes=2))


@pytest.mark.timeout(SECONDS)
@promise("memfd", path="qmp", mechanism="precopy", options=MEMFD, compared=True)
@promise("memfd", path="qmp", mechanism="postcopy", hardware="virtio", options=MEMFD, slow=True)
@promise("memfd", path="qmp", mechanism="postcopy-immediate", options=MEMFD, compared=True, slow=True)
@promise("memfd", path="qmp", mechanism="postcopy-preempt", hardware="virtio", options=MEMFD, slow=True)
@promise("memfd", path="qmp", mechanism="multifd", options=MEMFD, compared=True, slow=True)
@promise("memfd", path="qmp", mechanism="mapped-ram", options=MEMFD, slow=True)
@promise("file", path="qmp", mechanism="precopy", options=FILE, slow=True)
@promise("file", path="qmp", mechanism="postcopy", hardware="virtio", options=FILE, slow=True)
@promise("file", path="qmp", mechanism="multifd", options=FILE, slow=True)
@promise("file", path="qmp", mechanism="mapped-ram", options=FILE, slow=True)
@promise("hugepages", path="qmp", mechanism="precopy", options=HUGE, compared=True, slow=True)
@promise("hugepages", path="qmp", mechanism="postcopy", hardware="virtio", options=HUGE, slow=True)
@promise("hugepages", path="qmp", mechanism="multifd", options=HUGE, slow=True)
@promise("two-nodes", path="qmp", mechanism="precopy", vcpus=2, options=NODES, slow=True)
@promise("two-nodes", path="qmp", mechanism="postcopy", hardware="virtio", vcpus=2, options=NODES, slow=True)
def test_move_takes_no_more_memory_than_before(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update that takes the memory of each guest three times fills up the host."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
