# SPDX-License-Identifier: Apache-2.0
"""What is concluded from the moves after the hot patch, with a guest whose moves end as scripted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.chain import SURVIVED, Chain
from fixtures.attempt.later_moves import SENT_BYTES, LaterMoves
from fixtures.errors import HotPatchFailure, Refused
from fixtures.evidence.checks import Check
from fixtures.guest.examination import Before
from fixtures.outcome.findings import STEP_BACK
from fixtures.waiting import Late
from suites.harness.support.scripted_lives import NEW, OLD, PLAN, life

REFUSES = HotPatchFailure(
    "migrate", "Unknown savevm section 'x'; source: failed", "Unknown savevm section 'x'"
)


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The pairs of builds for which a plan was made, which are never probed."""
    seen: list[tuple[str, str]] = []

    def negotiated(_mechanism: str, source: Any, destination: Any, _arch: str, _host: Any) -> Any:
        seen.append((source.name, destination.name))
        return PLAN

    monkeypatch.setattr("fixtures.attempt.later_moves.negotiated", negotiated)
    return seen


@pytest.fixture(autouse=True)
def clocks_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks of this guest are not read; the tests of timekeeping are about them."""
    nothing = Before(times=None)  # type: ignore[arg-type]
    monkeypatch.setattr("fixtures.guest.examination.Before.of", lambda _guest: nothing)
    monkeypatch.setattr("fixtures.attempt.attempt.time_checks", lambda *_: [])
    monkeypatch.setattr("fixtures.attempt.later_moves.time_checks_here", lambda *_: [])


@pytest.fixture
def attempt(tmp_path: Path) -> Any:
    """An attempt whose guest was moved from the old into the new build."""
    attempt = life(tmp_path)
    attempt.hot_patch()
    return attempt


@pytest.fixture
def later(attempt: Any) -> LaterMoves:
    """The further moves of its guest."""
    return LaterMoves(attempt)


def test_each_move_starts_where_the_last_one_ended(
    attempt: Any, later: LaterMoves, plans: list[tuple[str, str]]
) -> None:
    """Lose this and the second move is the first one again, or its plan is one for the old build."""
    later.cancelled()
    later.again()
    later.back()
    assert attempt.path.moves == ["old → new", "new → new, cancelled", "new → new", "new → old"]
    assert plans == [("new", "new"), ("new", "new"), ("new", "old")]


def test_the_build_of_each_move_is_asked_for(attempt: Any, later: LaterMoves) -> None:
    """Lose this and a guest that stayed in the new build counts as moved back, for it was there before."""
    assert later.back().runs_on_its_destination.detail == "the executable of old"
    assert attempt.patched.runs_on_new_build.detail == "the executable of new"


def test_a_failed_later_move_names_its_step_and_keeps_its_cause(attempt: Any, later: LaterMoves) -> None:
    """Lose this and nobody sees which move failed, or no control excuses the failure."""
    attempt.path.ends = [REFUSES]
    with pytest.raises(HotPatchFailure, match=r"^second move, new → new: Unknown savevm") as failed:
        later.again()
    assert failed.value.cause == REFUSES.cause


def test_a_guest_that_dies_of_a_later_move_names_its_step_once(attempt: Any, later: LaterMoves) -> None:
    """Lose this and the reason names the step twice, or never."""
    attempt.guest.broken = True
    with pytest.raises(HotPatchFailure, match=r"^second move, new → new: as scripted"):
        later.again()


def test_a_check_after_a_later_move_names_its_step(attempt: Any, later: LaterMoves) -> None:
    """Lose this and memory that the second move damaged looks damaged by the update."""
    later.again()
    attempt.guest.broken = True
    attempt.guest.memory_is_intact()
    assert attempt.checks.blamed.detail == "second move, new → new: page 7"


def test_the_update_is_the_first_move(attempt: Any, later: LaterMoves) -> None:
    """Lose this and the report shows the figures of another move as those of the update."""
    first = attempt.patched
    later.again()
    assert attempt.patched is first
    assert attempt.figures["blackout of the second move ms"] == pytest.approx(100)


def test_new_build_must_not_refuse_the_next_move(attempt: Any, later: LaterMoves) -> None:
    """Lose this and guests that can never leave the new build again count as refused, which is no finding."""
    attempt.path.ends = [Refused("new says: State blocked")]
    with pytest.raises(HotPatchFailure, match="second move, new → new: new says: State blocked") as failed:
        later.again()
    assert failed.value.check == "refused"


def test_old_build_may_refuse_to_take_a_guest_back(attempt: Any, later: LaterMoves) -> None:
    """Lose this and each update to a build with a new section in its stream is unsafe."""
    attempt.path.ends = [REFUSES]
    with pytest.raises(
        Refused, match=f"old does not take the guest back; the guest goes on in new: {STEP_BACK}"
    ):
        later.back()


def test_new_build_that_does_not_let_a_guest_go_names_the_step_back(attempt: Any, later: LaterMoves) -> None:
    """Lose this and a guest that cannot leave the new build looks like one that never came there."""
    attempt.path.ends = [Refused("new says: State blocked")]
    with pytest.raises(Refused, match=f"^{STEP_BACK}new → old: new says: State blocked"):
        later.back()


def test_refusal_must_not_harm_the_guest(attempt: Any, later: LaterMoves) -> None:
    """Lose this and a guest that is lost on its way back counts as refused."""
    attempt.path.ends = [REFUSES]
    attempt.guest.broken = True
    with pytest.raises(HotPatchFailure, match="Unknown savevm"):
        later.back()


@pytest.mark.parametrize("check", ["hang", "runstates"])
def test_only_a_failed_migration_is_a_refusal(check: str, attempt: Any, later: LaterMoves) -> None:
    """Lose this and a move back that hangs counts as refused."""
    attempt.path.ends = [HotPatchFailure(check, "it does not end")]
    with pytest.raises(HotPatchFailure, match="it does not end"):
        later.back()


def test_build_does_not_refuse_its_own_guests(tmp_path: Path) -> None:
    """Lose this and a control of the way back excuses nothing, because it ends as refused."""
    attempt = life(tmp_path, NEW, NEW)
    attempt.path.ends = [REFUSES]
    with pytest.raises(HotPatchFailure, match="Unknown savevm"):
        LaterMoves(attempt).back()


def test_guest_must_outlive_a_cancelled_move(attempt: Any, later: LaterMoves) -> None:
    """Lose this and a guest that stands still after a cancelled move passes."""
    attempt.guest.broken = True
    with pytest.raises(HotPatchFailure, match=r"^cancelled move, new → new: as scripted"):
        later.cancelled()


def test_guest_must_live_long_after_its_move(
    attempt: Any, later: LaterMoves, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that dies a minute after its move passes."""
    waited: list[int] = []

    def beats_arrive(wanted: int) -> None:
        waited.append(wanted)
        if len(waited) > 2:
            raise Late("waited 6 s for 250 more beats")

    monkeypatch.setattr(attempt.guest, "beats_arrive", beats_arrive, raising=False)
    assert not later.stays_alive()
    assert len(waited) == 3
    assert later.stays_alive(seconds=0)


def survive(chain: Chain) -> None:
    """Make all moves of the chain."""
    for move in chain.moves():
        assert move().runs_on_its_destination


def test_chain_names_the_move_that_fails(tmp_path: Path, plans: list[tuple[str, str]]) -> None:
    """Lose this and nobody sees between which two builds a guest was lost."""
    attempt = life(tmp_path)
    attempt.setting = replace(attempt.setting, through=(NEW, OLD))
    attempt.path.ends = [None, REFUSES]
    with pytest.raises(HotPatchFailure, match=r"^second move of the chain, new → old: Unknown savevm"):
        survive(Chain(attempt))
    assert attempt.figures[SURVIVED] == 1
    assert plans == [("old", "new"), ("new", "old")]


def test_chain_is_survived_to_its_end(tmp_path: Path) -> None:
    """Lose this and a chain passes whose last move was never made."""
    attempt = life(tmp_path)
    attempt.setting = replace(attempt.setting, through=(NEW, OLD))
    survive(Chain(attempt))
    assert attempt.path.moves == ["old → new", "new → old", "old → new"]
    assert attempt.figures[SURVIVED] == 3


@pytest.mark.parametrize("moves, error", [(0, Refused), (1, HotPatchFailure)])
def test_only_the_first_move_of_a_chain_may_be_refused(
    moves: int, error: type[Exception], tmp_path: Path
) -> None:
    """Lose this and a guest that is stranded in the middle of its updates counts as refused."""
    attempt = life(tmp_path)
    attempt.setting = replace(attempt.setting, through=(NEW,))
    attempt.path.ends = [*[None] * moves, Refused("State blocked")]
    with pytest.raises(error, match=r"move of the chain, .*: State blocked"):
        survive(Chain(attempt))


def test_last_qemu_must_end_well(attempt: Any) -> None:
    """Lose this and a new build that crashes when it is ended passes."""
    attempt.path.status = Check("exit-status", False, "exit status 1")
    with pytest.raises(HotPatchFailure, match="exit status 1") as failed:
        attempt.ends_well()
    assert failed.value.check == "exit-status"


def test_last_qemu_is_asked_only_after_a_move(tmp_path: Path) -> None:
    """Lose this and a guest that was not moved at all is blamed on the builds."""
    attempt = life(tmp_path)
    attempt.path.status = Check("exit-status", False, "exit status 1")
    attempt.ends_well()
    assert not list(attempt.checks)


def cancelled_after(attempt: Any, *sent: int) -> list[str]:
    """What a cancelled move waits for; after each look the next of these bytes have been sent."""
    steps, looks = [], iter(sent)

    def look() -> Any:
        steps.append("look")
        return SimpleNamespace(transferred=next(looks, sent[-1]))

    journey: Any = SimpleNamespace(until_pass=lambda number: steps.append(f"pass {number}"), look=look)
    attempt.path.cancelled = lambda *asked: asked[-1](journey)
    LaterMoves(attempt).cancelled()
    return steps


def test_move_is_cancelled_in_its_first_pass(attempt: Any) -> None:
    """Lose this and a busy host completes the move before it is cancelled, which fails a good build."""
    assert cancelled_after(attempt, 0, SENT_BYTES) == ["pass 1", "look", "look"]


def test_cancelled_move_that_sends_nothing_hangs(attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a source that sends nothing blocks the run."""
    monkeypatch.setattr("fixtures.attempt.later_moves.SEND_SECONDS", 0.0)
    with pytest.raises(HotPatchFailure, match=r"0\.0 MiB were sent in 0 s"):
        cancelled_after(attempt, 100)
