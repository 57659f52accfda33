# SPDX-License-Identifier: Apache-2.0
"""Runs and timelines as the suite leaves them, for the tests of the reports."""

from __future__ import annotations

from typing import Any

from fixtures.evidence.harm import Harm
from fixtures.evidence.timeline import Mark, Sample, Timeline
from fixtures.outcome.blame import signature
from fixtures.outcome.findings import findings
from fixtures.outcome.judged import verdict_of
from fixtures.outcome.outcome import BuildInfo, CellResult, Outcome, RunRecord, RunResult
from reports.sentences.sentences import Sentences, sentences
from reports.sentences.tried import Tried


def make_cell(number: int = 0, outcome: Outcome = Outcome.PASS, **more: Any) -> CellResult:
    """A cell as the suite leaves it; `more` replaces single fields."""
    subject = f"busy-virtio-{number}cpu"
    name = f"x86_64-pc-q35-7.2-qmp-postcopy-{subject}"
    nodeid = f"suites/hotpatch/test_qmp.py::test_survives[{name}]"
    values: dict[str, Any] = {
        "id": name,
        "nodeid": nodeid,
        "suite": "hotpatch",
        "arch": "x86_64",
        "machine": "pc-q35-7.2",
        "path": "qmp",
        "mechanism": "postcopy",
        "subject": subject,
        "outcome": outcome,
        "accelerator": "tcg",
        "total_ms": 812.5,
        "downtime_ms": 9.0,
        "blackout_ms": 41.5,
        "seconds": 11.0,
        "rerun": f"pytest --old debian-12 --new debian-13 '{nodeid}'",
    }
    return CellResult(**(values | more))


def failed(
    check: str, words: str, harm: Harm | None = None, outcome: Outcome = Outcome.REGRESSION, **more: Any
) -> CellResult:
    """A cell that failed this check, with what it said."""
    run = RunRecord("debian-12", "debian-13", "fail", f"{check}: {words}", signature(check, words), harm=harm)
    reason = f"{check}: {words}; both controls pass"
    return make_cell(1, outcome, reason=reason, runs=[run], **more).note_harm()


def make_swept(
    machine: str, subject: str, outcome: Outcome = Outcome.PASS, reason: str = "", **more: Any
) -> CellResult:
    """A cell of a sweep; if it failed, `reason` is QEMU's message."""
    arch = "ppc64le" if machine.startswith("pseries") else "x86_64"
    nodeid = f"suites/compat/test_sweeps.py::test_sweep[{arch}-{subject.partition(':')[0]}]"
    runs = [RunRecord("debian-12", "debian-13", "pass"), RunRecord("debian-13", "debian-12", "pass")]
    if outcome in {Outcome.REGRESSION, Outcome.DEFECT_OLD}:
        words = reason.partition("; ")[0]
        runs[0] = RunRecord("debian-12", "debian-13", "fail", words, signature("migrate", words))
    values: dict[str, Any] = {
        "id": f"compat/{arch}-{machine}-qmp-precopy-{subject}",
        "nodeid": nodeid,
        "suite": "compat",
        "arch": arch,
        "machine": machine,
        "path": "qmp",
        "mechanism": "precopy",
        "subject": subject,
        "outcome": outcome,
        "reason": reason,
        "accelerator": "tcg",
        "seconds": 0.1,
        "evidence": [f"evidence/compat/{machine}-{subject.replace(':', '-')}.txt"],
        "rerun": f".venv/bin/pytest '{nodeid}' --subject={machine}/{subject}",
        "runs": runs if outcome not in {Outcome.REMOVED, Outcome.UNSUPPORTED} else [],
    }
    return CellResult(**(values | more))


def stuck(cell: CellResult, words: str) -> CellResult:
    """The same cell, with a move that succeeded and a rollback that failed."""
    cell.runs[1] = RunRecord("debian-13", "debian-12", "fail", words, signature("migrate", words))
    return cell


HOSTILE = "it said \x1b[31mred\x00\x07 <b>&amp;\udc80\ufffe ]]> 漢"
"""A reason with what XML and HTML cannot hold, or take for markup."""
CPU_FAILS = "error while loading state for instance 0x0 of device 'cpu'; both controls pass"


def make_sweep(number: int) -> list[CellResult]:
    """About `number` swept cells, some of them failing; on forty machine types if there are over 1000."""
    cells = [make_swept(f"pseries-2.{n}", "machine", Outcome.REGRESSION, CPU_FAILS) for n in range(12)]
    gone = "the new build no longer has machine type"
    cells += [
        make_swept(f"pc-i440fx-1.{n}", "machine", Outcome.REMOVED, f"{gone} pc-i440fx-1.{n}")
        for n in range(8)
    ]
    machines = [f"pc-q35-{2 + n // 10}.{n % 10}" for n in range(40 if number > 1000 else 1)]
    for n in range((number - len(cells)) // len(machines)):
        for machine in machines:
            cells.append(_swept_device(machine, n))
    return cells


def _swept_device(machine: str, n: int) -> CellResult:
    subject = f"device:some-{n}-device-pci"
    if n % 7 == 1:
        reason = f"debian-12: -device some-{n}-device-pci,id=d{n}: property {n % 30 * 'x'} is required"
        return make_swept(machine, subject, Outcome.UNSUPPORTED, reason)
    if n % 50 == 2:
        reason = f"Missing section footer for 0000:00:01.0/dev{'abcdef'[n // 50 % 6]}; both controls pass"
        return make_swept(machine, subject, Outcome.REGRESSION, reason)
    cell = make_swept(machine, subject)
    return stuck(cell, f"unknown section {'xyz'[n % 3]}") if n % 4 == 3 else cell


def make_run(*cells: CellResult, rig_failed: bool = False, notes: tuple[str, ...] = ()) -> RunResult:
    """A run of these cells from debian-12 to debian-13."""
    return RunResult(
        old=BuildInfo("debian-12", "7.2.22", "1:7.2+dfsg-7+deb12u18", "9.0.0-4+deb12u3", {"x86_64": "tcg"}),
        new=BuildInfo("debian-13", "10.0.13"),
        cells=list(cells),
        verdict=verdict_of(cells, rig_failed=rig_failed),
        started="2026-11-22T21:14:03Z",
        seconds=251.3,
        command="make qualify",
        host={"cpus": "2"},
        notes=list(notes),
    )


def make_timeline(length: float = 2.0, *, samples: bool = True, beats: bool = True) -> Timeline:
    """A migration of `length` seconds with a blackout of 48 ms in its middle."""
    middle = 100 + length / 2
    marks = [
        Mark(98.0, "rig", "boot the guest"),
        Mark(100.0, "source", "migrate"),
        Mark(middle, "source", "STOP"),
        Mark(middle + 0.001, "destination", "says \x1b[31m$x <b>&amp;\x00 $y \udc80 漢"),
        Mark(100 + length, "source", "MIGRATION completed"),
    ]
    return Timeline(
        "a <title> with $math$",
        marks,
        [Sample(100 + length * i / 9, "active", i << 24, (9 - i) << 24) for i in range(10)]
        if samples
        else [],
        [99 + i / 100 for i in range(100)] + [middle, middle + 0.048] if beats else [],
        (middle, middle + 0.048),
    )


def said(*cells: CellResult) -> Sentences:
    """The sentences of the one finding of these cells."""
    [finding] = findings(cells)
    return sentences(finding, Tried(cells))
