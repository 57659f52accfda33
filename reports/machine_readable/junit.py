# SPDX-License-Identifier: Apache-2.0
"""junit.xml: the run for CI systems, a test case for each test, as red or green as pytest showed it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from fixtures.outcome.outcome import COUNTS_AGAINST, CellResult, Outcome, RunResult
from fixtures.printable import printable
from reports.files import write_atomically
from reports.words import count, worst_first

TOLD = 20
"""Cells of a sweep whose reasons are told; verdict.json has them all."""


def write_junit(run: RunResult, directory: Path) -> Path:
    """Write `directory`/junit.xml and return its path. Raises OSError where it cannot be written."""
    by_test: dict[str, list[CellResult]] = defaultdict(list)
    for cell in run.cells:
        by_test[cell.nodeid].append(cell)
    suite = ET.Element("testsuite", name=f"{run.old.name} → {run.new.name}", timestamp=run.started)
    for nodeid, cells in by_test.items():
        _case(suite, nodeid, cells)
    for note in run.notes:
        case = ET.SubElement(suite, "testcase", classname="run", name=printable(note)[:200], time="0")
        ET.SubElement(case, "error", message=printable(note))
    suite.set("tests", str(len(suite)))
    suite.set("time", str(run.seconds))
    for kind, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(plural, str(sum(case.find(kind) is not None for case in suite)))
    text = ET.tostring(_all(suite), encoding="unicode", xml_declaration=False)
    return write_atomically(directory / "junit.xml", f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def _all(suite: ET.Element) -> ET.Element:
    root = ET.Element("testsuites")
    root.append(suite)
    return root


def _case(suite: ET.Element, nodeid: str, cells: list[CellResult]) -> None:
    file, _, name = nodeid.partition("::")
    case = ET.SubElement(
        suite,
        "testcase",
        classname=file.removesuffix(".py").replace("/", "."),
        name=name,
        time=f"{sum(cell.seconds or 0.0 for cell in cells):.3f}",
    )
    worst = worst_first(cells)
    against = [cell for cell in worst if cell.outcome in COUNTS_AGAINST]
    errors = [cell for cell in worst if cell.outcome is Outcome.ERROR]
    quiet = [cell for cell in worst if cell.outcome is not Outcome.PASS]
    if against:
        _tell(case, "failure", against)
    elif errors:
        _tell(case, "error", errors)
    elif quiet and len(quiet) == len(cells):
        _tell(case, "skipped", quiet)


def _tell(case: ET.Element, kind: str, cells: list[CellResult]) -> None:
    first = cells[0]
    more = f" (and {count(len(cells) - 1, 'more cell')})" if len(cells) > 1 else ""
    lines = [f"{cell.outcome}: {cell.id}: {cell.reason}\nrerun: {cell.rerun}" for cell in cells[:TOLD]]
    told = ET.SubElement(case, kind, message=printable(f"{first.outcome}: {first.reason}{more}"))
    told.text = printable("\n\n".join(lines))
