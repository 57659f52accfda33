# SPDX-License-Identifier: Apache-2.0
"""docs/faults.md names a promise, or a reason, for each fault in each phase on each path."""

import pytest

from fixtures.places import ROOT
from suites.faults.cells import FAULT, NIGHTLY
from suites.harness.support import faults_page
from suites.harness.support.faults_table import declared, entries, problems
from suites.harness.support.shipped_promises import shipped_promises

PAGE = (ROOT / "docs" / "faults.md").read_text()
CELLS = declared(shipped_promises())
A_ROW = "| channel-cut | postcopy | D | D | D | D |"
SAME = "| channel-cut | recovery | W | = qmp (tls) |"
PROOF = "in migration/tls.c, `migration_detect_error` in migration/migration.c |"
VERDICT = {
    "old": {"name": "one", "qemu": "1.0", "libvirt": "1.1"},
    "new": {"name": "two", "qemu": "2.0", "libvirt": "2.1"},
    "cells": [
        {
            "id": "faults/a",
            "arch": "x86_64",
            "path": "qmp",
            "mechanism": "postcopy",
            "subject": "busy-bare-2vcpu-fault-channel-cut-in-recovery",
            "outcome": "defect-old",
        },
        {"id": "hotpatch/b", "subject": "busy-bare-1vcpu-chain"},
    ],
}


def test_table_is_complete_and_true() -> None:
    """Lose this and the table promises cells that do not exist, or forgets a fault."""
    assert entries(PAGE)
    assert not list(problems(PAGE, CELLS))


@pytest.mark.parametrize(
    "row,said",
    [
        ("| channel-cut | postcopy | | D | D | D |", "channel-cut, postcopy, qmp: neither a promise nor"),
        ("| channel-cut | postcopy | D `gone` | D | D | D |", "channel-cut, postcopy, qmp: no cell gone"),
        ("| channel-cut | postcopy | ZZ | D | D | D |", "channel-cut, postcopy, qmp: no promise ZZ with"),
        ("| channel-cut | first-pass | D | D | D | D |", "channel-cut, postcopy: in 0 rows"),
        ("| channel-cut | lunch | D | D | D | D |", "channel-cut, lunch, qmp: no such phase"),
        (
            "| channel-cut | postcopy | D | D | cannot happen: why | D |",
            "fault-channel-cut-in-postcopy by libvirt is",
        ),
        (
            "| channel-cut | postcopy | D | D | not built: why | D |",
            "channel-cut, postcopy, libvirt: neither a promise nor",
        ),
        (
            "| channel-cut | postcopy | D | D | unsupported: somebody: why | D |",
            "channel-cut, postcopy, libvirt: neither a promise nor",
        ),
        (
            "| channel-cut | postcopy | E | D | D | D |",
            "channel-cut, postcopy, qmp: fault-channel-cut-in-postcopy declares promise D, and not E",
        ),
    ],
)
def test_wrong_row_is_found(row: str, said: str) -> None:
    """Lose this and an empty cell, or one of a test that was removed, stays in the table."""
    assert A_ROW in PAGE
    found = list(problems(PAGE.replace(A_ROW, row), CELLS))
    assert any(each.startswith(said) for each in found), found


@pytest.mark.parametrize(
    "text,said",
    [
        ("= libvirt (tls)", "channel-cut, recovery, qmp-tls: what it is the same as has no promise"),
        ("= qmp, tomorrow (tls)", "channel-cut, recovery, qmp-tls: what it is the same as has no promise"),
        ("= qmp (hearsay)", "channel-cut, recovery, qmp-tls: no proof hearsay"),
    ],
)
def test_entry_that_is_the_same_as_another_is_proven(text: str, said: str) -> None:
    """Lose this and an entry that nobody asks looks as if a cell did."""
    assert SAME in PAGE
    found = list(problems(PAGE.replace(SAME, SAME.replace("= qmp (tls)", text)), CELLS))
    assert any(each.startswith(said) for each in found), found


def test_proof_names_a_function_and_its_file() -> None:
    """Lose this and a proof is an opinion."""
    assert PROOF in PAGE
    found = list(problems(PAGE.replace(PROOF, "of somebody |"), CELLS))
    assert any(each.startswith("proof tls names no function with its file") for each in found), found


def test_each_cell_of_a_night_exists() -> None:
    """Lose this and a cell that was renamed is run by no night, and nobody notices."""
    nightly = {
        (promise.path, promise.mechanism, promise.aspect)
        for promise in shipped_promises()
        if promise.nightly_on
    }
    wanted = {(*way, FAULT + name) for way, names in NIGHTLY.items() for name in names}
    assert wanted <= nightly


def test_new_cell_must_be_in_the_table() -> None:
    """Lose this and the table is out of date with the next fault that is built."""
    assert list(problems(PAGE, {**CELLS, ("fault-new-in-postcopy", "qmp"): {"A"}})) == [
        "fault-new-in-postcopy by qmp is not in the table"
    ]


def test_page_of_outcomes_is_that_of_the_table() -> None:
    """Lose this and the outcomes are those of another table: run suites.harness.support.faults_page."""
    assert faults_page.PAGE.read_text() == faults_page.page(faults_page.known_outcomes(), entries(PAGE))


def test_outcomes_of_a_run_are_on_the_page() -> None:
    """Lose this and nobody sees in the table what came out, or what nobody has run."""
    table = entries(PAGE)
    known = faults_page.merged({}, VERDICT, {aspect for entry in table for aspect in entry.aspects})
    page = faults_page.page(known, table)
    assert "| one → two | x86_64 | 1 of " in page
    assert "| channel-cut | recovery | defect-old | = defect-old | unsupported | unsupported |" in page
    assert "| channel-cut | first-pass | not run | not run |" in page
