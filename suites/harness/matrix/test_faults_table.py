# SPDX-License-Identifier: Apache-2.0
"""docs/faults.md names a promise, or a reason, for each fault in each phase on each path."""

import pytest

from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.places import ROOT
from suites.harness.support.faults_table import entries, problems
from suites.harness.support.shipped_promises import shipped_promises

PAGE = (ROOT / "docs" / "faults.md").read_text()
CELLS = {
    (promise.aspect, f"{promise.path}-tls" if MECHANISMS[promise.mechanism].tls else promise.path)
    for promise in shipped_promises()
}
A_ROW = "| channel-cut | postcopy | D | D | D |"


def test_table_is_complete_and_true() -> None:
    """Lose this and the table promises cells that do not exist, or forgets a fault."""
    assert entries(PAGE)
    assert not list(problems(PAGE, CELLS))


@pytest.mark.parametrize(
    "row,said",
    [
        (
            "| channel-cut | postcopy | | D | D |",
            "channel-cut, postcopy, qmp: neither a promise nor",
        ),
        ("| channel-cut | postcopy | D `gone` | D | D |", "channel-cut, postcopy, qmp: no cell gone"),
        ("| channel-cut | postcopy | Z | D | D |", "channel-cut, postcopy, qmp: no promise Z with a source"),
        ("| channel-cut | first-pass | D | D | D |", "channel-cut, postcopy: in 0 rows"),
        ("| channel-cut | lunch | D | D | D |", "channel-cut, lunch, qmp: no such phase"),
        (
            "| channel-cut | postcopy | D | D | not built: why |",
            "fault-channel-cut-in-postcopy by libvirt is",
        ),
    ],
)
def test_wrong_row_is_found(row: str, said: str) -> None:
    """Lose this and an empty cell, or one of a test that was removed, stays in the table."""
    assert A_ROW in PAGE
    found = list(problems(PAGE.replace(A_ROW, row), CELLS))
    assert any(each.startswith(said) for each in found), found


def test_new_cell_must_be_in_the_table() -> None:
    """Lose this and the table is out of date with the next fault that is built."""
    assert list(problems(PAGE, CELLS | {("fault-new-in-postcopy", "qmp")})) == [
        "fault-new-in-postcopy by qmp is not in the table"
    ]
