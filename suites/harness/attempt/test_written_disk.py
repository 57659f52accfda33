# SPDX-License-Identifier: Apache-2.0
"""What QEMU says of the dirty bitmap of a moved guest's disk, as a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.attempt.written_disk import bitmap_kept
from fixtures.evidence.blocks import BLOCK
from fixtures.matrix.disks import BITMAP, DISK, WRITTEN_BLOCKS

KEPT = {
    "name": BITMAP,
    "count": WRITTEN_BLOCKS * BLOCK,
    "recording": True,
    "persistent": True,
    "inconsistent": False,
}


def _nodes(*bitmaps: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"node-name": f"{DISK}-file"}, {"node-name": f"{DISK}-image", "dirty-bitmaps": list(bitmaps)}]


def test_bitmap_that_is_kept_holds() -> None:
    """Lose this and each guest with a bitmap counts against the update."""
    assert bitmap_kept(_nodes(KEPT))


@pytest.mark.parametrize(
    "change",
    [
        {"count": WRITTEN_BLOCKS * BLOCK - 1},
        {"recording": False},
        {"persistent": False},
        {"inconsistent": True},
        {"name": "other"},
    ],
)
def test_bitmap_that_is_not_kept_is_found(change: dict[str, Any]) -> None:
    """Lose this and the next incremental backup of a moved guest lacks what it wrote."""
    assert not bitmap_kept(_nodes({**KEPT, **change}))


def test_bitmap_that_is_gone_is_found() -> None:
    """Lose this and a guest whose bitmap did not arrive passes."""
    check = bitmap_kept(_nodes())
    assert (check.held, check.what) == (False, "it is gone")
