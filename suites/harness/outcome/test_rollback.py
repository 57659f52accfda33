# SPDX-License-Identifier: Apache-2.0
"""What a run says about the way back to the old build."""

from __future__ import annotations

import pytest

from fixtures.matrix.names import MOVED_BACK
from fixtures.outcome.findings import STEP_BACK, rollbacks, tried_rollbacks
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from fixtures.outcome.rollback import Back, RollbackAnswer, rollback_answer
from suites.harness.support.report_samples import make_cell, make_run, make_swept, stuck


def answer_of(*cells: CellResult) -> RollbackAnswer:
    """The answer of a run with these cells."""
    answer = rollback_answer(make_run(*cells))
    assert answer is not None
    return answer


def both_ways(outcome: Outcome, result: str, reason: str = "") -> CellResult:
    """A booted guest that is moved to the new build and back in one run."""
    cell = make_cell(1, outcome, reason=reason, subject=f"idle-virtio-1vcpu-{MOVED_BACK}")
    cell.runs = [RunRecord("debian-12", "debian-13", result, reason)]
    return cell


def test_answer_is_yes_if_all_returned() -> None:
    """Lose this and a way back that works looks like one that was not tried."""
    answer = answer_of(make_swept("pc-q35-7.2", "machine"), make_swept("pseries-7.2", "machine"))
    assert answer.answer is Back.YES
    assert answer.archs == {"ppc64le": (1, 0), "x86_64": (1, 0)}


def test_build_that_nothing_leaves_is_found() -> None:
    """Lose this and a fleet is updated to a build that no guest can leave again."""
    answer = answer_of(*(stuck(make_swept("pseries-7.2", f"cpu:{n}"), "slb is too new") for n in "ab"))
    assert (answer.answer, answer.cannot) == (Back.NO, 2)


def test_one_architecture_that_cannot_return_is_named() -> None:
    """Lose this and hundreds of x86 devices hide that no POWER guest can go back."""
    power = stuck(make_swept("pseries-7.2", "machine"), "slb is too new")
    answer = answer_of(power, make_swept("pc-q35-7.2", "machine"))
    assert answer.answer is Back.PARTLY
    assert answer.lost_archs == ["ppc64le"]


def test_run_without_a_way_back_does_not_promise_one() -> None:
    """Lose this and hot patches that all worked are taken for rollbacks that work."""
    cell = make_cell(1)
    cell.runs = [RunRecord("debian-12", "debian-13", "pass")]
    answer = answer_of(cell)
    assert answer.answer is Back.UNKNOWN
    assert answer.untried == {(cell.path, cell.mechanism): 1}


def test_build_against_itself_has_no_answer() -> None:
    """Lose this and a self pair's report speaks of an old build that there is not."""
    run = make_run(make_swept("pc-q35-7.2", "machine"))
    run.new = run.old
    assert rollback_answer(run) is None


def test_refused_way_back_is_no_return() -> None:
    """Lose this and a guest that the new build refuses to send back counts as one that can return."""
    cell = make_swept("pc-q35-7.2", "device:e1000")
    cell.runs[1] = RunRecord("debian-13", "debian-12", "refused", "State blocked by e1000")
    assert answer_of(cell).answer is Back.NO


@pytest.mark.parametrize("result", ["error", "unsupported"])
def test_way_back_that_the_host_spoilt_was_not_tried(result: str) -> None:
    """Lose this and a full disk of the test host looks like a rollback that works."""
    cell = make_swept("pc-q35-7.2", "device:e1000")
    cell.runs[1] = RunRecord("debian-13", "debian-12", result, "no space left")
    assert answer_of(cell).answer is Back.UNKNOWN


@pytest.mark.parametrize("outcome, result", [(Outcome.REFUSED, "refused"), (Outcome.REGRESSION, "fail")])
def test_booted_guest_that_does_not_come_back_is_found(outcome: Outcome, result: str) -> None:
    """Lose this and the one booted guest that is moved both ways is missing from the answer."""
    run = make_run(both_ways(outcome, result, f"{STEP_BACK}debian-13 → debian-12: migrate: too new"))
    (found,) = rollbacks(run)
    assert found.outcome is Outcome.PASS
    assert "too new" in found.reason


def test_booted_guest_that_never_arrived_says_nothing_about_the_way_back() -> None:
    """Lose this and a broken update is reported a second time as a broken rollback."""
    assert tried_rollbacks(make_run(both_ways(Outcome.REGRESSION, "fail", "migrate: bad section"))) == []


def test_booted_guest_that_came_back_counts() -> None:
    """Lose this and only machines that never run are counted among the guests that return."""
    assert answer_of(both_ways(Outcome.PASS, "pass")).answer is Back.YES
