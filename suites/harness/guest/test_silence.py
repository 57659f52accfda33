# SPDX-License-Identifier: Apache-2.0
"""What is said of a guest that falls silent while the suite waits for more of its beats?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.evidence.timeline import Mark
from fixtures.guest.guest import Guest
from fixtures.matrix.guestspec import GuestSpec
from fixtures.waiting import Late
from suites.harness.support.consoles import line


def test_guest_that_reset_itself_is_said_to_have_done_so() -> None:
    """Lose this and a triple fault some seconds after a move reads as a guest that hangs."""

    def late(_look: object, _deadline: object, *, what: str) -> None:
        raise Late(f"no {what}")

    console = SimpleNamespace(lines=[line(b"B 7 2702264 0 0")], closed=False, partial=b"", wait_for=late)
    marks = [Mark(3.0, "destination", "SHUTDOWN guest-reset")]
    machine: Any = SimpleNamespace(channels={"console": console}, marks=lambda _since: marks)
    guest = Guest(GuestSpec("x86_64", "pc-q35-10.0", 1, "idle", "bare", 0), lambda check: check)
    guest.moved_to(machine)
    with pytest.raises(Late, match="no 25 more beats; the guest reset itself"):
        guest.beats_arrive(25)
