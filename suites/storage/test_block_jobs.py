# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest, and of a job on its disk, if it is moved before the job has ended?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import get_args

from fixtures.attempt.block_jobs import BlockJobs
from fixtures.attempt.written_disk import AttemptDisk
from fixtures.evidence.checks import BLOCK_JOB
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.machine.block_job import BlockJobKind
from fixtures.matrix.cells import Cell
from fixtures.matrix.disks import DiskOptions
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import Promise, promised

WAYS: tuple[tuple[PathName, Mechanism], ...] = (
    ("qmp", "precopy"),
    ("qmp", "postcopy"),
    ("libvirt", "precopy"),
)
ON_A_DISK = GuestOptions(disk=DiskOptions("chain", "virtio-blk"))
KINDS: Mapping[str, BlockJobKind] = {f"{BLOCK_JOB}-{kind}": kind for kind in get_args(BlockJobKind)}
NIGHTLY: frozenset[tuple[PathName, Mechanism, BlockJobKind]] = frozenset(
    {
        ("qmp", "postcopy", "backup"),
        ("qmp", "postcopy", "mirror"),
        ("qmp", "precopy", "commit"),
        ("qmp", "precopy", "stream"),
    }
)
"""Each job once."""
BY_DEFAULT: tuple[PathName, Mechanism, BlockJobKind] = ("libvirt", "precopy", "stream")
"""libvirt must refuse to move a guest with a job."""
JOBS = [
    Promise(
        aspect,
        path=path,
        mechanism=mechanism,
        options=ON_A_DISK,
        slow=(path, mechanism, KINDS[aspect]) != BY_DEFAULT,
        nightly_on=("x86_64",) if (path, mechanism, KINDS[aspect]) in NIGHTLY else (),
        only="x86_64",
    )
    for (path, mechanism), aspect in product(WAYS, KINDS)
]


@promised(JOBS)
def test_job_on_a_disk_is_kept_or_given_up(
    cell: Cell, guest: Guest, block_jobs: BlockJobs, disk: AttemptDisk
) -> None:
    """Lose this and a copy that an update broke looks complete, or the copy costs the guest its life."""
    guest.works()
    disk.is_written()
    kind = KINDS[cell.aspect]
    assert block_jobs.hot_patch(kind).runs_on_new_build
    assert disk.goes_on()
    assert disk.has_all_writes()
    assert examined(guest)
    assert disk.image_is_whole(merged=kind == "commit")
