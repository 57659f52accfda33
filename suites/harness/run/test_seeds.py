# SPDX-License-Identifier: Apache-2.0
"""The seeded defects themselves, without a run: each has a cell of its own, and the table shows them."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.guest import accelerator
from suites.harness.support import no_kvm_here
from suites.harness.support.all_seeds import SEEDED
from suites.harness.support.seeded_page import PAGE
from suites.harness.support.seeded_run import Row, SeededRun
from suites.harness.support.seeded_table import (
    DOCS_HEAD,
    docs_line,
    false_alarm,
    row,
    seeded_line,
    seeded_shares,
)
from suites.harness.support.seeds import CPU, SeededBuild
from suites.harness.support.stream_seeds import field, seed, without
from suites.harness.support.tamper.rules import Target
from suites.harness.support.wrong_builds import SOURCES

IN_THE_STREAM = [build for build in SEEDED if build.name.startswith("stream-")]
FOUND: Row = {
    "kind": "CPU state",
    "seed": "registers",
    "subject": "x",
    "expected": "defect-new",
    "seen": "defect-new: panic: the guest | died",
    "check": "panic",
    "found": True,
}
MISSED: Row = {**FOUND, "seen": "pass: ", "check": "", "found": False}


@pytest.mark.parametrize("build", IN_THE_STREAM, ids=lambda build: build.name)
def test_each_seed_has_a_cell_of_its_own(build: SeededBuild) -> None:
    """Lose this and one defect hides another in the same cell. Only `state` names several at once."""
    cells = Counter(seed.subject for seed in build.seeds if "state: " not in seed.words)
    assert [cell for cell, number in cells.items() if number > 1] == []


@pytest.mark.parametrize(
    "reason, found",
    [
        ("panic: Oops; wrong → itself fails alike", True),
        ("alive: waited 6 s for a beat; wrong → itself fails alike", True),
        ("before the hot patch, on wrong: panic: Oops", True),
        ("memory: 1 of 8192 pages damaged; besides: panic: Oops: 1/4", False),
    ],
)
def test_defect_is_found_only_by_the_check_that_must_find_it(reason: str, found: bool) -> None:
    """Lose this and a defect counts as found although another check found it, or another defect."""
    cells = [{"id": "x-qmp-cell", "subject": "cell", "outcome": "defect-new", "reason": reason}]
    run = SeededRun(1, "", {"cells": cells})
    assert row(seed(CPU, "registers", "cell", without("cpu"), "panic: |alive: "), run)["found"] is found


@pytest.mark.parametrize("harm, found", [("lost", True), ("stranded", False), (None, False)])
def test_defect_with_another_harm_is_not_found(harm: str | None, found: bool) -> None:
    """Lose this and the suite may call a dead guest stranded, and no test fails."""
    cells = [{"id": "x-qmp-cell", "subject": "cell", "outcome": "defect-new", "reason": "panic: Oops"}]
    cells[0] |= {"harm": harm, "harm_proof": "seen"}  # type: ignore[dict-item]
    lost = seed(CPU, "registers", "cell", without("cpu"), "panic: ", harm="lost")
    assert row(lost, SeededRun(1, "", {"cells": cells}))["found"] is found


def test_failure_of_a_build_without_defects_is_a_false_alarm() -> None:
    """Lose this and a check that fails by chance is hidden behind the defect that the same run finds."""
    reason = (
        "panic: Oops; wrong → itself fails alike; another defect: debian-13 → itself fails with memory: x"
    )
    cells = [{"id": "x-qmp-cell", "subject": "cell", "outcome": "defect-new", "reason": reason}]
    run = SeededRun(1, "", {"cells": cells})
    plain = seed(CPU, "registers", "cell", without("cpu"), "panic: ")
    assert false_alarm(plain, run, "debian-13") == reason
    assert false_alarm(plain, run, "debian-12") == ""
    assert false_alarm(replace(plain, known=without("hpet")), run, "debian-13") == ""


@pytest.mark.parametrize("build", IN_THE_STREAM, ids=lambda build: build.name)
def test_each_seed_names_the_check_that_must_find_it(build: SeededBuild) -> None:
    """Lose this and a seed counts as found although another check noticed it by luck."""
    assert [seed.name for seed in build.seeds if not any(seed.words)] == []


def test_stand_in_knows_each_fault_of_a_seed() -> None:
    """Lose this and a seed ends QEMU instead of what its name says, which a check may find all the same."""
    known = re.findall(r'strcmp\(name, "([a-z-]+)"\)', (SOURCES / "faults.c").read_text())
    rules = [rule for build in SEEDED for rule in build.wrong.rules if rule.verb.startswith("on-")]
    faults = [fault for rule in rules for fault in re.sub(r"^later \d+ ", "later\n", rule.second).split("\n")]
    assert {fault.partition(" ")[0] for fault in faults} <= set(known)


def test_row_names_kind_defect_check_blame_and_message() -> None:
    """Lose this and the table does not show which check found which defect."""
    assert seeded_line(FOUND) == "found  CPU state | registers | panic | defect-new | panic: the guest | died"
    assert seeded_line(MISSED) == "MISSED CPU state | registers | - | pass | (expected defect-new)"


def test_shares_are_counted_by_kind() -> None:
    """Lose this and a kind of defects that all are missed drowns in the total."""
    assert seeded_shares([FOUND, MISSED]) == {"CPU state": (1, 2)}


def test_page_shows_the_seeds() -> None:
    """Lose this and the documentation names a seeded defect that does not exist, or leaves one out."""
    table = PAGE.read_text().partition(f"{DOCS_HEAD}\n")[2].splitlines()
    known = {docs_line(seed) for build in SEEDED for seed in build.seeds}
    in_the_stream = {docs_line(seed) for build in IN_THE_STREAM for seed in build.seeds}
    assert [line for line in table if line not in known] == [], "run suites.harness.support.seeded_page"
    assert in_the_stream - set(table) == set(), "run suites.harness.support.seeded_page"


def test_seed_beside_a_known_defect_tampers_with_both_builds() -> None:
    """Lose this and no seed shows that a known defect of the old build does not excuse a new one."""
    one = seed(CPU, "registers", "x", field("cpu", "env.regs"), "panic: ", known=without("hpet"))
    wrong, other = one.orders("wrong", "new", "debian-13")
    assert (wrong.target, other.target) == (
        Target("wrong", test="-qmp-x]"),
        Target("debian-13", test="-qmp-x]"),
    )
    assert (wrong.tampering, other.tampering) == (one.tampering, one.known)


def test_build_with_defects_is_not_tried_where_kvm_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and each run with a seeded defect waits 20 s for a guest that never boots."""
    monkeypatch.setattr(accelerator, "lack_of_kvm", lambda _arch: "")
    monkeypatch.setattr(accelerator, "_try_kvm", lambda *_: "kvm")
    no_kvm_here.pytest_configure()
    build = cast("Any", SimpleNamespace(cache=None, tried=object()))
    assert accelerator.usable_accelerator.__wrapped__(build, "x86_64", Path("image")) == "tcg"
