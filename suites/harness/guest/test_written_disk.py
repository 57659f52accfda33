# SPDX-License-Identifier: Apache-2.0
"""What is made of the agent's answers about the disk that it writes."""

from __future__ import annotations

import pytest

from fixtures.guest.written_disk import OVERWRITTEN, WHAT, blocks_held, requests_ended

ENDED = {"submitted": "100", "ended": "68", "failed": "0", "first": "none"}
HELD = {"blocks": "2048", "bad": "0", "why": "none"}
HELD |= {"first_bad": "0", "lap": "0", "acknowledged": "0", "submitted": "0"}
HELD |= {f"{OVERWRITTEN}{key}": value for key, value in HELD.items()}


def test_ended_requests_hold() -> None:
    """Lose this and a disk in order counts as broken."""
    check = requests_ended(ENDED | {"submitted": "150", "ended": "150"})
    assert check
    assert check.detail == "all 150 requests ended"


def test_request_without_an_end_is_found() -> None:
    """Lose this and a guest whose disk hangs after the move passes."""
    check = requests_ended(ENDED | {"submitted": "150", "ended": "149"})
    assert (check.held, check.detail) == (False, "1 of 150 requests never ended")


def test_message_says_who_has_lost_a_request() -> None:
    """Lose this and whoever reads of a disk that hangs does not learn where to look."""
    check = requests_ended(ENDED | {"submitted": "150", "ended": "149"}, lambda state: f"; {state['failed']}")
    assert check.detail == "1 of 150 requests never ended; 0"


def test_failed_request_is_found() -> None:
    """Lose this and a guest whose disk reports errors after the move passes."""
    check = requests_ended(ENDED | {"ended": "100", "failed": "2", "first": "block 7: Input/output error"})
    assert (check.held, check.detail) == (
        False,
        "2 of 100 requests failed; first block 7: Input/output error",
    )


@pytest.mark.parametrize("why", sorted(WHAT))
def test_damaged_block_is_found(why: str) -> None:
    """Lose this and a guest that finds other data on its disk passes."""
    check = blocks_held(HELD | {"bad": "3", "first_bad": "5", "why": why, "lap": "2", "acknowledged": "3"})
    assert (check.held, check.what) == (False, WHAT[why])
    assert (
        check.detail == f"3 of 2048 blocks are damaged; first 5: {why} (lap 2, acknowledged 3, submitted 0)"
    )


def test_block_that_the_next_lap_has_mended_is_found() -> None:
    """Lose this and a write that a move loses once passes, because the guest writes the block again."""
    mended = {"bad": "2", "first_bad": "7", "why": "lost", "lap": "3", "acknowledged": "4", "submitted": "4"}
    check = blocks_held(HELD | {f"{OVERWRITTEN}{key}": value for key, value in mended.items()})
    assert (check.held, check.what) == (False, WHAT["lost"])
    assert check.detail == (
        "2 of 2048 blocks were damaged when they were read before the next lap; "
        "first 7: lost (lap 3, acknowledged 4, submitted 4)"
    )
