# SPDX-License-Identifier: Apache-2.0
"""Where a stream is damaged that carries RAM: in the list of its blocks, or in the flags of a page."""

import pytest

from fixtures.attempt.ram_faults import RamPhase, damage_of

NAME, PAGE = b"\x06pc.ram", bytes(4096)
NUMBER = (2).to_bytes(4)
"""That of RAM's section."""


def record(offset: int, flags: int, name: bytes = b"") -> bytes:
    """The header of a page, and the page."""
    return (offset | flags).to_bytes(8) + name + PAGE


END = (0x10).to_bytes(8) + b"\x7e" + NUMBER
LIST = b"\x01" + NUMBER + b"\x03ram" + bytes(7) + b"\x04" + (1 << 20 | 4).to_bytes(8) + NAME + bytes(8)
FIRST = b"\x02" + NUMBER + record(0, 0x08, NAME) + record(0x1000, 0x28)
SECOND = b"\x02" + NUMBER + record(0x2000, 0x28)
STREAM = LIST + END + FIRST + END + SECOND + END


@pytest.mark.parametrize(
    "phase,sent,place",
    [
        ("set-up", STREAM, LIST.index(NAME) + 1),
        ("first-pass", STREAM, STREAM.index(SECOND) + len(b"\x02" + NUMBER) + 7),
        ("postcopy", FIRST + END + SECOND + END, len(FIRST + END + b"\x02" + NUMBER) + 7),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 4096, 1 << 20])
def test_one_byte_is_damaged(phase: RamPhase, sent: bytes, place: int, size: int) -> None:
    """Lose this and the content of a page is damaged, which nothing in the stream shows."""
    damage = damage_of("changed", phase)
    arrived = b"".join(damage.of(sent[at : at + size]) for at in range(0, len(sent), size))
    assert [at for at in range(len(sent)) if arrived[at] != sent[at]] == [place]
    assert len(arrived) == len(sent)
