# SPDX-License-Identifier: Apache-2.0
"""Is verdict.json what scripts rely on, whatever data guest and host produce?"""

from __future__ import annotations

import json
from pathlib import Path

from fixtures.evidence.harm import Harm
from fixtures.outcome.outcome import Outcome, RunRecord
from reports.machine_readable.verdict_json import write_verdict
from reports.overview import affected as overview
from suites.harness.support.report_samples import (
    CPU_FAILS,
    HOSTILE,
    make_cell,
    make_run,
    make_swept,
    stuck,
)

CELL_KEYS = {
    *("id", "suite", "arch", "machine", "path", "mechanism", "subject", "outcome", "reason", "evidence"),
    *(
        "total_ms",
        "downtime_ms",
        "blackout_ms",
        "seconds",
        "accelerator",
        "backing",
        "rerun",
        "repeats",
        "runs",
    ),
    *("harm", "harm_proof", "tier", "tier_reason", "counts"),
}
FINDING_KEYS = {
    *("outcome", "signature", "reason", "blame", "archs", "machines", "subjects", "cells", "rerun"),
    *("harm", "harms", "tier", "counts", "sentence", "blamed", "works", "advice"),
}
AFFECTED_KEYS = {
    *("sentence", "blamed", "blame", "works", "advice"),
    *("outcome", "harm", "tier", "counts", "cells", "findings"),
}


def test_verdict_json_keeps_its_interface(tmp_path: Path) -> None:
    """Lose this and every script that reads verdict.json breaks without notice."""
    cell = make_cell(1, Outcome.REGRESSION, reason="beats: → none", evidence=["evidence/1/console.log"])
    cell.runs = [RunRecord("debian-12", "debian-13", "fail", signature="beats")]
    file = write_verdict(make_run(cell, make_cell(2)), tmp_path)
    data = json.loads(file.read_text(encoding="utf-8"))
    assert list(data) == [
        "schema",
        "old",
        "new",
        "verdict",
        "policy",
        "counts",
        "judged",
        "guests_not_judged",
        "accepted",
        "notes",
        "left_out",
        "untried",
        "cells",
        "affected",
        "findings",
        "rollback",
        "rollback_answer",
        "memory_costs",
        "changes",
    ]
    assert data["schema"] == 1
    assert data["verdict"] == "unsafe"
    assert data["new"] == {"name": "debian-13", "qemu": "10.0.13", "package": None, "libvirt": None}
    assert set(data["cells"][0]) == CELL_KEYS
    said = cell.to_json() | {"tier": None}
    assert data["cells"][0] | said == said | data["cells"][0]
    assert data["cells"][0]["runs"][0]["signature"] == "beats"


def test_verdict_json_counts_every_outcome(tmp_path: Path) -> None:
    """Lose this and a script that reads the count of an outcome that did not occur fails with a KeyError."""
    file = write_verdict(make_run(make_cell(1), make_cell(2), make_cell(3, Outcome.KNOWN)), tmp_path)
    counts = json.loads(file.read_text(encoding="utf-8"))["counts"]
    assert list(counts) == [str(outcome) for outcome in Outcome]
    assert {name: number for name, number in counts.items() if number} == {"known": 1, "pass": 2}


def test_verdict_json_groups_by_cause(tmp_path: Path) -> None:
    """Lose this and a script that opens a bug for each finding opens hundreds for one defect."""
    failed = [make_swept(f"pseries-3.{n}", "machine", Outcome.REGRESSION, CPU_FAILS) for n in range(3)]
    back = stuck(make_swept("pc-q35-7.2", "device:e1000"), "bad section")
    data = json.loads(write_verdict(make_run(*failed, back), tmp_path).read_text(encoding="utf-8"))
    [finding] = data["findings"]
    assert set(finding) == FINDING_KEYS
    assert finding["cells"] == [cell.id for cell in failed]
    assert finding["outcome"] == "regression"
    assert finding["rerun"] == failed[0].rerun
    [rollback] = data["rollback"]
    assert rollback["cells"] == [back.id]
    assert rollback["signature"] == "migrate: bad section"


def test_verdict_json_has_the_rows_of_the_first_screen(tmp_path: Path) -> None:
    """Lose this and a script that writes a release note must make its sentences from signatures."""
    words = "error while loading state for instance 0x0 of device '{}'; both controls pass"
    failed = [
        make_swept("pc-q35-7.2", f"device:{name}", Outcome.REGRESSION, words.format(name), harm=Harm.STRANDED)
        for name in ("am53c974", "dc390")
    ]
    excused = make_swept("pc-q35-7.2", "device:e1000", Outcome.REGRESSION, words.format("x"), harm=Harm.LOST)
    excused.excused = True
    run = make_run(excused, *failed)
    data = json.loads(write_verdict(run, tmp_path).read_text(encoding="utf-8"))
    counting, apart = data["affected"]
    assert set(counting) == AFFECTED_KEYS
    assert counting["sentence"].startswith(
        "Guests with an am53c974 or dc390 SCSI controller (x86_64) cannot be"
    )
    assert (counting["harm"], counting["counts"], counting["cells"]) == ("stranded", True, 2)
    assert (counting["blamed"], apart["harm"], apart["counts"]) == ("the update", "lost", False)
    named = [data["findings"][place]["cells"] for place in counting["findings"]]
    assert sorted(named) == [[cell.id] for cell in failed]
    assert [row.said.title for row in (*overview.against(run), *overview.apart(run))] == [
        row["sentence"] for row in data["affected"]
    ]


def test_sentences_in_verdict_json_are_printable_and_bounded(tmp_path: Path) -> None:
    """Lose this and a build under test writes what a script posts to a merge request."""
    name = HOSTILE + "x" * 9000
    cell = make_swept("pc-q35-7.2", f"device:{name}", Outcome.REGRESSION, name)
    data = json.loads(write_verdict(make_run(cell), tmp_path).read_text(encoding="utf-8"))
    for said in (*data["affected"], *data["findings"]):
        for key in ("sentence", "blamed", "works", "advice"):
            assert len(said[key]) < 600
            assert not set(said[key]) & set("\x1b\x00\x07\udc80\ufffe")


def test_verdict_json_accepts_values_that_json_lacks(tmp_path: Path) -> None:
    """Lose this and one undecodable byte or NaN from QEMU loses the verdict of a whole night."""
    file = write_verdict(make_run(make_cell(1, total_ms=float("nan"), reason="bad byte \udc80")), tmp_path)
    [cell] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    assert cell["total_ms"] is None
    assert cell["reason"] == "bad byte \udc80"
    assert [path.name for path in tmp_path.iterdir()] == ["verdict.json"]
