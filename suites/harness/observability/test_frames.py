# SPDX-License-Identifier: Apache-2.0
"""Is it said correctly what a guest uses a page for?"""

from __future__ import annotations

import pytest

from suites.harness.observability.frames import UNNAMED, use

LRU, SLAB, BUDDY, MMAP, ANON, PGTABLE, RESERVED = (1 << bit for bit in (5, 7, 10, 11, 12, 26, 32))


@pytest.mark.parametrize(
    "flags, mapped, words",
    [
        (BUDDY | LRU, 0, "free"),
        (SLAB, 0, "the kernel's own: a slab"),
        (LRU | MMAP | ANON, 1, "private memory of programs, mapped"),
        (LRU, 0, "page cache"),
        (PGTABLE, 0, "page tables"),
        (RESERVED, 0, "reserved when the kernel boots: its image, its list of frames, data of each vCPU"),
        (0, 0, UNNAMED),
    ],
)
def test_flags_of_the_kernel_are_named(flags: int, mapped: int, words: str) -> None:
    """Lose this and the reason why a lost page is not noticed is wrong."""
    assert use(flags, mapped) == words
