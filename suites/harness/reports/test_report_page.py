# SPDX-License-Identifier: Apache-2.0
"""Does the page show the results to people, whatever data guest and host produce?"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from fixtures.matrix.names import ON_EMULATED_HOST
from fixtures.outcome.outcome import Outcome, RunRecord, RunResult, Verdict
from reports.page.page import write_page
from reports.writer import write_all
from suites.harness.support.html_page import Page
from suites.harness.support.report_samples import (
    CPU_FAILS,
    make_cell,
    make_run,
    make_sweep,
    make_swept,
    stuck,
)


def test_page_shows_each_finding_with_reason_evidence_and_command(tmp_path: Path) -> None:
    """Lose this and the page shows a failure without its reason, evidence, or command to reproduce it."""
    evidence = "evidence/a #1/source console.log"
    (tmp_path / evidence).parent.mkdir(parents=True)
    (tmp_path / evidence).touch()
    outcomes = [outcome for outcome in Outcome if outcome is not Outcome.PASS]
    cells = [
        make_cell(i, outcome, reason=f"because of {i} <script>alert(1)</script>", evidence=[evidence])
        for i, outcome in enumerate(outcomes)
    ]
    page = Page(write_page(make_run(*cells), tmp_path))
    assert "script" not in page.tags
    for number, cell in enumerate(cells):
        assert f"because of {number} <script>alert(1)</script>" in page.text
        assert cell.rerun in page.text
        assert str(cell.outcome) in page.text
    assert evidence in [unquote(link.removeprefix("./")) for link in page.links]


def test_page_shows_the_runs_of_a_cell(tmp_path: Path) -> None:
    """Lose this and the page does not show why the update, and not the old build, is at fault."""
    cell = make_cell(1, Outcome.REGRESSION)
    cell.runs = [
        RunRecord("debian-12", "debian-13", "fail", signature="memory: page N carries lap N"),
        RunRecord("debian-13", "debian-13", "pass"),
    ]
    page = Page(write_page(make_run(cell), tmp_path))
    assert "debian-12 → debian-13 fail memory: page N carries lap N" in page.text
    assert "debian-13 → debian-13 pass" in page.text


def test_page_shows_a_finding_once(tmp_path: Path) -> None:
    """Lose this and the page has two hundred and sixty cards for one defect."""
    failed = [make_swept(f"pseries-3.{n}", "machine", Outcome.REGRESSION, CPU_FAILS) for n in range(26)]
    page = Page(write_page(make_run(*failed, make_cell(1)), tmp_path))
    assert page.text.count("One of them:") == 1
    assert page.text.count(CPU_FAILS) == 2, "the reason, and the entry that accepts it"
    assert page.text.count("--subject=") == 1
    assert "26 of 27 cells count against the update" in page.text
    assert "in 1 finding: 26 regression" in page.text
    assert all(f"pseries-3.{n}" in page.text for n in range(26))


def test_page_shows_the_rollback_separately(tmp_path: Path) -> None:
    """Lose this and the report does not show that an update cannot be rolled back."""
    cells = [stuck(make_swept("pc-q35-7.2", f"device:{name}"), "bad section") for name in ("e1000", "ne2k")]
    page = Page(write_page(make_run(*cells, make_swept("pc-q35-7.2", "machine")), tmp_path))
    assert "Rollback: 2 of 3 cannot return" in page.text
    assert " safe " in page.text


def test_page_says_that_all_can_return(tmp_path: Path) -> None:
    """Lose this and a rollback that works looks like one that was not tried."""
    page = Page(write_page(make_run(make_swept("pc-q35-7.2", "machine")), tmp_path))
    assert "Rollback: all 1 can return" in page.text


def test_page_without_a_rollback_does_not_mention_one(tmp_path: Path) -> None:
    """Lose this and a run of hot patches claims that guests can return."""
    assert "Rollback" not in Page(write_page(make_run(make_cell(1)), tmp_path)).text


@pytest.mark.parametrize("number", [600, 10_000])
def test_page_of_a_sweep_can_be_read(number: int, tmp_path: Path) -> None:
    """Lose this and a browser needs minutes to show a page that is too long to read."""
    cells = make_sweep(number)
    file = write_page(make_run(make_cell(1), *cells), tmp_path)
    page = Page(file)
    assert file.stat().st_size < 1_500_000
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.anchors
    names = set(re.findall(r"some-\d+-device-pci", page.text))
    assert {cell.subject.partition(":")[2] for cell in cells} - {""} == names


def test_page_lists_cells_with_a_test_of_their_own_one_by_one(tmp_path: Path) -> None:
    """Lose this and the totals of a sweep hide a guest that ran, or a sweep that broke."""
    named = "x86_64-pc-q35-7.2-qmp-precopy-idle-bare-1vcpu-oldest"
    ran = make_cell(
        1, id=f"compat/{named}", nodeid=f"suites/compat/test_types.py::test[{named}]", suite="compat"
    )
    page = Page(write_page(make_run(ran, make_swept("pc-q35-7.2", "device:e1000")), tmp_path))
    assert f"cell-compat-{named}" in page.anchors
    assert "Cells with guests that ran 1 " in page.text
    assert "Swept with guests that never boot 1 " in page.text


def test_page_names_the_accelerator_of_each_sweep(tmp_path: Path) -> None:
    """Lose this and a reader takes what only KVM shows for a finding about all guests."""
    under_kvm = make_swept("pc-q35-7.2", "machine", accelerator=ON_EMULATED_HOST)
    text = Page(write_page(make_run(make_swept("pc-q35-7.2", "machine"), under_kvm), tmp_path)).text
    assert "x86_64 · tcg pc-q35-7.2" in text
    assert "x86_64 · kvm on an emulated host pc-q35-7.2" in text


def test_box_of_a_build_names_every_accelerator(tmp_path: Path) -> None:
    """Lose this and a page says that all guests ran under TCG, although some ran on an emulated host."""
    local, emulated = [make_cell(1), make_cell(2)], make_cell(3, accelerator=ON_EMULATED_HOST)
    both = Page(write_page(make_run(*local, emulated), tmp_path)).text
    assert "x86_64: tcg (2 cells) and kvm on an emulated host (1 cell)" in both
    assert "accelerator x86_64: tcg " in Page(write_page(make_run(*local), tmp_path)).text


def test_page_of_a_thousand_causes_says_what_it_leaves_out(tmp_path: Path) -> None:
    """Lose this and the page of a very bad update does not open, or hides part of its findings."""
    cells = [
        make_swept("pc-q35-7.2", f"device:{n}", outcome, f"no {chr(0x4E00 + n)}; both controls pass")
        for outcome in (Outcome.REGRESSION, Outcome.UNSUPPORTED)
        for n in range(3000)
    ]
    file = write_page(make_run(*cells), tmp_path)
    assert file.stat().st_size < 1_500_000
    text = Page(file).text
    assert "3000 of 6000 cells count against" in text
    assert "And 2760 more findings, all of them in verdict.json" in text
    assert "And 2800 more, all of them in verdict.json" in text


def test_page_refers_to_nothing_outside_the_report(tmp_path: Path) -> None:
    """Lose this and the page loads data from the network, or a copy of it has dead links."""
    hostile = ["/etc/passwd", "../secret", "javascript:alert(1)", "evidence/gone.log"]
    (tmp_path / "javascript:alert(1)").touch()
    page = Page(write_page(make_run(make_cell(1, evidence=hostile), make_cell(1)), tmp_path))
    local = [link for link in page.links if not link.startswith(("#", "data:"))]
    assert set(local) == {"./javascript%3Aalert%281%29"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.anchors
    assert "evidence/gone.log (missing)" in page.text


@pytest.mark.parametrize(
    "run, verdict, sentence",
    [
        (
            make_run(make_cell(1), make_cell(2)),
            Verdict.SAFE,
            "2 of 2 guests survived the update from QEMU 7.2.22 (debian-12) to QEMU 10.0.13 (debian-13)",
        ),
        (
            make_run(make_cell(1, Outcome.UNSUPPORTED)),
            Verdict.UNDECIDED,
            "to QEMU 10.0.13 (debian-13) is not judged: 1 unsupported.",
        ),
        (
            make_run(make_cell(1), make_cell(2, Outcome.FLAKY), make_cell(3, Outcome.ERROR)),
            Verdict.UNSAFE,
            "1 of 3 cells counts against the update",
        ),
        (
            make_run(make_cell(1, Outcome.ERROR)),
            Verdict.UNDECIDED,
            "The suite or the host failed in 1 of 1 cell",
        ),
        (make_run(make_cell(1), rig_failed=True), Verdict.UNDECIDED, "failed outside the cells"),
        (make_run(), Verdict.UNDECIDED, "No cell ran, so nothing is known"),
    ],
    ids=["safe", "nothing-moved", "unsafe", "undecided", "rig-failed", "empty"],
)
def test_page_says_the_verdict_and_why(
    run: RunResult, verdict: Verdict, sentence: str, tmp_path: Path
) -> None:
    """Lose this and the reader sees a colour without a reason."""
    page = Page(write_page(run, tmp_path))
    assert run.verdict is verdict
    assert f" {verdict} " in page.text
    assert sentence in page.text


def test_one_broken_report_does_not_lose_the_others(tmp_path: Path) -> None:
    """Lose this and a small problem such as an unwritable Allure directory prevents the verdict."""
    (tmp_path / "index.html").mkdir()
    (tmp_path / "allure-results").write_text("in the way")
    remarks = write_all(make_run(make_cell(1)), tmp_path, node_modules=tmp_path / "none")
    assert json.loads((tmp_path / "verdict.json").read_text())["verdict"] == "safe"
    assert any("the verdict page" in remark for remark in remarks)
    assert any("Allure" in remark for remark in remarks)


def test_page_says_all_that_makes_a_cell_unsupported(tmp_path: Path) -> None:
    """Lose this and a cell that TCG's limits keep from running seems to lack something in a build."""
    page = Page(write_page(make_run(make_cell(1), make_cell(2, Outcome.UNSUPPORTED)), tmp_path))
    assert "a build lacks what the cell needs, the accelerator itself breaks such guests" in page.text
    assert "an emulated host cannot run it yet" in page.text
