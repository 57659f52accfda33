# SPDX-License-Identifier: Apache-2.0
"""Who is to blame: every row of the outcome table, and rules that hold for all results of the controls."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures.outcome.blame import (
    Controls,
    blame,
    failure_of,
    interval_95,
    repeats_text,
    settled,
)
from fixtures.outcome.outcome import Outcome, RunRecord

PASS = RunRecord("b", "b", "pass")


def run(result: str, mark: str = "", source: str = "old", destination: str = "new") -> RunRecord:
    """A run with a result, and a signature if it failed."""
    return RunRecord(source, destination, result, f"{mark or result} was seen", mark)


FAILED = run("fail", "memory")
OLD_ALIKE, OLD_OTHER = run("fail", "memory", "old", "old"), run("fail", "clock", "old", "old")
NEW_ALIKE, NEW_OTHER = run("fail", "memory", "new", "new"), run("fail", "clock", "new", "new")
BACK_ALIKE = run("fail", "memory", "new", "old")

BLAMED = {
    "both-pass": (Controls(PASS, PASS), Outcome.REGRESSION, "both controls pass"),
    "new-alike": (Controls(PASS, NEW_ALIKE), Outcome.DEFECT_NEW, "new → itself fails alike"),
    "old-alike": (Controls(OLD_ALIKE), Outcome.DEFECT_OLD, "old → itself fails alike"),
    "old-and-new-alike": (Controls(OLD_ALIKE, NEW_ALIKE), Outcome.DEFECT_OLD, "old → itself fails alike"),
    "old-alike-new-other": (
        Controls(OLD_ALIKE, NEW_OTHER),
        Outcome.DEFECT_OLD,
        "another defect: new → itself",
    ),
    "old-as-source": (Controls(OLD_ALIKE, new_old=PASS), Outcome.DEFECT_OLD, "fails as source"),
    "old-as-both": (Controls(OLD_ALIKE, new_old=BACK_ALIKE), Outcome.DEFECT_OLD, "as destination too"),
    "role-open": (Controls(OLD_ALIKE, new_old=run("error")), Outcome.DEFECT_OLD, "is unclear whether"),
    "role-untried": (
        Controls(OLD_ALIKE, new_old=run("unsupported")),
        Outcome.DEFECT_OLD,
        "is unclear whether",
    ),
    "old-other": (
        Controls(OLD_OTHER, PASS),
        Outcome.REGRESSION,
        "another defect: old → itself fails with clock",
    ),
    "new-other": (
        Controls(PASS, NEW_OTHER),
        Outcome.REGRESSION,
        "another defect: new → itself fails with clock",
    ),
    "both-other": (Controls(OLD_OTHER, NEW_OTHER), Outcome.REGRESSION, "no control fails alike"),
    "old-other-new-alike": (
        Controls(OLD_OTHER, NEW_ALIKE),
        Outcome.DEFECT_NEW,
        "another defect: old → itself",
    ),
    "old-errs": (Controls(run("error"), PASS), Outcome.ERROR, "could not run: error was seen"),
    "new-errs": (Controls(PASS, run("error")), Outcome.ERROR, "could not run: error was seen"),
    "old-errs-new-alike": (Controls(run("error"), NEW_ALIKE), Outcome.ERROR, "blame is unclear"),
    "none-ran": (Controls(), Outcome.ERROR, "not run"),
    "old-lacks-it": (
        Controls(run("unsupported", source="old"), PASS),
        Outcome.ERROR,
        "old → itself is unsupp",
    ),
    "old-lacks-it-new-alike": (
        Controls(run("unsupported"), NEW_ALIKE),
        Outcome.DEFECT_NEW,
        "new → itself fails alike",
    ),
    "new-lacks-it": (Controls(PASS, run("unsupported")), Outcome.REGRESSION, "no control fails alike"),
    "old-refuses": (Controls(run("refused"), PASS), Outcome.REGRESSION, "no control fails alike"),
}


@pytest.mark.parametrize("case", BLAMED)
def test_failure_is_blamed_on_the_right_build(case: str) -> None:
    """Lose this and the report blames the wrong build."""
    controls, outcome, expected = BLAMED[case]
    judged, reason = blame(FAILED, controls)
    assert judged is outcome
    assert reason.startswith("memory was seen; ")
    assert expected in reason


def test_other_defect_of_a_control_is_reported_too() -> None:
    """Lose this and a second defect that the controls found is not reported."""
    _outcome, reason = blame(FAILED, Controls(OLD_OTHER, NEW_OTHER))
    assert "old → itself fails with clock" in reason
    assert "new → itself fails with clock" in reason


@pytest.mark.parametrize(
    "result,outcome",
    [("pass", Outcome.PASS), ("refused", Outcome.REFUSED), ("unsupported", Outcome.UNSUPPORTED)],
)
def test_clean_end_needs_no_control(result: str, outcome: Outcome) -> None:
    """Lose this and controls run although nothing failed, or a refusal counts against the update."""
    assert settled([run(result)]) == (outcome, f"{result} was seen")


def test_failure_needs_controls() -> None:
    """Lose this and a failure gets an outcome before its controls have run."""
    assert settled([FAILED, FAILED]) is None


def test_error_in_any_repeat_is_an_error() -> None:
    """Lose this and an error of the suite is reported as a flaky QEMU."""
    assert settled([run("pass"), FAILED, run("error")]) == (Outcome.ERROR, "error was seen")


def test_differing_repeats_are_flaky_with_interval() -> None:
    """Lose this and a guest that survives four times of five is reported as a pass or a regression."""
    judged = settled([run("pass")] * 8 + [FAILED] * 2)
    assert judged is not None
    assert judged[0] is Outcome.FLAKY
    assert "8/10 [0.49, 0.94]" in judged[1]
    assert "memory was seen" in judged[1]


def test_pass_and_refusal_are_flaky() -> None:
    """Lose this and a build that sometimes refuses is reported as one that never does."""
    judged = settled([run("pass"), run("refused")])
    assert judged is not None
    assert judged[0] is Outcome.FLAKY


def test_failures_of_two_kinds_are_flaky() -> None:
    """Lose this and the second defect of a cell is not reported."""
    judged = settled([FAILED, run("fail", "clock")])
    assert judged == (Outcome.FLAKY, "failures differ between repeats: clock / memory")


def test_first_failure_is_reported() -> None:
    """Lose this and the report shows the evidence of a run that passed."""
    assert failure_of([run("pass"), FAILED, run("fail", "clock")]) is FAILED
    assert failure_of([run("pass")]) is None


WILSON = {
    (8, 10): (0.4902, 0.9433),
    (0, 10): (0.0, 0.2775),
    (10, 10): (0.7225, 1.0),
    (1, 2): (0.0945, 0.9055),
}


@pytest.mark.parametrize("passes,runs", WILSON)
def test_interval_is_wilsons(passes: int, runs: int) -> None:
    """Lose this and the report claims more certainty than the repeats give."""
    assert interval_95(passes, runs) == pytest.approx(WILSON[passes, runs], abs=0.0001)


def test_without_runs_the_interval_is_zero_to_one() -> None:
    """Lose this and a cell without runs ends in a division by zero."""
    assert interval_95(0, 0) == (0.0, 1.0)


def test_single_run_has_no_interval() -> None:
    """Lose this and every cell of a run without repeats has an interval without meaning."""
    assert repeats_text([run("pass")]) == ""
    assert repeats_text([run("pass"), run("pass")]) == "2/2 [0.34, 1.00]"


@settings(deadline=None)
@given(runs=st.integers(1, 5000), share=st.floats(0, 1))
@example(runs=3, share=0)
@example(runs=20, share=1)
def test_interval_holds_the_rate(runs: int, share: float) -> None:
    """Lose this and an interval in the report does not contain the measured rate."""
    passes = round(runs * share)
    low, high = interval_95(passes, runs)
    assert 0 <= low <= high <= 1
    assert low - 1e-12 <= passes / runs <= high + 1e-12


results = st.sampled_from(["pass", "refused", "unsupported", "error"]).map(run)
failures = st.sampled_from(["memory", "clock", "beats"]).map(lambda mark: run("fail", mark))
controls = st.none() | results | failures


@settings(deadline=None)
@given(failures, st.builds(Controls, controls, controls, controls))
def test_failing_cell_never_passes(failed: RunRecord, ran: Controls) -> None:
    """Lose this and some results of the controls turn a dead guest into a pass."""
    outcome, reason = blame(failed, ran)
    assert outcome in {Outcome.REGRESSION, Outcome.DEFECT_NEW, Outcome.DEFECT_OLD, Outcome.ERROR}
    assert failed.reason in reason


@settings(deadline=None)
@given(st.builds(Controls, *[controls.filter(lambda record: not record or record.signature != "memory")] * 3))
def test_other_signature_never_excuses(ran: Controls) -> None:
    """Lose this and one defect of the old build excuses everything that the update breaks."""
    assert blame(FAILED, ran)[0] in {Outcome.REGRESSION, Outcome.ERROR}


@settings(deadline=None)
@given(st.lists(results | failures, min_size=1, max_size=6))
def test_failing_run_never_settles_as_clean(runs: list[RunRecord]) -> None:
    """Lose this and enough passing repeats hide a failure."""
    judged = settled(runs)
    if failure_of(runs) is not None:
        assert judged is None or judged[0] in {Outcome.FLAKY, Outcome.ERROR}
