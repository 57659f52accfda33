# SPDX-License-Identifier: Apache-2.0
"""Who is to blame for failures that do not occur each time: Fisher's test, and limits of the rates."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.outcome.rates import LEVEL, Repeated, blame_by_rates, fisher, rates_text

GUEST, QEMU, OTHER = "a broken guest", "migrate: bad section", "clock"
"""Signatures: of a check of the guest, of a message from QEMU, and another one."""

KNOWN_P = {
    (1, 1, 0, 1): 1 / 2,
    (2, 2, 0, 2): 1 / 6,
    (3, 3, 0, 3): 1 / 20,
    (4, 4, 0, 4): 1 / 70,
    (4, 4, 1, 4): 1 / 14,
    (5, 10, 0, 10): 252 / 15504,
    (5, 10, 1, 10): 2730 / 38760,
    (3, 4, 1, 4): 17 / 70,
    (10, 10, 5, 10): 252 / 15504,
    (1, 10, 5, 10): 1 - 210 / 38760,
    (8, 9, 2, 7): (9 * 21 + 7) / 8008,
    (0, 5, 0, 5): 1.0,
    (0, 5, 5, 5): 1.0,
}
"""Failures and runs of old→new, then of the control; p computed by hand (hypergeometric distribution)."""


@pytest.mark.parametrize("table", KNOWN_P)
def test_fisher_is_exact(table: tuple[int, int, int, int]) -> None:
    """Lose this and chance is reported as a regression, or a regression as chance."""
    assert fisher(*table) == pytest.approx(KNOWN_P[table], abs=1e-12)


def test_three_of_three_against_none_is_just_not_enough() -> None:
    """Lose this and rounding turns an unclear result into a regression."""
    assert fisher(3, 3, 0, 3) == 0.05
    assert not fisher(3, 3, 0, 3) < LEVEL
    assert fisher(1000, 1000, 0, 1000) < 1e-300


def runs(
    failed: int, number: int, kind: str = GUEST, source: str = "old", to: str = "new"
) -> list[RunRecord]:
    """`number` runs; the first `failed` of them fail."""
    fails = [RunRecord(source, to, "fail", f"{kind} was seen", kind) for _ in range(failed)]
    return fails + [RunRecord(source, to, "pass") for _ in range(number - failed)]


def cell(
    main: int, old: int, new: int, number: int = 10, kind: str = GUEST, back: int | None = None
) -> Repeated:
    """A cell with `number` runs each of it and its controls, and how many of them failed."""
    return Repeated(
        runs(main, number, kind),
        runs(old, number, kind, "old", "old"),
        runs(new, number, kind, "new", "new"),
        () if back is None else runs(back, number, kind, "new", "old"),
    )


JUDGED = {
    "clearly-more-often": (cell(5, 0, 0), Outcome.REGRESSION, "both controls pass"),
    "far-more-often": (cell(10, 2, 1), Outcome.REGRESSION, "the controls fail alike, but less often"),
    "old-as-often": (cell(5, 5, 0), Outcome.DEFECT_OLD, "old → itself fails alike"),
    "old-more-often": (cell(1, 10, 10), Outcome.DEFECT_OLD, "old → itself fails alike"),
    "old-somewhat-less-often": (cell(5, 1, 0), Outcome.DEFECT_OLD, "old → itself fails alike"),
    "new-as-often": (cell(5, 0, 4), Outcome.DEFECT_NEW, "new → itself fails alike"),
    "new-shows-it-better": (cell(1, 0, 9), Outcome.DEFECT_NEW, "new → itself fails alike"),
    "old-clearly-less-often-new-not": (cell(10, 3, 9), Outcome.DEFECT_NEW, "new → itself fails alike"),
    "just-often-enough": (cell(4, 0, 0), Outcome.REGRESSION, "p = 0.043"),
    "once": (cell(1, 0, 0), Outcome.FLAKY, "passes 9/10 [0.60, 0.98]"),
    "too-few": (cell(3, 0, 0), Outcome.FLAKY, "too few runs to decide"),
    "new-alike-but-old-may-be-too": (cell(2, 0, 2), Outcome.FLAKY, "too few runs to decide"),
    "two-of-two": (cell(2, 0, 0, 2), Outcome.FLAKY, "too few runs to decide"),
    "four-of-four": (cell(4, 0, 0, 4), Outcome.REGRESSION, "both controls pass"),
    "qemu-two-of-two": (cell(2, 0, 0, 2, QEMU), Outcome.REGRESSION, "both controls pass"),
    "qemu-one-of-two": (cell(1, 0, 0, 2, QEMU), Outcome.FLAKY, "too few runs to decide"),
    "qemu-two-of-two-and-old": (cell(2, 2, 0, 2, QEMU), Outcome.DEFECT_OLD, "old → itself"),
    "qemu-two-of-two-and-old-once": (cell(2, 1, 0, 2, QEMU), Outcome.DEFECT_OLD, "old → itself"),
    "qemu-two-of-two-and-new": (cell(2, 0, 2, 2, QEMU), Outcome.DEFECT_NEW, "new → itself"),
    "qemu-two-of-two-and-new-once": (cell(2, 0, 1, 2, QEMU), Outcome.DEFECT_NEW, "new → itself"),
}


@pytest.mark.parametrize("case", JUDGED)
def test_rates_blame_the_right_build(case: str) -> None:
    """Lose this and an intermittent defect is blamed on the wrong build."""
    repeated, outcome, expected = JUDGED[case]
    judged, reason = blame_by_rates(repeated)
    assert judged is outcome
    assert expected in reason
    assert f"{repeated.main[0].signature} was seen" in reason


def test_reason_carries_the_table() -> None:
    """Lose this and the report does not show the rates behind the verdict on an intermittent defect."""
    table = "old→new 5/10 fail [0.24, 0.76], old→old 0/10 [0.00, 0.28] p = 0.016"
    table += ", new→new 1/10 [0.02, 0.40] p = 0.070"
    assert rates_text(cell(5, 0, 1), [GUEST]) == table
    assert table in blame_by_rates(cell(5, 0, 1))[1]
    assert "p < 0.001" in rates_text(cell(10, 0, 0), [GUEST])


ROLES = {
    "destination": (cell(10, 10, 0, back=3), "fails as destination too"),
    "source": (cell(10, 10, 0, back=0), "fails as source"),
    "source-by-qemus-message": (cell(2, 2, 0, 2, QEMU, back=0), "fails as source"),
    "too-few": (cell(3, 3, 0, back=0), "is unclear whether"),
    "not-run": (cell(3, 3, 0), "is unclear whether"),
}


@pytest.mark.parametrize("case", ROLES)
def test_role_of_the_old_build_is_reported_if_the_rates_show_it(case: str) -> None:
    """Lose this and one lucky rollback clears the old build as a destination."""
    repeated, expected = ROLES[case]
    assert expected in blame_by_rates(repeated)[1]


def test_rate_of_the_rollback_is_in_the_table() -> None:
    """Lose this and the reason names the role of the old build without its evidence."""
    assert "new→old 3/10 [0.11, 0.60]" in blame_by_rates(cell(10, 10, 0, back=3))[1]


def test_control_that_ran_too_seldom_does_not_make_a_regression() -> None:
    """Lose this and a control with too few runs counts as one that always passes."""
    short = [RunRecord("b", "b", "pass")] * 2
    for controls in ((runs(0, 10), short), (short, runs(0, 10))):
        assert blame_by_rates(Repeated(runs(5, 10), *controls))[0] is Outcome.FLAKY


def mixed(first: int, second: int, old: list[RunRecord], new: list[RunRecord]) -> Repeated:
    """Ten runs with failures of two kinds, this many of each."""
    main = runs(first, first) + runs(second, 10 - first, OTHER)
    return Repeated(main, old, new)


def test_worst_of_two_defects_is_the_outcome() -> None:
    """Lose this and a defect of the old build hides one that the update introduces."""
    outcome, reason = blame_by_rates(mixed(5, 5, runs(5, 10, GUEST, "old", "old"), runs(0, 10)))
    assert outcome is Outcome.REGRESSION
    assert reason.startswith("clock was seen; ")
    assert "besides: a broken guest was seen: old→new 5/10 fail" in reason


def test_update_that_breaks_each_guest_differently_is_a_regression() -> None:
    """Lose this and an update passes because each guest fails in a different way."""
    assert blame_by_rates(mixed(3, 3, runs(0, 10), runs(0, 10)))[0] is Outcome.REGRESSION


def test_failure_of_another_kind_excuses_nothing_but_is_reported() -> None:
    """Lose this and one defect of the old build excuses everything that the update breaks."""
    other = runs(10, 10, OTHER, "old", "old")
    outcome, reason = blame_by_rates(Repeated(runs(6, 10), other, runs(0, 10)))
    assert outcome is Outcome.REGRESSION
    assert "no control fails alike" in reason
    assert "another defect: old → itself fails with clock was seen" in reason


ERROR = [RunRecord("new", "new", "error", "no disk")]


def test_control_with_an_error_leaves_the_blame_unclear() -> None:
    """Lose this and an error of the suite becomes a verdict on QEMU."""
    outcome, reason = blame_by_rates(Repeated(runs(5, 10), runs(0, 10), ERROR))
    assert outcome is Outcome.ERROR
    assert "no disk" in reason


@pytest.mark.parametrize(
    "new, outcome", [(0, Outcome.ERROR), (10, Outcome.DEFECT_NEW)], ids=["new-passes", "new-alike"]
)
def test_what_the_old_build_never_offered_is_not_broken_by_the_update(new: int, outcome: Outcome) -> None:
    """Lose this and an update that adds a mechanism, with a defect in it, has broken something."""
    lacks = [RunRecord("old", "old", "unsupported", "no such capability")] * 10
    assert blame_by_rates(Repeated(runs(10, 10), lacks, runs(new, 10, to="new", source="new")))[0] is outcome


def test_error_of_one_control_does_not_undo_an_excuse() -> None:
    """Lose this and an error such as a full disk hides that the old build fails alike."""
    assert blame_by_rates(Repeated(runs(5, 10), runs(5, 10), ERROR))[0] is Outcome.DEFECT_OLD


@st.composite
def repeated_cells(draw: st.DrawFn) -> Repeated:
    """A cell that failed at least once, with arbitrary controls."""
    number = draw(st.integers(2, 12))
    ends = st.sampled_from(["", GUEST, QEMU, OTHER])

    def some(source: str, to: str) -> list[RunRecord]:
        kinds = draw(st.lists(ends, min_size=number, max_size=number))
        return [run for kind in kinds for run in runs(bool(kind), 1, kind, source, to)]

    main = some("old", "new")
    main[0] = runs(1, 1, draw(st.sampled_from([GUEST, QEMU, OTHER])))[0]
    return Repeated(main, some("old", "old"), some("new", "new"))


@settings(deadline=None)
@given(repeated_cells())
def test_failing_cell_never_passes(repeated: Repeated) -> None:
    """Lose this and some rates turn a dead guest into a pass."""
    outcome, reason = blame_by_rates(repeated)
    assert outcome in {Outcome.REGRESSION, Outcome.DEFECT_NEW, Outcome.DEFECT_OLD, Outcome.FLAKY}
    assert "old→new" in reason


@settings(deadline=None)
@given(repeated_cells())
def test_failure_as_frequent_in_the_old_build_is_no_regression(repeated: Repeated) -> None:
    """Lose this and a defect of the old build stops an update in which it is no more frequent."""
    as_often = Repeated(repeated.main, repeated.main, repeated.new_new)
    assert blame_by_rates(as_often)[0] is Outcome.DEFECT_OLD


@settings(deadline=None)
@given(st.integers(2, 12), st.data())
def test_regression_is_significant(number: int, data: st.DataObject) -> None:
    """Lose this and the suite reports random failures as regressions."""
    main, old, new = (data.draw(st.integers(low, number)) for low in (1, 0, 0))
    outcome, _ = blame_by_rates(cell(main, old, new, number))
    if outcome is Outcome.REGRESSION:
        assert fisher(main, number, old, number) < 0.05
        assert fisher(main, number, new, number) < 0.05
