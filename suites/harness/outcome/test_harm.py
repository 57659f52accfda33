# SPDX-License-Identifier: Apache-2.0
"""From the harms of runs to that of a cell and of a finding."""

from __future__ import annotations

import pytest

from fixtures.evidence.harm import DIFFERS, Harm
from fixtures.outcome.findings import findings, rollbacks
from fixtures.outcome.outcome import HARMFUL, CellResult, Outcome, RunRecord
from suites.harness.support.report_samples import make_cell, make_run

FORWARD, CONTROL = ("debian-12", "debian-13"), ("debian-13", "debian-13")


def failed(harm: Harm | None, move: tuple[str, str] = FORWARD) -> RunRecord:
    """A failed run with this harm."""
    return RunRecord(*move, "fail", signature="memory", harm=harm, harm_proof=f"seen: {harm}")


def cell(*runs: RunRecord, outcome: Outcome = Outcome.REGRESSION, number: int = 1) -> CellResult:
    """A cell with these runs."""
    made = make_cell(number, outcome, reason="memory")
    made.runs = list(runs)
    return made.note_harm(DIFFERS)


def test_cell_has_the_worst_harm_of_its_runs() -> None:
    """Lose this and a guest that is lost in one of four runs counts as changed."""
    found = cell(failed(Harm.CHANGED), failed(Harm.LOST), failed(Harm.STRANDED))
    assert (found.harm, found.harm_proof) == (Harm.LOST, "seen: lost")


def test_harm_of_a_control_is_not_the_update_s() -> None:
    """Lose this and a defect of the old build makes the harm of the update worse."""
    assert cell(failed(Harm.SLOW), failed(Harm.LOST, CONTROL)).harm is Harm.SLOW


def test_cell_without_a_measured_run_has_its_own_harm() -> None:
    """Lose this and a difference that no move shows has no harm."""
    assert cell().harm is Harm.CHANGED
    assert cell(failed(None)).harm is Harm.CHANGED


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_failure_has_harm(outcome: Outcome) -> None:
    """Lose this and a refused move, or an error of the suite, is said to harm a guest."""
    assert (cell(failed(Harm.LOST), outcome=outcome).harm is not None) == (outcome in HARMFUL)


def test_finding_has_the_worst_harm_of_its_cells() -> None:
    """Lose this and a finding that loses guests with one mechanism is shown as harmless."""
    cells = [cell(failed(harm), number=number) for number, harm in enumerate([Harm.SLOW, Harm.LOST])]
    [finding] = findings(cells)
    assert finding.harm is Harm.LOST
    assert [each.cells for each in finding.harms] == [(cells[1],), (cells[0],)]


def test_worst_harm_comes_first() -> None:
    """Lose this and a reader finds the lost guest below the renamed tables."""
    changed = [cell(failed(Harm.CHANGED), number=number) for number in range(3)]
    lost = cell(failed(Harm.LOST), number=9)
    lost.runs[0].signature = "agent"
    assert [finding.harm for finding in findings([*changed, lost])] == [Harm.LOST, Harm.CHANGED]


def test_finding_of_older_runs_has_no_harm() -> None:
    """Lose this and the report of an older run cannot be made."""
    [finding] = findings([make_cell(1, Outcome.REGRESSION, reason="memory")])
    assert (finding.harm, finding.harms) == (None, ())


def test_rollback_has_the_harm_of_its_own_run() -> None:
    """Lose this and a reader cannot see whether a guest that cannot return is lost or runs on."""
    back = failed(Harm.STRANDED, ("debian-13", "debian-12"))
    returned = cell(RunRecord(*FORWARD, "pass"), back, outcome=Outcome.PASS)
    [finding] = rollbacks(make_run(returned))
    assert (finding.harm, returned.harm) == (Harm.STRANDED, None)
