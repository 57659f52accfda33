# SPDX-License-Identifier: Apache-2.0
"""Do the files for a merge request and for many pairs agree with the verdict page?"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urldefrag

import pytest

from fixtures.outcome.findings import findings
from fixtures.outcome.outcome import BuildInfo, CellResult, Outcome, RunResult, Verdict
from reports.changes import NOTHING_BEFORE, Blackout, Changes, Gone, NewFinding
from reports.page.grid import PairReport, verdict_of_all, write_grid
from reports.page.page import write_page
from reports.terminal.summary import write_summary
from suites.harness.support.html_page import Page
from suites.harness.support.report_samples import CPU_FAILS, HOSTILE, make_cell, make_run, make_swept

FAILS = Outcome.REGRESSION
SINCE = "2026-11-21T01:00:00+00:00"


def summary(run: RunResult, directory: Path, changes: Changes = NOTHING_BEFORE) -> str:
    """The text of summary.md."""
    return write_summary(run, changes, directory).read_text(encoding="utf-8")


def changed(*, new: int = 1) -> Changes:
    """One change of each kind."""
    failed = [make_swept(f"pseries-3.{n}", "machine", FAILS, f"says {chr(65 + n)} | no") for n in range(new)]
    found = [NewFinding(finding, list(finding.cells), 1) for finding in findings(failed)]
    gone = [Gone(Outcome.REMOVED, "the new build has no sga", [make_swept("pc-q35-7.2", "device:sga")])]
    slow = make_cell(1)
    wavers = [make_cell(2)]
    return Changes(SINCE, "safe", found, gone, [Blackout(slow, 412, 40, 10, 70, 5)], wavers, new)


def test_summary_says_verdict_counts_and_findings(tmp_path: Path) -> None:
    """Lose this and a merge request shows a verdict without reasons."""
    failed = [make_swept(f"pseries-3.{n}", "machine", FAILS, CPU_FAILS) for n in range(3)]
    text = summary(make_run(make_cell(1), *failed, notes=("shard 2/3 is missing",)), tmp_path)
    assert text.startswith("## ❌ Hot patch debian-12 → debian-13: unsafe\n")
    assert "| ✖ regression | ✔ pass |\n| ---: | ---: |\n| 3 | 1 |\n" in text
    assert (
        "- the update: ppc64le guests of machine types pseries-3.0, pseries-3.1 or pseries-3.2 do not" in text
    )
    assert "- **note**: shard 2/3 is missing\n" in text
    assert "New since" not in text


def test_summary_lists_only_what_needs_action(tmp_path: Path) -> None:
    """Lose this and a merge request lists defects that the update did not cause as its own."""
    cells = [make_cell(1, Outcome.DEFECT_OLD), make_cell(2, Outcome.KNOWN), make_cell(3, Outcome.REFUSED)]
    assert "### Who is affected?" not in summary(make_run(*cells), tmp_path)
    assert "### Not judged" in summary(make_run(make_cell(1, Outcome.ERROR)), tmp_path)


def test_summary_shows_what_is_new(tmp_path: Path) -> None:
    """Lose this and a reviewer must read old findings to find the new one."""
    text = summary(make_run(make_cell(1)), tmp_path, changed())
    assert "### New since 2026-11-21\n\n- **regression**, 1 cell: says A \\| no\n" in text
    assert f"- blackout of `{make_cell(1).id}`: 412 ms, was 40 ms\n" in text
    assert "### Gone\n\n- 1 cell: the new build has no sga\n" in text


MARKUP = r"a|b `c` *d* _e_ [f](g) <h> #1 ~~i~~ \j &lt; $k$ {l}"


def test_summary_escapes_markup(tmp_path: Path) -> None:
    """Lose this and a message of QEMU breaks the table, or puts a link into a merge request."""
    run = make_run(make_cell(1, FAILS, reason=f"{MARKUP}\n\n# {HOSTILE}"), notes=(MARKUP,))
    text = summary(run, tmp_path)
    reasons = [
        line.partition(": ")[2] for line in text.splitlines() if line.startswith(("- the upd", "- **note"))
    ]
    assert len(reasons) == 2
    for line in reasons:
        assert not re.search(r"(?<!\\)[`*_\[\]<>|#~&${}]", line.replace("\\\\", ""))
        assert MARKUP in re.sub(r"\\(.)", r"\1", line)


def test_summary_is_short(tmp_path: Path) -> None:
    """Lose this and the comment of a very bad update is too long for the forge, or to be read."""
    words = [f"{chr(0x4E00 + n)} {'x ' * 300}" for n in range(300)]
    cells = [make_swept("pc-q35-7.2", f"device:{n}", FAILS, word) for n, word in enumerate(words)]
    text = summary(make_run(*cells, notes=tuple(words)), tmp_path, changed(new=20))
    assert len(text) < 12_000
    assert text.count("- and 290 more\n") == 2
    assert "- and 11 more\n" in text


def report(old: str, new: str, *cells: CellResult, changes: Changes = NOTHING_BEFORE) -> PairReport:
    """One pair of a grid."""
    run = replace(make_run(*cells), old=BuildInfo(old), new=BuildInfo(new))
    return PairReport(run, changes, f"{old}..{new}")


GRID = [
    report("debian-11", "debian-12", make_cell(1), changes=changed()),
    report("debian-11", "debian-13", make_cell(1, Outcome.ERROR, reason="no space")),
    report("debian-12", "debian-13", make_cell(1, FAILS, reason=HOSTILE), make_cell(2)),
]


def test_grid_leads_to_each_pair(tmp_path: Path) -> None:
    """Lose this and the page of a release has no link to the update that is unsafe."""
    pages = {each.folder: write_page(each.run, tmp_path / each.folder, each.changes) for each in GRID}
    page = Page(write_grid(GRID, tmp_path))
    links = [urldefrag(link) for link in page.links if not link.startswith(("data:", "#"))]
    assert {link.url for link in links} == {f"{folder}/index.html" for folder in pages}
    for url, anchor in links:
        assert not anchor or anchor in Page(tmp_path / url).anchors


def test_grid_shows_the_result_of_each_pair(tmp_path: Path) -> None:
    """Lose this and the grid shows colours without numbers."""
    text = Page(write_grid(GRID, tmp_path)).text
    assert "debian-12 → debian-13: unsafe" in text
    assert "unsafe 1 of 2 against" in text
    assert "safe 0 of 1 against 1 new finding" in text


WORST = [
    (GRID, Verdict.UNSAFE),
    (GRID[:2], Verdict.UNDECIDED),
    (GRID[:1], Verdict.SAFE),
    ([GRID[2], GRID[0]], Verdict.UNSAFE),
]


@pytest.mark.parametrize("reports,verdict", WORST, ids=["all", "undecided", "safe", "unsafe first"])
def test_worst_pair_is_the_verdict(reports: list[PairReport], verdict: Verdict, tmp_path: Path) -> None:
    """Lose this and a release is safe although one of its updates is not."""
    assert verdict_of_all(reports) is verdict
    write_grid(reports, tmp_path)
    assert json.loads((tmp_path / "verdict.json").read_text())["verdict"] == str(verdict)


def test_verdict_json_of_a_grid_keeps_its_interface(tmp_path: Path) -> None:
    """Lose this and every script that reads the verdict of a release breaks without notice."""
    write_grid(GRID, tmp_path)
    data = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert list(data) == ["schema", "verdict", "pairs"]
    assert data["schema"] == 1
    assert [(pair["old"], pair["new"], pair["verdict"]) for pair in data["pairs"]] == [
        ("debian-11", "debian-12", "safe"),
        ("debian-11", "debian-13", "undecided"),
        ("debian-12", "debian-13", "unsafe"),
    ]
    last = data["pairs"][2]
    assert list(last) == ["old", "new", "verdict", "counts", "notes", "report"]
    assert last["report"] == "debian-12..debian-13/verdict.json"
    assert {name: number for name, number in last["counts"].items() if number} == {"regression": 1, "pass": 1}
    assert list(last["counts"]) == [str(outcome) for outcome in Outcome]


def test_page_names_what_is_new(tmp_path: Path) -> None:
    """Lose this and a daily reader of the page must read all of it to find the changes."""
    page = Page(write_page(make_run(make_cell(1), make_cell(2)), tmp_path, changed()))
    assert "changes" in page.anchors
    assert "New since 2026-11-21 01:00 UTC" in page.text
    assert "New findings 1" in page.text
    assert "says A | no pseries-3.0/machine not tried before" in page.text
    assert "Gone 1 was removed: the new build has no sga" in page.text
    assert "412 ms ▲ longer" in page.text
    assert "Wavering cells 1" in page.text


def test_page_says_that_nothing_is_new(tmp_path: Path) -> None:
    """Lose this and a run without changes looks like one that was not compared."""
    text = Page(write_page(make_run(make_cell(1)), tmp_path, Changes(SINCE, "safe"))).text
    assert "No finding is new, none is gone" in text
    assert "The verdict of the last run was safe" in text


def test_page_of_a_first_run_does_not_mention_changes(tmp_path: Path) -> None:
    """Lose this and the first run of a pair is reported to have no new findings."""
    assert "changes" not in Page(write_page(make_run(make_cell(1)), tmp_path)).anchors
