# SPDX-License-Identifier: Apache-2.0
"""Is an update safe only if guests moved, and does a run report what it did not judge?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.matrix.expansion import canaries, expand
from fixtures.matrix.schema import load_matrix
from fixtures.outcome.by_design import lost_by_design
from fixtures.outcome.judged import (
    accepted,
    guest_class,
    has_moved,
    judged_archs,
    unjudged_archs,
    unjudged_guests,
    verdict_of,
)
from fixtures.outcome.outcome import COUNTS_AGAINST, CellResult, Outcome, Verdict
from fixtures.places import MATRIX_FILE
from suites.harness.support.report_samples import make_cell, make_swept

JUDGES_NOTHING = [Outcome.DEFECT_OLD, Outcome.KNOWN, Outcome.REFUSED, Outcome.UNSUPPORTED]


def cells(*outcomes: Outcome) -> list[CellResult]:
    """A cell of each outcome."""
    return [make_cell(number, outcome) for number, outcome in enumerate(outcomes)]


def guest(subject: str, outcome: Outcome) -> CellResult:
    """A cell with a booted guest."""
    return make_cell(1, outcome, subject=subject)


@settings(deadline=None)
@given(st.lists(st.sampled_from(Outcome), max_size=8), st.booleans())
def test_verdict_is_unsafe_iff_something_counts_against(outcomes: list[Outcome], rig_failed: bool) -> None:
    """Lose this and an update ships in spite of a failed cell, or is stopped without one."""
    against = {Outcome.REGRESSION, Outcome.DEFECT_NEW, Outcome.REMOVED, Outcome.FLAKY}
    verdict = verdict_of(cells(*outcomes), rig_failed=rig_failed)
    assert against == COUNTS_AGAINST
    assert (verdict is Verdict.UNSAFE) == bool(against & set(outcomes))
    if verdict is Verdict.SAFE:
        assert Outcome.PASS in outcomes
        assert not rig_failed
        assert Outcome.ERROR not in outcomes


@pytest.mark.parametrize(
    "outcomes,rig_failed,status",
    [
        ([Outcome.PASS, *JUDGES_NOTHING], False, 0),
        ([Outcome.PASS, Outcome.FLAKY, Outcome.ERROR], True, 1),
        ([Outcome.PASS, Outcome.ERROR], False, 2),
        ([Outcome.PASS], True, 2),
        ([], False, 2),
    ],
)
def test_exit_status_is_the_documented_one(outcomes: list[Outcome], rig_failed: bool, status: int) -> None:
    """Lose this and a pipeline ships an update that is unsafe or was not tested."""
    assert verdict_of(cells(*outcomes), rig_failed=rig_failed).exit_status == status


@pytest.mark.parametrize("outcome", JUDGES_NOTHING)
def test_run_without_a_move_is_undecided(outcome: Outcome) -> None:
    """Lose this and an update is reported safe because no guest could be tried."""
    assert verdict_of(cells(outcome, outcome)) is Verdict.UNDECIDED


def test_architecture_without_a_move_makes_the_run_undecided() -> None:
    """Lose this and a new build that lacks the QEMU of an architecture is reported safe for its guests."""
    found = [make_cell(1), make_cell(2, Outcome.UNSUPPORTED, arch="ppc64le")]
    assert verdict_of(found) is Verdict.UNDECIDED
    assert [arch.name for arch in unjudged_archs(found)] == ["ppc64le"]


def test_comparison_alone_moves_nothing() -> None:
    """Lose this and an update is reported safe because two builds list the same devices."""
    compared = make_swept("pc-q35-7.2", "sees:e1000", mechanism="compare")
    assert verdict_of([compared]) is Verdict.UNDECIDED
    assert verdict_of([compared, make_swept("pc-q35-7.2", "device:e1000")]) is Verdict.SAFE


@pytest.mark.parametrize(
    "without",
    [
        make_cell(1, subject="idle-bare-1vcpu-one-daemon-refused", path="libvirt", total_ms=None),
        make_cell(1, subject="busy-virt-install-2vcpu-field", total_ms=None),
        make_cell(
            1,
            subject="busy-bare-1vcpu-fault-source-killed-in-postcopy",
            reason=lost_by_design("fault-source-killed-in-postcopy"),
        ),
        make_swept("pseries-7.2", "shared-ram", mechanism="ignore-shared"),
        make_swept("pc-q35-7.2", "ram-ends"),
    ],
    ids=["refused", "field guest", "lost by design", "shared-ram", "ram-ends"],
)
def test_cell_that_passes_without_a_guest_that_arrives_is_no_move(without: CellResult) -> None:
    """Lose this and an update is safe because moves are refused, or guests are lost by design."""
    assert not has_moved(without)
    assert verdict_of([without]) is Verdict.UNDECIDED
    moved = make_cell(2, subject="idle-bare-1vcpu", arch=without.arch)
    [arch] = judged_archs([without, moved])
    assert arch.moved == 1


def test_class_of_guests_without_a_move_is_named() -> None:
    """Lose this and a defect of the old build hides that the update was not tested for these guests."""
    found = [guest("busy-virtio-2vcpu", Outcome.DEFECT_OLD), guest("busy-virtio-2vcpu-x", Outcome.ERROR)]
    moved = [guest("busy-virtio-1vcpu", Outcome.PASS), guest("idle-virtio-2vcpu", Outcome.FLAKY)]
    (named,) = unjudged_guests([*found, *moved])
    assert named.name == "x86_64, busy guest, virtio hardware, 2 vCPUs"
    assert named.cells == tuple(found)


def test_class_whose_failure_is_accepted_was_tested() -> None:
    """Lose this and the first screen lists a guest as not tested whose failure a known issue accepts."""
    failed = guest("busy-virtio-2vcpu", Outcome.KNOWN)
    failed.accepted = "regression"
    assert unjudged_guests([failed]) == []


def test_swept_subject_is_no_class_of_guests() -> None:
    """Lose this and each device that cannot migrate is reported as a class of guests."""
    assert guest_class(make_swept("pc-q35-7.2", "device:e1000")) == ""


def test_accepted_failures_are_those_that_would_count() -> None:
    """Lose this and a run that is safe only because of known issues looks like one without failures."""
    would, would_not = (make_cell(n, Outcome.KNOWN) for n in (1, 2))
    would.accepted, would_not.accepted = "regression", "defect-old"
    assert accepted([would, would_not, make_cell(3)]) == [would]


def test_canary_names_its_limit() -> None:
    """Lose this and a canary counts as a guest that survived, or a device named like one is left out."""
    assert guest("busy-bare-2vcpu-256mib-canary-tcg-lost", Outcome.PASS).canary == "tcg-lost"
    assert guest("device:idle-bare-1vcpu-canary-x", Outcome.REMOVED).canary == ""


def test_each_canary_is_known_by_its_subject() -> None:
    """Lose this and canaries get names that the reports do not recognise, and judge updates again."""
    matrix = load_matrix(MATRIX_FILE)
    cells = canaries(matrix, expand(matrix))
    assert [guest(cell.subject, Outcome.PASS).canary for cell in cells] == [cell.canary for cell in cells]


def test_canary_is_not_counted_among_cells_that_moved() -> None:
    """Lose this and an architecture with nothing but canaries counts as judged."""
    assert judged_archs([guest("busy-bare-2vcpu-canary-tcg-lost", Outcome.PASS)]) == []
