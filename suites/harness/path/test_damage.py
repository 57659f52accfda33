# SPDX-License-Identifier: Apache-2.0
"""A stream that is damaged at one place, wherever the pieces begin in which it comes."""

import pytest

from fixtures.path.damage import HEADER_AFTER_NAME, SECTION, Damage

BEFORE, VERSION, AFTER = b"pages and pages", bytes(HEADER_AFTER_NAME - 1) + b"\x01", b"state of a vCPU"
STREAM = BEFORE + SECTION + VERSION + AFTER
END = len(BEFORE + SECTION + VERSION)
CHANGED = STREAM[: END - 1] + b"\xfe" + STREAM[END:]


def pieces(size: int) -> list[bytes]:
    """The stream in pieces of this size."""
    return [STREAM[at : at + size] for at in range(0, len(STREAM), size)]


@pytest.mark.parametrize("size", [1, 2, 7, 16, 100])
def test_one_byte_is_changed(size: int) -> None:
    """Lose this and whole streams are taken for damaged ones, which a destination must refuse."""
    damage = Damage("changed")
    assert b"".join(map(damage.of, pieces(size))) == CHANGED
    assert damage.done
    assert not damage.ends_stream


@pytest.mark.parametrize("size", [1, 2, 7, 16, 100])
def test_stream_ends_in_the_state(size: int) -> None:
    """Lose this and a destination gets the rest of a stream that was to end."""
    damage = Damage("truncated")
    assert b"".join(map(damage.of, pieces(size))) == STREAM[:END]
    assert damage.ends_stream


def test_stream_without_the_place_arrives_whole() -> None:
    """Lose this and a relay that found nothing to damage keeps bytes, so that the move hangs."""
    damage = Damage("changed")
    assert b"".join(map(damage.of, [BEFORE, SECTION[:3], BEFORE])) == BEFORE + SECTION[:3] + BEFORE
    assert not damage.done


def test_bytes_are_kept_only_while_the_place_may_begin() -> None:
    """Lose this and the end of a stream stays in the relay."""
    damage = Damage("changed")
    assert damage.of(BEFORE) == BEFORE
    assert damage.of(SECTION[:3]) == b""
    assert damage.of(BEFORE) == SECTION[:3] + BEFORE


@pytest.mark.parametrize("size", [1, 2, 7, 16, 100])
def test_an_earlier_marker_is_passed(size: int) -> None:
    """Lose this and the list of RAM's blocks is damaged, and not the record of a page."""
    stream = b"list of ram, page of ram, more of ram"
    damage = Damage("changed", b"ram", 0, passing=1)
    sent = b"".join(damage.of(stream[at : at + size]) for at in range(0, len(stream), size))
    assert sent == b"list of ram, page of ra\x92, more of ram"
