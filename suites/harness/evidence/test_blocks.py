# SPDX-License-Identifier: Apache-2.0
"""Which damage of a disk's blocks the suite finds in an image by itself."""

from __future__ import annotations

import pytest

from fixtures.evidence.blocks import BLOCK, STEP, block, faults, laps_after, new_disk

BLOCKS, WRITTEN = 16, 12


def _with(number: int, content: bytes) -> bytes:
    disk = new_disk("io", BLOCKS)
    return disk[: number * BLOCK] + content + disk[number * BLOCK + len(content) :]


def _faults(content: bytes) -> str:
    return faults(content, "io", BLOCKS, lambda _number: 0)


def test_whole_disk_has_no_fault() -> None:
    """Lose this and each guest's disk counts as damaged."""
    assert _faults(new_disk("io", BLOCKS)) == ""


@pytest.mark.parametrize(
    "content, said",
    [
        (block("io", 3, 1), "block 3: lap 1, not 0"),
        (block("io", 4, 0), "block 3: it holds block 4"),
        (block("io", 3, 1)[: BLOCK // 2], "block 3: torn; its head is of block 3, lap 1"),
        (bytes(BLOCK), "block 3: it holds no block of the guest"),
        (block("other", 3, 0), "block 3: torn; its head is of block 3, lap 0"),
    ],
)
def test_damage_is_named(content: bytes, said: str) -> None:
    """Lose this and an image that lost a write passes, or nobody learns where."""
    assert _faults(_with(3, content)) == said


def test_missing_end_is_found() -> None:
    """Lose this and an image that was cut passes."""
    assert "and 1 more" in _faults(new_disk("io", BLOCKS)[: -4 * BLOCK])


def test_laps_follow_the_order_of_the_writer() -> None:
    """Lose this and blocks of the lap in which the writer ended count as lost."""
    lap_of = laps_after(7, 2, WRITTEN, 1)
    newest = {0, STEP % WRITTEN}
    assert [lap_of(number) for number in range(BLOCKS)] == [
        8 if number in newest else 7 for number in range(WRITTEN)
    ] + [1] + [0] * (BLOCKS - WRITTEN - 1)
