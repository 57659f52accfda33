# SPDX-License-Identifier: Apache-2.0
"""Sequences of steps with a booted guest: which there are, and what a failure says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import steps as module
from fixtures.attempt.faults import Faults
from fixtures.attempt.steps import StepName, Steps
from fixtures.errors import HotPatchFailure, Refused
from fixtures.evidence.checks import Check
from fixtures.sweep.booted_sequences import booted_sequence, possible
from suites.harness.support.scripted_lives import PLAN, life


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An attempt whose guest is moved as scripted."""
    monkeypatch.setattr("fixtures.attempt.later_moves.negotiated", lambda *_: PLAN)
    monkeypatch.setattr(
        "fixtures.guest.examination.Before.of", lambda _guest: SimpleNamespace(times=None, kept=lambda _: [])
    )
    monkeypatch.setattr("fixtures.attempt.attempt.time_checks", lambda *_: [])
    monkeypatch.setattr("fixtures.attempt.later_moves.time_checks_here", lambda *_: [])
    return life(tmp_path)


def test_sequences_are_always_the_same_and_differ() -> None:
    """Lose this and a failure of last night cannot be done again, or three cells are one."""
    booted_sequence.cache_clear()
    first = [booted_sequence(number) for number in (1, 2, 3)]
    booted_sequence.cache_clear()
    assert [booted_sequence(number) for number in (1, 2, 3)] == first
    assert len({*first}) == 3
    assert all("kill-destination" in sequence[sequence.index("move") :] for sequence in first)


def test_step_that_cannot_be_done_is_left_out() -> None:
    """Lose this and a guest is blamed for what it never had."""
    drawn: tuple[StepName, ...] = (
        "back",
        "unplug",
        "plug-disk",
        "plug-disk",
        "unplug",
        "move",
        "back",
        "back",
    )
    assert possible(drawn) == ("plug-disk", "unplug", "move", "back")
    assert possible(("pause",)) == ("pause", "move")


def test_failure_names_its_step(attempt: Any) -> None:
    """Lose this and nobody knows which of four moves a guest did not survive."""
    steps = Steps(attempt)
    assert steps.does("move")
    attempt.path.ends = [HotPatchFailure("migrate", "Unknown savevm section")]
    with pytest.raises(HotPatchFailure, match=r"^step 2 \(move\), new → new: Unknown savevm section"):
        steps.does("move")


def test_old_build_may_refuse_the_way_back(attempt: Any) -> None:
    """Lose this and each update with a new section in its stream fails."""
    steps = Steps(attempt)
    assert steps.does("move")
    attempt.path.ends = [Refused("new says: State blocked")]
    assert steps.does("back")
    assert steps.does("cancel")
    assert attempt.path.moves == ["old → new", "new → old", "new → new, cancelled"]


def test_move_whose_destination_is_killed_names_its_step(
    attempt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and nobody knows which of several killed destinations took its source with it."""

    def strikes(faults: Faults, *_: str) -> Check:
        return faults._attempt.record(Check("runstates", False, "source gone"))

    monkeypatch.setattr(Faults, "strikes", strikes)
    check = Steps(attempt).does("kill-destination")
    assert check.detail == "step 1 (kill-destination), old → new: source gone"


def test_nothing_is_killed_on_an_emulated_host(attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and under KVM each sequence is unsupported, half way through."""
    host = replace(attempt.setting.host, programs=SimpleNamespace(kind="emulated"))
    monkeypatch.setattr(attempt, "setting", replace(attempt.setting, host=host))
    assert Steps(attempt).does("kill-destination")
    assert attempt.path.moves == []


def test_pause_that_is_not_kept_fails(attempt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that runs on while it is paused passes."""
    seen = SimpleNamespace(paused=lambda: "3 beats came while the guest was paused")
    monkeypatch.setattr(module, "Seen", lambda *_: seen)
    forgotten: list[str] = []
    attempt.guest.was_paused = lambda: forgotten.append("all before")
    check = Steps(attempt).does("pause")
    assert forgotten == ["all before"]
    assert (check.held, check.name) == (False, "pause")
    assert check.detail.startswith("step 1 (pause): 3 beats")


@pytest.mark.parametrize("what", ["memory", "alive"])
def test_guest_that_is_not_well_after_a_step_fails(what: str, attempt: Any) -> None:
    """Lose this and a guest that a step has damaged goes on to the next one."""
    steps = Steps(attempt)
    attempt.guest.spec = SimpleNamespace(plugged=())
    assert steps.leaves_whole("pause") is not None
    attempt.guest.broken = True
    assert not (steps.leaves_whole("pause") if what == "memory" else attempt.guest.goes_on())
    assert isinstance(attempt.checks.blamed, Check)
