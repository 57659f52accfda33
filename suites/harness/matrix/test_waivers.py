# SPDX-License-Identifier: Apache-2.0
"""Tests of known issues in a file of their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.schema import Pair, load_matrix
from fixtures.matrix.waivers import Waiver, configured
from fixtures.outcome.known import settled, stale
from fixtures.outcome.outcome import CellResult, Outcome
from fixtures.places import MATRIX_FILE
from suites.harness.support.report_samples import make_swept

MATRIX = load_matrix(MATRIX_FILE)
PAIR = Pair(old="debian-12", new="debian-13")
TODAY = date(2026, 12, 1)
GOOD = """\
waivers:
  - id: card-is-gone
    match: {subject: "device:*", tier: [best-effort]}
    reason: nobody has it
    link: https://bugs.example/2
    expires: 2027-01-31
    owner: release team
"""
WRONG = """\
waivers:
  - {id: a, match: {arch: x86-64}, reason: b, link: c, expires: 2027-01-31, owner: d}
  - {id: a, match: {tier: [best]}, reason: b, link: c, expires: 2027-01-31, owner: d}
  - {id: cpu-host-shows-new-features, match: {arch: x86_64}, reason: b, link: c, expires: 2027-01-31}
"""


def file_with(tmp_path: Path, text: str) -> Path:
    """A file of waivers with this text."""
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    return file


def failed(device: str) -> CellResult:
    """A failure of a device."""
    return make_swept("pc-q35-7.2", f"device:{device}", Outcome.REGRESSION)


def test_waiver_accepts_failures_of_its_tier_only(tmp_path: Path) -> None:
    """Lose this and a waiver for a card that nobody has accepts the loss of every guest."""
    matrix = configured(MATRIX, None, file_with(tmp_path, GOOD))
    rare, common = (
        settled(matrix.support, matrix.known_issues, PAIR, failed(name), TODAY)
        for name in ("am53c974", "e1000")
    )
    assert (rare.outcome, common.outcome) == (Outcome.KNOWN, Outcome.REGRESSION)
    said = "waiver card-is-gone (nobody has it, https://bugs.example/2"
    assert f"{said}, owner release team, until 2027-01-31)" in rare.reason


def test_waiver_without_a_failure_names_its_file(tmp_path: Path) -> None:
    """Lose this and a team looks for a waiver in matrix.yaml."""
    matrix = configured(MATRIX, "everything", file_with(tmp_path, GOOD.replace(", tier: [best-effort]", "")))
    (line,) = stale(matrix.known_issues, PAIR, [make_swept("pc-q35-7.2", "device:e1000")], TODAY)
    assert line == "waiver card-is-gone no longer matches any failure: remove it from the file of waivers"


def test_all_errors_of_waivers_are_reported_at_once(tmp_path: Path) -> None:
    """Lose this and a wrong waiver accepts nothing, without a word."""
    with pytest.raises(UsageError) as error:
        configured(MATRIX, None, file_with(tmp_path, WRONG))
    for said in (
        "line 2: waivers[0].match.arch: is 'x86-64'; allowed: x86_64, ppc64le",
        "line 3: waivers[1].id: 'a' is also the id in line 2",
        "line 3: waivers[1].match.tier[0]: is 'best'; allowed:",
        "line 4: waivers[2]: the key 'owner' is missing",
    ):
        assert said in str(error.value)


@pytest.mark.parametrize(
    "match",
    ['new: "incoming-*"', "new: incoming-3f2a1c", 'pair: "debian-13 -> incoming-3f2a1c"', "old: sid*"],
)
def test_waiver_may_be_about_builds_of_other_runs(match: str, tmp_path: Path) -> None:
    """Lose this and each upload needs a file of waivers, and no recorded run of one can be judged again."""
    matrix = configured(MATRIX, None, file_with(tmp_path, GOOD.replace("match: {", f"match: {{{match}, ")))
    assert len(matrix.known_issues) == len(MATRIX.known_issues) + 1


def test_waiver_of_a_build_that_has_no_such_name_is_wrong(tmp_path: Path) -> None:
    """Lose this and a typing error in the name of a build accepts nothing, without a word."""
    with pytest.raises(UsageError, match=r"waivers\[0\]\.match\.new: is 'debian-31'; allowed: debian-11"):
        configured(MATRIX, None, file_with(tmp_path, GOOD.replace("match: {", "match: {new: debian-31, ")))


def test_waiver_with_the_id_of_a_known_issue_is_wrong(tmp_path: Path) -> None:
    """Lose this and a report cannot say which entry accepted a failure."""
    text = GOOD.replace("card-is-gone", MATRIX.known_issues[0].id)
    with pytest.raises(
        UsageError, match=r"waivers\[0\]\.id: .* is also the id of a known issue of the matrix"
    ):
        configured(MATRIX, None, file_with(tmp_path, text))


def test_recorded_run_is_judged_with_other_waivers(tmp_path: Path) -> None:
    """Lose this and a team that writes a waiver after a run must run everything again."""
    matrix = configured(MATRIX, None, file_with(tmp_path, GOOD))
    assert matrix.digest == MATRIX.digest
    first = failed("am53c974")
    before = (first.outcome, first.reason)
    waived = settled(matrix.support, matrix.known_issues, PAIR, first, TODAY)
    assert (waived.outcome, waived.accepted, waived.counts) == (Outcome.KNOWN, "regression", False)
    again = settled(matrix.support, [], PAIR, CellResult.from_json(waived.to_json()), TODAY)
    assert ((again.outcome, again.reason), again.accepted) == (before, "")
    late = [issue.model_copy(update={"expires": date(2020, 1, 1)}) for issue in matrix.known_issues]
    expired = settled(matrix.support, late, PAIR, again, TODAY)
    expired = settled(matrix.support, late, PAIR, expired, TODAY)
    assert expired.reason == f"{before[1]}; waiver card-is-gone expired on 2020-01-01"


def test_missing_file_of_waivers_is_named(tmp_path: Path) -> None:
    """Lose this and a slip in --waivers qualifies an update without the waivers."""
    with pytest.raises(UsageError, match="--waivers"):
        configured(MATRIX, None, tmp_path / "missing.yaml")


def test_waivers_are_known_issues_with_owners(tmp_path: Path) -> None:
    """Lose this and reports cannot say who follows a waiver up."""
    found = configured(MATRIX, None, file_with(tmp_path, GOOD)).known_issues[-1]
    assert isinstance(found, Waiver)
    assert found.owner == "release team"
