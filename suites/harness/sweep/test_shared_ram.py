# SPDX-License-Identifier: Apache-2.0
"""What the sweep `shared-ram` says of pages that a destination has written."""

import struct
from pathlib import Path

import pytest

from fixtures.evidence.device_tree import MAGIC
from fixtures.sweep.shared_ram import MARK, PAGE, complaint, written_pages

TREE = struct.pack(">2I", MAGIC, PAGE + 8).ljust(PAGE + 8, b"n")


def _complaint(place: Path, *contents: tuple[int, bytes]) -> str:
    """What is said of RAM with these contents, each with the number of its page."""
    ram = place / "ram"
    ram.write_bytes(MARK * (8 * PAGE))
    with ram.open("r+b") as stream:
        for page, content in contents:
            stream.seek(page * PAGE)
            stream.write(content)
    return complaint(ram, written_pages(ram))


def test_device_tree_is_one_defect_wherever_it_is(tmp_path: Path) -> None:
    """Lose this and the new build is blamed for a defect that it shares with the old one."""
    assert _complaint(tmp_path, (1, TREE)) == _complaint(tmp_path, (4, TREE))


@pytest.mark.parametrize("content", [(5, b"more"), (3, b"more")], ids=["elsewhere", "behind"])
def test_pages_beside_a_device_tree_are_another_defect(tmp_path: Path, content: tuple[int, bytes]) -> None:
    """Lose this and a build that writes over more of the guest's RAM is excused by the device tree."""
    said = _complaint(tmp_path, (1, TREE), content)
    assert said.endswith("the guest still uses: 12 KiB, the first at 0x1000")
