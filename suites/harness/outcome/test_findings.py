# SPDX-License-Identifier: Apache-2.0
"""Is one defect one finding, and are two defects two findings?"""

from __future__ import annotations

import pytest

from fixtures.outcome.findings import findings, not_tried, reason_class, rollbacks, tried_rollbacks
from fixtures.outcome.outcome import COUNTS_AGAINST, CellResult, Outcome, RunRecord
from suites.harness.support.report_samples import CPU_FAILS, make_cell, make_run, make_swept, stuck

FAILS, GONE = Outcome.REGRESSION, Outcome.REMOVED


def gone(machine: str, model: str) -> CellResult:
    """A device that the new build lacks; QEMU's error names the device."""
    cell = make_swept(machine, f"device:{model}", GONE, f"the new build has no device {model}")
    words = f"launch: '{model}' is not a valid device model name"
    cell.runs = [RunRecord("debian-12", "debian-13", "fail", words, words)]
    return cell


def broken(number: int, arch: str = "x86_64", outcome: Outcome = FAILS, check: str = "memory") -> CellResult:
    """A cell whose guest ran and failed its checks."""
    reason, signature = f"{check}: {number} is wrong", f"a broken guest: {check}"
    failed = RunRecord("debian-12", "debian-13", "fail", reason, signature)
    return make_cell(number, outcome, arch=arch, reason=f"{failed.reason}; both controls pass", runs=[failed])


def test_cells_that_fail_for_one_reason_are_one_finding() -> None:
    """Lose this and the report lists one defect twenty-six times."""
    cells = [make_swept(f"pseries-3.{n}", "machine", FAILS, CPU_FAILS) for n in range(26)]
    (found,) = findings(cells)
    assert len(found.cells) == 26
    assert found.machines == sorted(cell.machine for cell in cells)
    assert (found.outcome, found.archs, found.subjects) == (FAILS, ["ppc64le"], ["machine"])
    assert found.signature == "migrate: error while loading state for instance N of device 'cpu'"
    assert found.reason == CPU_FAILS
    assert found.blame == "both controls pass"


def test_finding_shows_the_plainest_reason() -> None:
    """Lose this and a machine that fails without any device is reported as a failure of one device."""
    device = make_swept("pseries-3.0", "device:AC97", FAILS, CPU_FAILS)
    device.reason = f"the machine fails without any device: {CPU_FAILS}"
    (found,) = findings([device, make_swept("pseries-3.0", "machine", FAILS, CPU_FAILS)])
    assert found.first.subject == "machine"
    assert len(found.cells) == 2


DIFFERENT = {
    "signatures": [
        make_swept("pc-q35-7.2", "device:a", FAILS, "Missing section footer for 0000:00:01.0/lsi"),
        make_swept("pc-q35-7.2", "device:b", FAILS, "Missing section footer for 0000:00:01.0/esp"),
    ],
    "outcomes": [
        make_swept("pc-q35-7.2", "device:a", FAILS, "bad section"),
        make_swept("pc-q35-7.2", "device:b", Outcome.DEFECT_OLD, "bad section"),
    ],
    "reasons": [
        make_swept("pc-q35-7.2", "device:a", GONE, "the new build has no device a"),
        make_swept("pc-q35-7.2", "cpu:b", GONE, "the new build has no CPU model b"),
    ],
    "broken guests of two architectures": [broken(1), broken(2, "ppc64le")],
    "damaged memory and a dead vCPU": [broken(1), broken(2, check="vcpus")],
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_different_causes_are_different_findings(case: str) -> None:
    """Lose this and the second defect is not reported."""
    assert len(findings(DIFFERENT[case])) == 2


ALIKE = {
    "removed devices": [gone("pc-q35-7.2", "sga"), gone("pseries-7.2", "vmware-svga")],
    "removed machine types": [
        make_swept(name, "machine", GONE, f"the new build no longer has machine type {name}")
        for name in ("pc-i440fx-1.4", "pseries-2.12-sxxm")
    ],
    "a device on two architectures": [
        make_swept("pc-q35-7.2", "device:dc390", FAILS, "footer for 0000:00:01.0/esp"),
        make_swept("pseries-7.2", "device:dc390", FAILS, "footer for pci@800000020000000:00.0/esp"),
    ],
    "broken guests": [broken(1), broken(2)],
    "guests that the old build breaks": [
        broken(1, outcome=Outcome.DEFECT_OLD),
        broken(2, outcome=Outcome.DEFECT_OLD, check="vcpus"),
    ],
    "flaky cells": [broken(1, outcome=Outcome.FLAKY), broken(2, outcome=Outcome.FLAKY)],
    "known ones": [broken(1, outcome=Outcome.KNOWN), broken(2, outcome=Outcome.KNOWN)],
}


@pytest.mark.parametrize("case", ALIKE)
def test_reasons_that_differ_only_in_names_are_one_finding(case: str) -> None:
    """Lose this and every removed device is a separate finding."""
    (found,) = findings(ALIKE[case])
    assert len(found.cells) == 2


def test_no_failure_is_left_out() -> None:
    """Lose this and a cell that counts against the update is missing from the findings."""
    cells = [make_cell(n, outcome) for n, outcome in enumerate(Outcome)]
    reported = {cell.outcome for finding in findings(cells) for cell in finding.cells}
    assert reported == COUNTS_AGAINST | {Outcome.ERROR, Outcome.DEFECT_OLD, Outcome.KNOWN}


def test_worst_and_largest_finding_comes_first() -> None:
    """Lose this and the defect that hits most guests is at the end of the page."""
    small = make_swept("pc-q35-7.2", "device:a", FAILS, "bad section")
    large = [make_swept(f"pseries-3.{n}", "machine", FAILS, CPU_FAILS) for n in range(3)]
    old = [make_swept("pc-q35-7.2", f"device:{n}", Outcome.DEFECT_OLD, "it crashed") for n in range(9)]
    assert [len(each.cells) for each in findings([*old, small, *large])] == [3, 1, 9]


def test_order_of_the_cells_does_not_matter() -> None:
    """Lose this and two runs of the same pair cannot be compared."""
    cells = [*ALIKE["removed devices"], *DIFFERENT["signatures"], broken(1), broken(2)]
    assert findings(cells) == findings(list(reversed(cells)))


CLASSES = [
    ("device:tpm-tis", "debian-12: -device tpm-tis,id=d144: 'tpmdev' property is required"),
    ("device:tpm-crb", "debian-12: -device tpm-crb,id=d9,bus=pci.1: 'tpmdev' property is required"),
]


def test_unsupported_cells_are_grouped_by_class() -> None:
    """Lose this and eighty devices that the suite cannot create are eighty paragraphs of the report."""
    cells = [make_swept("pc-q35-7.2", name, Outcome.UNSUPPORTED, reason) for name, reason in CLASSES]
    (found,) = not_tried(cells, Outcome.UNSUPPORTED)
    assert found.signature == "debian-12: 'tpmdev' property is required"
    assert len(found.cells) == 2


REASONS = [
    (
        "device:nvme",
        "State blocked by non-migratable device '0000:00:01.0/nvme'",
        "State blocked by non-migratable device '…'",
    ),
    ("device:e1000", "e1000 is not e1000e on pc-q35-7.2: 0x10 became 32", "… is not e1000e on …: N became N"),
    ("cpu:power5+", "the CPU power5+ of pc-q35-7.2 was power5+_v2.1.", "the CPU … of … was power5+_v2.1."),
    ("machine", "QEMU 7.2 says\n  no", "QEMU N says no"),
]


@pytest.mark.parametrize("subject,reason,expected", REASONS)
def test_class_of_a_reason_leaves_out_names_and_numbers(subject: str, reason: str, expected: str) -> None:
    """Lose this and a class of reasons shows details of one cell, or loses what its cells share."""
    assert reason_class(make_swept("pc-q35-7.2", subject, reason=reason)) == expected


def test_cells_that_cannot_return_are_grouped_by_cause() -> None:
    """Lose this and the report does not say that a rollback fails, or says it a hundred times."""
    cells = [stuck(make_swept("pseries-7.2", f"device:{n}"), f"version_id {n} is too new") for n in range(5)]
    run = make_run(*cells, make_swept("pc-q35-7.2", "device:e1000"))
    (found,) = rollbacks(run)
    assert len(found.cells) == 5
    assert found.signature == "migrate: version_id N is too new"
    assert found.reason == "version_id 0 is too new"
    assert len(tried_rollbacks(run)) == 6


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PASS])
def test_cell_that_did_not_reach_the_new_build_has_no_rollback(outcome: Outcome) -> None:
    """Lose this and a failure is reported a second time as a failed rollback."""
    cell = make_swept("pc-q35-7.2", "device:e1000")
    cell.outcome = outcome
    assert rollbacks(make_run(stuck(cell, "bad section"))) == []


def test_rollback_that_fails_does_not_count() -> None:
    """Lose this and a failed rollback makes an update unsafe, although rollbacks do not count."""
    run = make_run(stuck(make_swept("pc-q35-7.2", "device:e1000"), "bad section"))
    assert findings(run.cells) == []
    assert run.verdict == "safe"


def test_build_against_itself_has_no_rollback() -> None:
    """Lose this and the move of a build to itself is reported twice, once as a rollback."""
    run = make_run(make_swept("pc-q35-7.2", "machine"))
    run.new = run.old
    run.cells[0].runs = [RunRecord("debian-12", "debian-12", "pass")]
    assert tried_rollbacks(run) == []
