# SPDX-License-Identifier: Apache-2.0
"""Does every report say what the run judged, and show remarks about its verdict?"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from fixtures.evidence.tcg_boots import SECOND_BOOTS
from fixtures.outcome.by_design import lost_by_design
from fixtures.outcome.outcome import BuildInfo, CellResult, Outcome, RunRecord, RunResult
from reports.changes import NOTHING_BEFORE
from reports.machine_readable.junit import write_junit
from reports.machine_readable.verdict_json import verdict_data
from reports.overview.untested import NotTested, untested
from reports.page.grid import PairReport, write_grid
from reports.page.page import write_page
from reports.terminal.summary import write_summary
from reports.terminal.table import print_table
from reports.why import guests_not_judged, judged_words, remarks, why
from suites.harness.support.html_page import Page
from suites.harness.support.report_samples import make_cell, make_run, make_swept

NO_QEMU = "build debian-13 has no QEMU for ppc64le"
HALF = make_run(
    make_cell(1),
    *(make_cell(n, Outcome.UNSUPPORTED, arch="ppc64le", reason=NO_QEMU) for n in (2, 3)),
)
"""A run in which nothing moved on one of two architectures."""
CLASS = "x86_64, busy guest, devices hardware, 2 vCPUs"


def excused(number: int, outcome: str = "regression") -> CellResult:
    """A cell with a failure that a known issue excuses."""
    return make_cell(number, Outcome.KNOWN, accepted=outcome)


def named(old: BuildInfo, new: BuildInfo) -> RunResult:
    """A run of one cell between these builds."""
    return replace(make_run(make_cell(1)), old=old, new=new)


def everything(run: RunResult, directory: Path) -> dict[str, str]:
    """The text of each report for people, on one line."""
    file = io.StringIO()
    print_table(run, Console(file=file, width=100))
    texts = {
        "terminal": file.getvalue(),
        "page": Page(write_page(run, directory)).text,
        "summary": write_summary(run, NOTHING_BEFORE, directory).read_text().replace("\\", ""),
    }
    return {name: " ".join(text.split()) for name, text in texts.items()}


def test_unjudged_architecture_is_named_with_its_reason() -> None:
    """Lose this and an undecided verdict does not show what to install."""
    assert why(HALF) == (
        "No guest of ppc64le was moved, so the update from QEMU 7.2.22 (debian-12) to QEMU 10.0.13 "
        f"(debian-13) is not judged there: 2 unsupported ({NO_QEMU}). "
        "On x86_64, nothing counts against it."
    )


def test_refused_move_does_not_seem_to_compare_the_builds() -> None:
    """Lose this and a run in which libvirt only refused moves is said to have compared the builds."""
    refused = make_cell(1, subject="idle-bare-1vcpu-one-daemon-refused", total_ms=None)
    compared = make_swept("pc-q35-7.2", "sees:e1000", mechanism="compare")
    ram = make_swept("pc-q35-7.2", "shared-ram", mechanism="ignore-shared")
    assert why(make_run(refused, compared, ram)).endswith(
        "is not judged: 2 cells only compared what the builds offer, "
        "1 cell passed and left no guest in the new build."
    )


def test_unsafe_run_says_what_it_did_not_judge() -> None:
    """Lose this and the other architecture seems to have been tried."""
    run = make_run(make_cell(1, Outcome.FLAKY), make_cell(2, Outcome.UNSUPPORTED, arch="ppc64le"))
    assert "No guest of ppc64le was moved, so the update is not judged there." in why(run)


@pytest.mark.parametrize("report", ["terminal", "page", "summary"])
def test_every_report_says_what_was_judged(report: str, tmp_path: Path) -> None:
    """Lose this and a verdict about one architecture is mistaken for one about all."""
    text = everything(HALF, tmp_path)[report]
    assert judged_words(HALF) == (
        "ppc64le not at all, x86_64 by 1 move; the other 2 cells show no move that passed"
    )
    assert judged_words(HALF) in text


def test_verdict_json_says_what_was_judged() -> None:
    """Lose this and a script cannot find which architectures a verdict is about."""
    judged = verdict_data(HALF)["judged"]
    assert judged["x86_64"] == {"cells": 1, "moved": 1, "judged": True}
    assert judged["ppc64le"] == {"cells": 2, "moved": 0, "judged": False}


def test_junit_is_red_for_what_was_not_judged(tmp_path: Path) -> None:
    """Lose this and a CI system shows an undecided run as passed."""
    (error,) = ET.parse(write_junit(HALF, tmp_path)).iter("error")  # noqa: S314 - written by the suite
    assert error.attrib["message"] == why(HALF)


@pytest.mark.parametrize("report", ["terminal", "page", "summary"])
def test_every_report_names_guests_that_could_not_be_judged(report: str, tmp_path: Path) -> None:
    """Lose this and the reports hide that some guests were not judged because of an old defect."""
    run = make_run(make_cell(1), make_cell(2, Outcome.DEFECT_OLD, subject="busy-devices-2vcpu"))
    assert f"{CLASS}: 1 defect-old" in everything(run, tmp_path)[report]
    assert list(verdict_data(run)["guests_not_judged"]) == [CLASS]


def test_guests_that_moved_are_not_listed() -> None:
    """Lose this and the list contains guests that were judged."""
    subject = "busy-devices-2vcpu"
    run = make_run(make_cell(1, subject=subject), make_cell(2, Outcome.DEFECT_OLD, subject=subject))
    assert guests_not_judged(run) == []


@pytest.mark.parametrize("report", ["terminal", "page", "summary"])
def test_every_report_says_that_known_issues_made_it_safe(report: str, tmp_path: Path) -> None:
    """Lose this and a run with accepted regressions looks as good as one without."""
    run = make_run(make_cell(1), excused(2), excused(3), excused(4, "defect-old"))
    said = "safe only because known issues accept 2 cells. Without them, 2 count against the update."
    assert run.verdict == "safe"
    assert said in everything(run, tmp_path)[report]


def test_known_issues_that_accept_nothing_that_counts_are_no_remark() -> None:
    """Lose this and every run has the remark, even if known issues do not change its verdict."""
    assert remarks(make_run(make_cell(1), excused(2, "defect-old"))) == []


SAME = [
    (BuildInfo("a", digest="1"), BuildInfo("a", digest="1"), "Both builds are the same, a"),
    (BuildInfo("a", package="q 1", digest="1"), BuildInfo("b", package="q 1", digest="1"), "same packages"),
    (BuildInfo("a", digest="1"), BuildInfo("b", digest="1"), "same QEMU programs"),
]


@pytest.mark.parametrize("old,new,said", SAME, ids=["name", "packages", "programs"])
def test_same_builds_are_reported(old: BuildInfo, new: BuildInfo, said: str, tmp_path: Path) -> None:
    """Lose this and a run of a build with itself looks like a safe update."""
    for text in everything(named(old, new), tmp_path).values():
        assert said in text


def test_different_builds_are_no_remark() -> None:
    """Lose this and builds without a known digest are reported as equal."""
    assert remarks(named(BuildInfo("a"), BuildInfo("b"))) == []
    assert remarks(named(BuildInfo("a", digest="1"), BuildInfo("b", digest="2"))) == []


def test_verdict_json_lists_accepted_cells() -> None:
    """Lose this and a script cannot find the failures that known issues accept."""
    cell = excused(2)
    assert json.loads(json.dumps(verdict_data(make_run(make_cell(1), cell))))["accepted"] == [cell.id]


HELD = make_cell(
    2, subject="idle-bare-1vcpu-canary-tcg-lost", reason="limit tcg-lost holds: memory", blackout_ms=9000.0
)


def test_run_of_canaries_alone_is_undecided() -> None:
    """Lose this and a guest that TCG broke, as expected, makes an update safe."""
    run = make_run(HELD)
    assert run.verdict == "undecided"
    assert why(run).startswith("No guest was moved, so the update")
    assert judged_words(run) == ""


@pytest.mark.parametrize("report", ["terminal", "page", "summary"])
def test_every_report_says_which_limit_holds(report: str, tmp_path: Path) -> None:
    """Lose this and the reports count a canary's broken guest among those that survived."""
    run = make_run(make_cell(1), HELD)
    text = everything(run, tmp_path)[report]
    assert run.verdict == "safe"
    assert "Limit tcg-lost still holds." in text
    assert "1 of 1 guest survived" in text
    assert judged_words(run) == "x86_64 by 1 move"


@pytest.mark.parametrize("report", ["terminal", "page", "summary"])
def test_every_report_says_which_guests_are_lost_by_design(report: str, tmp_path: Path) -> None:
    """Lose this and the reports count a guest among the survivors that no QEMU runs any more."""
    aspects = ["fault-source-killed-in-first-pass", *["fault-destination-killed-in-postcopy"] * 2]
    lost = [
        make_cell(number, subject=f"busy-bare-1vcpu-{aspect}", reason=lost_by_design(aspect))
        for number, aspect in enumerate(aspects, start=2)
    ]
    text = everything(make_run(make_cell(1), *lost), tmp_path)[report]
    assert "2 cells passed, their guests are lost by design: The guest ran at the destination" in text
    assert "1 cell passed, its guest is lost by design: The source ended" in text
    assert "do not resume the source, but end it" in text
    assert "survived the update" not in text


def test_canaries_are_not_among_the_cells_of_which_some_count_against_the_update() -> None:
    """Lose this and the share of cells that fail is wrong in each run with canaries."""
    run = make_run(make_cell(1), make_cell(3, Outcome.REGRESSION, reason="memory: lost"), HELD)
    assert why(run).startswith("1 of 2 cells counts against the update")


def test_guest_that_only_a_canary_moved_is_no_guest_that_was_not_judged() -> None:
    """Lose this and the report lists a guest as not judged that no cell was to judge."""
    assert guests_not_judged(make_run(make_cell(1), HELD)) == []


def test_run_of_canaries_alone_has_no_empty_line(tmp_path: Path) -> None:
    """Lose this and such a run ends with a line `judged:` that says nothing."""
    assert "only canaries ran. report:" in everything(make_run(HELD), tmp_path)["terminal"]


@pytest.mark.parametrize("report", ["terminal", "page", "summary"])
def test_every_report_says_once_that_times_on_emulated_hosts_are_not_comparable(
    report: str, tmp_path: Path
) -> None:
    """Lose this and an emulated host's blackout of 9 s looks like one of the update."""
    run = make_run(make_cell(1), *(make_cell(n, accelerator="kvm on an emulated host") for n in (2, 3)))
    said = "2 cells ran on an emulated host, where time is stretched: do not compare their blackouts"
    assert everything(run, tmp_path)[report].count(said) == 1


def test_grid_has_no_empty_line_for_canaries_alone(tmp_path: Path) -> None:
    """Lose this and the page of many pairs says `Judged: .`."""
    page = Page(write_grid([PairReport(make_run(HELD), NOTHING_BEFORE, "a..b")], tmp_path))
    assert "Judged:" not in page.text


def test_quick_run_says_what_was_not_tested() -> None:
    """Lose this and a quick run that is safe reads like a whole one."""
    run = replace(make_run(make_cell(1)), left_out=("reboots", "libvirt"))
    assert remarks(run) == [
        "Quick run: it has only a part of the tests. Decide about shipping by a complete run."
    ]
    assert untested(run)[0] == NotTested("What a quick run leaves out", "reboots; libvirt")


def booted(source: str, *, second: bool, result: str = "pass") -> RunRecord:
    """A run whose guest was booted by `source`, twice if `second`."""
    return RunRecord(source, "new", result, figures={SECOND_BOOTS: 1} if second else {})


def test_second_boots_are_counted_by_build() -> None:
    """Lose this and a build that boots only three of four guests under TCG looks like any other."""
    runs = [booted("new", second=n == 0) for n in range(4)] + [booted("old", second=False)] * 2
    run = make_run(make_cell(1, runs=[*runs, booted("new", second=False, result="unsupported")]))
    assert remarks(run) == [
        "TCG ended or stopped the first boot of 1 of 4 guests under new; their second boot went well."
    ]


def test_run_without_second_boots_has_no_remark_about_them() -> None:
    """Lose this and every run has the remark."""
    under_kvm = make_cell(2, accelerator="kvm", runs=[booted("new", second=True)])
    assert remarks(make_run(make_cell(1, runs=[booted("new", second=False)]), under_kvm)) == []


def test_run_of_some_tests_says_what_was_not_tested() -> None:
    """Lose this and a rerun of one cell that passes reads like a whole run."""
    run = replace(make_run(make_cell(1)), chosen="-m 'postcopy'")
    assert untested(run)[0].why == "this run has only the tests that were chosen by -m 'postcopy'"


def test_interrupted_run_is_not_called_a_failure() -> None:
    """Lose this and who pressed Ctrl-C looks for a defect of the suite."""
    run = make_run(make_cell(1), rig_failed=True, notes=("5 of 6 tests did not run",))
    assert "is not judged: 5 of 6 tests did not run. The other" in why(run)


def test_known_issues_that_were_not_tried_are_one_line() -> None:
    """Lose this and a waiver that waits for a cell that never runs is silent, or fills the page."""
    why_not = "no cell of this run has its arch 'ppc64le'"
    run = make_run(make_cell(1))
    run.untried = tuple(f"waiver w-{number} ({why_not})" for number in range(7))
    [line] = remarks(run)
    assert line.startswith(f"Not tried in this run: waiver w-0 ({why_not}); waiver w-1 ")
    assert line.endswith("; 2 more.")
    run.untried = ("waiver " + "x" * 9000,)
    assert len(remarks(run)[0]) < 400
