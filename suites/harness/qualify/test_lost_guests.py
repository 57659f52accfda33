# SPDX-License-Identifier: Apache-2.0
"""A guest whose run tried nothing is started once more.

That is one that an emulated host takes before its move, one whose emulated host ends, or one that moved
before the suite asked for postcopy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.hosts.emulated.connection import HostLost
from fixtures.outcome.outcome import Outcome
from fixtures.path.interface import BROKEN_TOO_LATE, TOO_LATE
from fixtures.qualify.venue import Place
from suites.harness.support.scripted_attempts import FORWARD, ScriptedPair, Stage

SILENT = HotPatchFailure("agent", "waited 196.1 s for the agent's answer to `clocks`; last seen: 26 ok")
TOO_EARLY = RigError(f"{TOO_LATE}: completed")


@pytest.mark.parametrize(
    "place, lost, outcome",
    [
        ("emulated", 0, Outcome.PASS),
        ("emulated", 1, Outcome.PASS),
        ("emulated", 2, Outcome.ERROR),
        ("tcg", 1, Outcome.ERROR),
    ],
)
def test_guest_is_started_once_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, place: Place, lost: int, outcome: Outcome
) -> None:
    """Lose this and one fault of the emulator ends a run undecided, or guests are started without end."""
    under_test = ScriptedPair()
    here = under_test.venue
    monkeypatch.setattr(under_test, "venue", lambda *of, **how: replace(here(*of, **how), place=place))
    started = []

    def moved(attempt: object) -> None:
        started.append(attempt)
        if len(started) <= lost:
            raise SILENT

    qualification = stage.qualification(under_test)
    result = qualification.judge(moved, repeat=1)
    assert result.outcome is outcome
    assert len(started) == (1 if place == "tcg" else min(lost, 1) + 1)
    again = [run.reason for run in result.runs if "another guest was started" in run.reason]
    assert len(again) == len(started) - 1
    assert {(run.source, run.destination) for run in result.runs} == {FORWARD}


class EndingHost:
    """An emulated host that may end."""

    kind, stretch = "emulated", 1.0
    ended = False

    def lost(self) -> bool:
        """See :class:`fixtures.hosts.interface.ProgramHost`."""
        return self.ended

    def userfaultfd_missing(self, _version: object) -> None:
        """See :class:`fixtures.hosts.interface.ProgramHost`."""

    def check(self) -> None:
        """See :class:`fixtures.hosts.interface.ProgramHost`."""
        if self.ended:
            raise HostLost(PANIC)


PANIC = "the emulated host is lost: its QEMU: exit status 0; last on its console: Kernel panic"


@pytest.mark.parametrize("how", ["error", "failure"])
@pytest.mark.parametrize(
    "ends, boots, runs, outcome",
    [
        (1, True, 2, Outcome.PASS),
        (2, True, 2, Outcome.ERROR),
        (1, False, 1, Outcome.ERROR),
    ],
)
def test_cell_gets_another_host_once(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    ends: int,
    boots: bool,
    runs: int,
    outcome: Outcome,
    how: str,
) -> None:
    """Lose this and one panic of an emulated host ends a run undecided, or hosts are booted without end."""
    under_test = ScriptedPair()
    here = under_test.venue
    hosts: list[Any] = [EndingHost()]

    def venue(*of: Any, **how: Any) -> Any:
        if hosts[-1].ended:
            if not boots:
                raise HostLost("the emulated host did not boot within 240 s")
            hosts.append(EndingHost())
        return replace(here(*of, **how), place="emulated", programs=hosts[-1])

    monkeypatch.setattr(under_test, "venue", venue)
    used: list[Any] = []

    def moved(attempt: Any) -> None:
        used.append(attempt.setting.host.programs)
        if len(used) <= ends:
            hosts[-1].ended = True
            raise HostLost(PANIC) if how == "error" else HotPatchFailure("crash", "the connection has ended")

    result = stage.qualification(under_test).judge(moved, repeat=1)
    assert result.outcome is outcome
    assert len(used) == len(set(map(id, used))) == runs
    reasons = [run.reason for run in result.runs if run.result == "unsupported"]
    assert len(reasons) == runs - 1
    assert all(reason.startswith(f"another host was booted: {PANIC}") for reason in reasons)


@pytest.mark.parametrize("late, outcome", [(0, Outcome.PASS), (1, Outcome.PASS), (2, Outcome.ERROR)])
def test_guest_that_moved_too_early_is_followed_by_another(stage: Stage, late: int, outcome: Outcome) -> None:
    """Lose this and a busy machine ends a run undecided, because the suite got no core for a moment."""
    started = []

    def moved(attempt: object) -> None:
        started.append(attempt)
        if len(started) <= late:
            raise TOO_EARLY

    result = stage.qualification(ScriptedPair()).judge(moved, repeat=1)
    assert result.outcome is outcome
    assert len(started) == min(late, 1) + 1
    untried = [run.reason for run in result.runs if run.reason.startswith("another guest was moved: ")]
    assert len(untried) == len(started) - 1


@pytest.mark.parametrize(
    "errors, results",
    [
        ([SILENT, TOO_EARLY], ["pass", "unsupported", "unsupported"]),
        ([RigError(f"{BROKEN_TOO_LATE}, by 0.1 s")], ["pass", "unsupported"]),
        ([SILENT, TOO_EARLY, TOO_EARLY], ["error", "unsupported", "unsupported"]),
    ],
)
def test_run_is_made_again_once_for_each_cause(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, errors: list[Exception], results: list[str]
) -> None:
    """Lose this and two chances that strike one cell end a run undecided, or one strikes without end."""
    under_test = ScriptedPair()
    here = under_test.venue
    monkeypatch.setattr(under_test, "venue", lambda *of, **how: replace(here(*of, **how), place="emulated"))
    left = iter(errors)

    def moved(_attempt: object) -> None:
        if (error := next(left, None)) is not None:
            raise error

    result = stage.qualification(under_test).judge(moved, repeat=1)
    assert [run.result for run in result.runs] == results
