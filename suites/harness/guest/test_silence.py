# SPDX-License-Identifier: Apache-2.0
"""What is said of a guest that falls silent while the suite waits for more of its beats?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.failed import failed_check
from fixtures.evidence.checks import CheckRecord
from fixtures.evidence.timeline import Mark
from fixtures.guest.guest import Guest
from fixtures.guest.heartbeat import FellSilent
from fixtures.matrix.guestspec import GuestSpec
from fixtures.waiting import Deadline, Late, Signal
from suites.harness.support.consoles import line


def silent_guest(*marks: Mark, said: bytes = b"B 7 2702264 0 0", later: bytes = b"") -> Guest:
    """A guest that has `said` something, and says at most one thing more when the suite waits for beats."""
    heard = [line(said)]

    def late(_look: object, _deadline: object, *, what: str) -> None:
        heard.extend([line(later)] if later else [])
        raise Late(f"no {what}")

    console = SimpleNamespace(lines=heard, closed=False, partial=b"", wait_for=late)
    machine: Any = SimpleNamespace(
        channels={"console": console}, marks=lambda _since: list(marks), registers=lambda: ""
    )
    guest = Guest(GuestSpec("x86_64", "pc-q35-10.0", 1, "idle", "bare", 0), lambda check: check)
    guest.moved_to(machine)
    return guest


def test_guest_that_reset_itself_is_said_to_have_done_so() -> None:
    """Lose this and a triple fault some seconds after a move reads as a guest that hangs."""
    guest = silent_guest(Mark(3.0, "destination", "SHUTDOWN guest-reset"))
    with pytest.raises(FellSilent, match="no 25 more beats; the guest reset itself"):
        guest.beats_arrive(25)


HELLO = b"H 1 x86_64 2 4096 6.1.0-50-amd64 *ff40"


def test_guest_that_stops_was_not_started_anew() -> None:
    """Lose this and each guest that stops some seconds after its move is said to have started anew."""
    with pytest.raises(FellSilent) as late:
        silent_guest(said=HELLO).beats_arrive(25)
    assert str(late.value) == "no 25 more beats"


def test_guests_that_fall_silent_alike_have_one_cause() -> None:
    """Lose this and the last line of a console tells two runs of one defect apart."""
    mark = Mark(3.0, "destination", "SHUTDOWN guest-reset")
    causes = []
    for beat in (b"B 7 2702264 0 0", b"B 912 88d1 0 0"):
        with pytest.raises(FellSilent) as late:
            silent_guest(mark, said=beat).beats_arrive(25)
        failed = failed_check(late.value, CheckRecord([]))
        assert failed is not None
        causes.append((failed.name, failed.what))
    assert causes == [("alive", "the guest reset itself")] * 2


def test_what_was_last_seen_is_no_part_of_the_cause() -> None:
    """Lose this and two waits that end alike are two defects, by what the console said last."""
    with pytest.raises(Late) as late:
        Signal().wait_for(lambda: None, Deadline.exactly(0), what="the answer", last_seen=lambda: "B 77 ab12")
    assert str(late.value) == "waited 0 s for the answer; last seen: B 77 ab12"
    failed = failed_check(late.value, CheckRecord([]))
    assert failed is not None
    assert failed.what == "waited 0 s for the answer"


def test_guest_that_starts_anew_meanwhile_is_said_to_have_done_so() -> None:
    """Lose this and a guest that boots again after its move reads as one that hangs."""
    with pytest.raises(FellSilent, match="no 25 more beats; the guest started anew"):
        silent_guest(later=HELLO).beats_arrive(25)
