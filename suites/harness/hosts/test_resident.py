# SPDX-License-Identifier: Apache-2.0
"""Resident memory of processes: as the kernel reports it, and measured at processes that take some."""

from __future__ import annotations

import mmap
import os

from fixtures.hosts.footprint import footprint
from fixtures.hosts.resident import Resident, resident_in

SMAPS = """\
55d0c0000000-55d0c0a00000 r-xp 00000000 08:01 42                         /usr/bin/qemu-system-x86_64
Rss:                8000 kB
Anonymous:             0 kB
7f0000000000-7f0010000000 rw-p 00000000 00:00 0
Rss:               20000 kB
Anonymous:         19000 kB
Private_Hugetlb:       0 kB
7f1000000000-7f1010000000 rw-s 00000000 00:01 7                          /memfd:memory-backend-memfd (deleted)
Rss:               30000 kB
Anonymous:             0 kB
7f2000000000-7f2010000000 rw-s 00000000 00:0f 8                          /anon_hugepage (deleted)
Rss:                   0 kB
Shared_Hugetlb:     2048 kB
Private_Hugetlb:    4096 kB
VmFlags: rd wr sh
"""
RAM_KIB = 256 << 10
SHARED_MIB = 72


def test_private_memory_and_each_shared_object_are_told_apart() -> None:
    """Lose this and program text counts as memory of a move, or huge pages cost nothing."""
    seen = resident_in(SMAPS)
    assert seen.private_kib == 19000
    assert seen.shared_kib == {"00:01 7": 30000, "00:0f 8": 6144}
    assert seen.total_kib == 19000 + 30000 + 6144
    assert seen.huge_kib == 6144
    assert seen.blocks == ((RAM_KIB, 19000), (RAM_KIB, 30000), (RAM_KIB, 6144))


def test_what_two_processes_share_counts_once() -> None:
    """Lose this and a mechanism that leaves memory in place seems to cost all of it twice."""
    both = Resident(100, {"1 7": 5000}) + Resident(200, {"1 7": 4000, "1 8": 60})
    assert both.total_kib == 100 + 200 + 5000 + 60


def test_ram_is_the_smallest_mapping_that_is_large_enough() -> None:
    """Lose this and the translated code of TCG, or another node's RAM, is taken for the guest's RAM."""
    seen = Resident(blocks=((1 << 20, 7), (RAM_KIB, 5), (RAM_KIB + 8, 6)))
    assert seen.ram_kib([RAM_KIB]) == 5
    assert seen.ram_kib([RAM_KIB, RAM_KIB]) == 11
    assert seen.ram_kib([2 << 20]) == 0


def _resident() -> Resident:
    seen = footprint(os.getpid())
    assert seen is not None
    assert seen.resident is not None
    return seen.resident


def test_memory_that_this_process_touches_is_seen() -> None:
    """Lose this and the figures are about another format of the kernel's."""
    held = os.memfd_create("test")
    os.ftruncate(held, SHARED_MIB << 20)
    with (
        mmap.mmap(held, SHARED_MIB << 20) as shared,
        mmap.mmap(-1, 96 << 20, flags=mmap.MAP_PRIVATE) as private,
    ):
        os.close(held)
        private.madvise(mmap.MADV_NOHUGEPAGE)  # A huge page would be resident beyond what is touched.
        before = _resident()
        for at in range(0, 32 << 20, mmap.PAGESIZE):
            shared[at] = private[at] = 1
        after = _resident()
        # Other parts of this process may take and free memory of their own meanwhile.
        assert after.private_kib - before.private_kib > 30 << 10
        assert (SHARED_MIB << 10, 32 << 10) in after.blocks
        assert sum(after.shared_kib.values()) - sum(before.shared_kib.values()) == 32 << 10
