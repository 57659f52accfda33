# SPDX-License-Identifier: Apache-2.0
"""Who is to blame for what does not fail each time: Fisher's test, and what the rates may never say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.outcome.rates import LEVEL, Repeated, blame_by_rates, fisher, rates_text

GUEST, QEMU, OTHER = "a broken guest", "migrate: bad section", "clock"
"""Signatures: of a check of the guest, of QEMU's own words, and another one."""

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
"""By hand, from the hypergeometric distribution: failures and runs of old→new, then of the control."""


@pytest.mark.parametrize("table", KNOWN_P)
def test_fisher_is_exact(table: tuple[int, int, int, int]) -> None:
    """Lose this and chance passes for a regression, or a regression for chance."""
    assert fisher(*table) == pytest.approx(KNOWN_P[table], abs=1e-12)


def test_three_of_three_against_none_is_just_not_enough() -> None:
    """Lose this and rounding turns a borderline case into a verdict."""
    assert fisher(3, 3, 0, 3) == 0.05
    assert not fisher(3, 3, 0, 3) < LEVEL
    assert fisher(1000, 1000, 0, 1000) < 1e-300


def runs(
    failed: int, number: int, kind: str = GUEST, source: str = "old", to: str = "new"
) -> list[RunRecord]:
    """So many runs, of which the first ones fail."""
    fails = [RunRecord(source, to, "fail", f"{kind} was seen", kind) for _ in range(failed)]
    return fails + [RunRecord(source, to, "pass") for _ in range(number - failed)]


def cell(
    main: int, old: int, new: int, number: int = 10, kind: str = GUEST, back: int | None = None
) -> Repeated:
    """A cell of which so many of `number` runs failed, and of its controls."""
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
def test_rates_lay_the_blame_at_the_right_door(case: str) -> None:
    """Lose this and a defect that strikes by chance is blamed on whoever was unlucky."""
    repeated, outcome, told = JUDGED[case]
    judged, reason = blame_by_rates(repeated)
    assert judged is outcome
    assert told in reason
    assert f"{repeated.main[0].signature} was seen" in reason


def test_reason_carries_the_table() -> None:
    """Lose this and nobody can check the verdict on a defect that comes and goes."""
    told = "old→new 5/10 fail [0.24, 0.76], old→old 0/10 [0.00, 0.28] p = 0.016"
    told += ", new→new 1/10 [0.02, 0.40] p = 0.070"
    assert rates_text(cell(5, 0, 1), [GUEST]) == told
    assert told in blame_by_rates(cell(5, 0, 1))[1]
    assert "p < 0.001" in rates_text(cell(10, 0, 0), [GUEST])


ROLES = {
    "destination": (cell(10, 10, 0, back=3), "fails as destination too"),
    "source": (cell(10, 10, 0, back=0), "fails as source"),
    "source-by-qemus-words": (cell(2, 2, 0, 2, QEMU, back=0), "fails as source"),
    "too-few-to-tell": (cell(3, 3, 0, back=0), "is unclear whether"),
    "not-run": (cell(3, 3, 0), "is unclear whether"),
}


@pytest.mark.parametrize("case", ROLES)
def test_role_of_the_old_build_is_told_where_the_rates_tell(case: str) -> None:
    """Lose this and one lucky way back acquits the old build as a destination."""
    repeated, told = ROLES[case]
    assert told in blame_by_rates(repeated)[1]


def test_rate_of_the_rollback_is_in_the_table() -> None:
    """Lose this and the role of the old build is told without what it rests on."""
    assert "new→old 3/10 [0.11, 0.60]" in blame_by_rates(cell(10, 10, 0, back=3))[1]


def test_control_that_ran_too_seldom_does_not_make_a_regression() -> None:
    """Lose this and a control that was cut short counts as one that passed throughout."""
    short = [RunRecord("b", "b", "pass")] * 2
    for controls in ((runs(0, 10), short), (short, runs(0, 10))):
        assert blame_by_rates(Repeated(runs(5, 10), *controls))[0] is Outcome.FLAKY


def mixed(first: int, second: int, old: list[RunRecord], new: list[RunRecord]) -> Repeated:
    """Ten runs of which some fail in one way and some in another."""
    main = runs(first, first) + runs(second, 10 - first, OTHER)
    return Repeated(main, old, new)


def test_worst_of_two_defects_is_the_outcome() -> None:
    """Lose this and a defect that the old build has too hides the one that the update brings."""
    outcome, reason = blame_by_rates(mixed(5, 5, runs(5, 10, GUEST, "old", "old"), runs(0, 10)))
    assert outcome is Outcome.REGRESSION
    assert reason.startswith("clock was seen; ")
    assert "besides: a broken guest was seen: old→new 5/10 fail" in reason


def test_update_that_breaks_each_guest_otherwise_is_a_regression() -> None:
    """Lose this and an update gets by because no two guests die in the same way."""
    assert blame_by_rates(mixed(3, 3, runs(0, 10), runs(0, 10)))[0] is Outcome.REGRESSION


def test_failure_of_another_kind_excuses_nothing_but_is_told() -> None:
    """Lose this and one weakness of the old build excuses all that the update breaks."""
    other = runs(10, 10, OTHER, "old", "old")
    outcome, reason = blame_by_rates(Repeated(runs(6, 10), other, runs(0, 10)))
    assert outcome is Outcome.REGRESSION
    assert "no control fails alike" in reason
    assert "another defect: old → itself fails with clock was seen" in reason


ERROR = [RunRecord("new", "new", "error", "no disk")]


def test_control_that_errs_leaves_the_blame_open() -> None:
    """Lose this and a broken rig is a verdict on QEMU."""
    outcome, reason = blame_by_rates(Repeated(runs(5, 10), runs(0, 10), ERROR))
    assert outcome is Outcome.ERROR
    assert "no disk" in reason


def test_control_that_errs_does_not_undo_an_excuse() -> None:
    """Lose this and what the old build was seen to do is forgotten over a full disk."""
    assert blame_by_rates(Repeated(runs(5, 10), runs(5, 10), ERROR))[0] is Outcome.DEFECT_OLD


@st.composite
def repeated_cells(draw: st.DrawFn) -> Repeated:
    """A cell that failed at least once, with any controls."""
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
    """Lose this and some rates turn a dead guest green."""
    outcome, reason = blame_by_rates(repeated)
    assert outcome in {Outcome.REGRESSION, Outcome.DEFECT_NEW, Outcome.DEFECT_OLD, Outcome.FLAKY}
    assert "old→new" in reason


@settings(deadline=None)
@given(repeated_cells())
def test_what_the_old_build_does_as_often_is_not_the_updates(repeated: Repeated) -> None:
    """Lose this and a defect of the old build stops the update that has it no more often."""
    as_often = Repeated(repeated.main, repeated.main, repeated.new_new)
    assert blame_by_rates(as_often)[0] is Outcome.DEFECT_OLD


@settings(deadline=None)
@given(st.integers(2, 12), st.data())
def test_regression_is_never_by_chance(number: int, data: st.DataObject) -> None:
    """Lose this and the suite cries wolf."""
    main, old, new = (data.draw(st.integers(low, number)) for low in (1, 0, 0))
    outcome, _ = blame_by_rates(cell(main, old, new, number))
    if outcome is Outcome.REGRESSION:
        assert fisher(main, number, old, number) < 0.05
        assert fisher(main, number, new, number) < 0.05
