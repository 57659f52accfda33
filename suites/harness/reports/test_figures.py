# SPDX-License-Identifier: Apache-2.0
"""The table of mechanisms shows the fastest mechanism that lost no guest."""

from dataclasses import replace

from fixtures.evidence.checks import SHARED_RAM
from fixtures.outcome.outcome import CellResult, Outcome
from reports.figures import by_mechanism, heat_step, spread
from suites.harness.support.report_samples import make_cell

PASSED = make_cell(mechanism="precopy")


def _moved(mechanism: str, blackout_ms: float | None, outcome: Outcome = Outcome.PASS) -> CellResult:
    return replace(PASSED, mechanism=mechanism, blackout_ms=blackout_ms, outcome=outcome)


def _fastest(*cells: CellResult) -> list[str]:
    return [each.mechanism for each in by_mechanism(cells) if each.fastest]


def test_fastest_safe_mechanism_has_the_shortest_median_blackout() -> None:
    """Lose this and a user chooses a slower mechanism."""
    assert _fastest(_moved("precopy", 200), _moved("multifd", 90), _moved("multifd", 400)) == ["precopy"]


def test_mechanism_that_lost_a_guest_is_not_the_fastest_safe_one() -> None:
    """Lose this and the report recommends a mechanism that loses guests."""
    lost = [_moved("cpr-transfer", 20), _moved("cpr-transfer", None, Outcome.DEFECT_OLD)]
    assert _fastest(_moved("precopy", 200), *lost) == ["precopy"]
    assert [each.safe for each in by_mechanism(lost)] == [False]
    assert _fastest(*lost) == []


def test_mechanism_that_lost_all_guests_is_listed_and_an_untried_one_is_not() -> None:
    """Lose this and a mechanism that loses every guest looks like one that the builds do not offer."""
    lost, lacking = (
        _moved("multifd", None, Outcome.REGRESSION),
        _moved("cpr-exec", None, Outcome.UNSUPPORTED),
    )
    assert [(each.mechanism, each.passed, each.safe) for each in by_mechanism([lost, lacking])] == [
        ("multifd", 0, False)
    ]


def test_unsupported_cell_does_not_make_a_mechanism_unsafe() -> None:
    """Lose this and a machine type without a mechanism hides it from all others."""
    assert _fastest(_moved("cpr-transfer", 20), _moved("cpr-transfer", None, Outcome.UNSUPPORTED)) == [
        "cpr-transfer"
    ]


def test_mechanism_that_writes_over_shared_ram_is_not_safe_for_guests_that_passed() -> None:
    """Lose this and the report recommends a mechanism that overwrites memory of some guests."""
    written = replace(_moved("ignore-shared", None, Outcome.DEFECT_OLD), suite="compat", subject=SHARED_RAM)
    assert _fastest(_moved("precopy", 200), _moved("cpr-transfer", 20), written) == ["precopy"]
    elsewhere = replace(written, arch="ppc64le")
    assert _fastest(_moved("precopy", 200), _moved("cpr-transfer", 20), elsewhere) == ["cpr-transfer"]


def test_guests_kept_from_converging_do_not_count() -> None:
    """Lose this and precopy's figures include guests that are made to prevent its convergence."""
    hopeless = replace(_moved("precopy", 1500), suite="convergence")
    (precopy,) = by_mechanism([_moved("precopy", 200), hopeless])
    assert precopy.blackout is not None
    assert precopy.blackout.greatest == 200


def test_canary_has_no_part_in_the_figures() -> None:
    """Lose this and the blackout of a guest that TCG broke is listed as one of the mechanism."""
    canary = replace(_moved("precopy", 9000.0), subject="busy-bare-2vcpu-canary-tcg-lost")
    (row,) = by_mechanism([_moved("precopy", 10.0), canary])
    assert (row.passed, heat_step(canary)) == (1, -1)


def test_medians_leave_emulated_hosts_out() -> None:
    """Lose this and a mechanism seems ten times slower because some of its cells ran on an emulated host."""
    emulated = replace(_moved("precopy", 900.0), accelerator="kvm on an emulated host")
    (row,) = by_mechanism([_moved("precopy", 10.0), emulated])
    assert (row.passed, row.blackout) == (2, spread([10.0]))
    (alone,) = by_mechanism([emulated])
    assert (alone.passed, alone.blackout, alone.total) == (1, None, None)


def test_times_on_an_emulated_host_are_not_ranked() -> None:
    """Lose this and the page calls a mechanism slow because its host was emulated."""
    emulated = replace(_moved("postcopy", 10.0), accelerator="kvm on an emulated host")
    assert heat_step(emulated) == -1
    assert _fastest(_moved("precopy", 50.0), emulated) == []
