# SPDX-License-Identifier: Apache-2.0
"""Does junit.xml agree with the verdict page?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fixtures.outcome.outcome import COUNTS_AGAINST, Outcome, RunResult
from reports.machine_readable.junit import MOST_CELLS, write_junit
from suites.harness.support.report_samples import HOSTILE, make_cell, make_run, make_swept

FAILS = Outcome.REGRESSION


def junit(run: RunResult, directory: Path) -> ET.Element:
    """Write junit.xml and parse it as a CI system does."""
    return ET.parse(write_junit(run, directory)).getroot()  # noqa: S314 - our own file


def cases(root: ET.Element) -> list[ET.Element]:
    """All test cases."""
    return root.findall("./testsuite/testcase")


def colours(root: ET.Element) -> list[str]:
    """`failure`, `error`, `skipped` or `green` of each test case."""
    return [case[0].tag if len(case) else "green" for case in cases(root)]


def counts(element: ET.Element) -> dict[str, int]:
    """The numbers of test cases and of their results in the attributes of an element."""
    return {kind: int(element.attrib[kind]) for kind in ("tests", "failures", "errors", "skipped")}


SHOWN = {
    **dict.fromkeys(COUNTS_AGAINST, "failure"),
    Outcome.ERROR: "error",
    Outcome.DEFECT_OLD: "skipped",
    Outcome.KNOWN: "skipped",
    Outcome.REFUSED: "skipped",
    Outcome.UNSUPPORTED: "skipped",
    Outcome.PASS: "green",
}


@pytest.mark.parametrize("outcome", Outcome)
def test_junit_is_red_for_what_counts_against(outcome: Outcome, tmp_path: Path) -> None:
    """Lose this and CI passes an unsafe update, or stops one for a defect of the old build."""
    root = junit(make_run(make_cell(1, outcome, reason="why"), make_cell(2)), tmp_path)
    assert colours(root) == [SHOWN[outcome], "green"]
    kinds = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    expected = {plural: int(kind == SHOWN[outcome]) for kind, plural in kinds.items()} | {"tests": 2}
    assert [counts(element) for element in root.iter() if element.tag.startswith("testsuite")] == [
        expected
    ] * 2


def test_junit_has_a_suite_for_each_folder(tmp_path: Path) -> None:
    """Lose this and a CI system shows guests, devices and the suite as one list of a thousand tests."""
    run = make_run(make_cell(1), make_swept("pc-q35-7.2", "device:x", FAILS), make_cell(2), notes=("a note",))
    root = junit(run, tmp_path)
    assert {suite.attrib["name"]: counts(suite)["tests"] for suite in root} == {
        "hotpatch": 2,
        "compat": 1,
        "run": 1,
    }
    assert counts(root) == {"tests": 4, "failures": 1, "errors": 1, "skipped": 0}


def test_junit_has_the_facts_of_the_run(tmp_path: Path) -> None:
    """Lose this and a failed test in CI does not show its QEMU, nor the seed of its random machines."""
    root = junit(replace(make_run(make_cell(1)), seed="739000"), tmp_path)
    said = {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}
    assert (said["old.build"], said["old.qemu"], said["new.qemu"]) == ("debian-12", "7.2.22", "10.0.13")
    assert (said["old.accelerator"], said["seed"], said["verdict"]) == ("x86_64: tcg", "739000", "safe")
    assert "new.package" not in said


def test_junit_names_the_test_as_pytest_does(tmp_path: Path) -> None:
    """Lose this and a CI system loses the history of each test."""
    (case,) = cases(junit(make_run(make_cell(1)), tmp_path))
    assert case.attrib == {
        "classname": "suites.hotpatch.test_qmp",
        "name": "test_survives[x86_64-pc-q35-7.2-qmp-postcopy-busy-virtio-1cpu]",
        "time": "11.000",
    }


def test_junit_has_the_reason_and_the_rerun_command(tmp_path: Path) -> None:
    """Lose this and a failed test in CI must be looked up elsewhere."""
    cell = make_cell(1, FAILS, reason="page 7 is wrong")
    ((failure,),) = cases(junit(make_run(cell), tmp_path))
    assert failure.attrib["message"] == "regression: page 7 is wrong"
    assert failure.text == f"regression: {cell.id}: page 7 is wrong\nrerun: {cell.rerun}"


def test_junit_shows_a_sweep_as_one_test(tmp_path: Path) -> None:
    """Lose this and a sweep is thousands of tests in CI, or green although one of its cells failed."""
    failed = [make_swept("pc-q35-7.2", f"device:{n}", FAILS, "bad section") for n in range(MOST_CELLS + 5)]
    sweep = [make_swept("pc-q35-7.2", "device:x"), make_swept("pc-q35-7.2", "device:y", Outcome.ERROR)]
    ((failure,),) = cases(junit(make_run(*sweep, *failed), tmp_path))
    assert failure.tag == "failure"
    assert failure.attrib["message"] == f"regression: bad section (and {MOST_CELLS + 4} more cells)"
    assert (failure.text or "").count("rerun: ") == MOST_CELLS


def test_junit_shows_the_worst_of_a_sweep_first(tmp_path: Path) -> None:
    """Lose this and the worst cell of a sweep is listed after twenty others, or cut off."""
    cells = [make_swept("pc-q35-7.2", f"device:{n}", each) for n, each in enumerate((Outcome.FLAKY, FAILS))]
    ((failure,),) = cases(junit(make_run(*cells), tmp_path))
    assert failure.attrib["message"] == "regression:  (and 1 more cell)"


@pytest.mark.parametrize(
    "others,colour", [([Outcome.PASS], "green"), ([Outcome.KNOWN], "skipped"), ([Outcome.ERROR], "error")]
)
def test_junit_of_a_sweep_that_tried_something(others: list[Outcome], colour: str, tmp_path: Path) -> None:
    """Lose this and one device that cannot be tried makes a sweep of thousands count as skipped."""
    cells = [make_swept("pc-q35-7.2", f"device:{n}", each) for n, each in enumerate(others)]
    unsupported = make_swept("pc-q35-7.2", "device:none", Outcome.UNSUPPORTED, "no such bus")
    assert colours(junit(make_run(unsupported, *cells, make_cell(1)), tmp_path)) == [colour, "green"]


def test_notes_are_errors_in_junit(tmp_path: Path) -> None:
    """Lose this and CI is green although a shard is missing."""
    root = junit(make_run(make_cell(1), notes=("shard 2/3 is missing",)), tmp_path)
    assert colours(root) == ["green", "error"]
    assert cases(root)[1][0].attrib["message"] == "shard 2/3 is missing"


def test_junit_is_valid_for_any_text(tmp_path: Path) -> None:
    """Lose this and one control character of a guest's console loses all results of a night in CI."""
    run = make_run(make_cell(1, FAILS, reason=HOSTILE), notes=(HOSTILE,))
    case, note = cases(junit(run, tmp_path))
    for text in (case[0].attrib["message"], case[0].text or "", note.attrib["name"]):
        assert "it said red\ufffd\ufffd <b>&amp;\ufffd\ufffd ]]> 漢" in text
