# SPDX-License-Identifier: Apache-2.0
"""junit.xml: the run for CI systems, with a test case for each test and the same result as in pytest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from fixtures.outcome.outcome import CellResult, Outcome, RunResult, Verdict, worst_harm
from fixtures.printable import count, printable
from reports.files import write_atomically
from reports.machine_readable.run_facts import run_facts
from reports.why import why
from reports.words import worst_first

MOST_CELLS = 20
"""Cells of a sweep whose reasons are listed; verdict.json has them all."""


def write_junit(run: RunResult, directory: Path) -> Path:
    """Write `directory`/junit.xml and return its path: a test suite for each folder of `suites`.

    Each has the facts of the run as properties, because GitLab and GitHub read only properties of a suite.
    Problems of the whole run are the test suite `run`. Raises OSError if it cannot be written.
    """
    root = ET.Element("testsuites", name=f"{run.old.name} → {run.new.name}")
    for name, by_test in _by_suite(run.cells).items():
        suite = _suite(root, name, run)
        for nodeid, cells in by_test.items():
            _case(suite, nodeid, cells)
    wrong = _wrong(run)
    if wrong:
        suite = _suite(root, "run", run)
        for note in wrong:
            case = ET.SubElement(suite, "testcase", classname="run", name=printable(note)[:200], time="0")
            ET.SubElement(case, "error", message=printable(note))
    for element in (*root, root):
        _count(element)
    root.set("time", str(run.seconds))
    text = ET.tostring(root, encoding="unicode", xml_declaration=False)
    return write_atomically(directory / "junit.xml", f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def _wrong(run: RunResult) -> list[str]:
    """Problems of the whole run: its notes, or why it is undecided without an error."""
    red = run.notes or any(cell.outcome is Outcome.ERROR for cell in run.cells)
    undecided = run.verdict is Verdict.UNDECIDED and not red
    return [*run.notes, *([why(run)] if undecided else [])]


def _by_suite(cells: Iterable[CellResult]) -> dict[str, dict[str, list[CellResult]]]:
    """The cells of each test, by suite."""
    suites: dict[str, dict[str, list[CellResult]]] = {}
    for cell in cells:
        suites.setdefault(cell.suite, {}).setdefault(cell.nodeid, []).append(cell)
    return suites


def _suite(root: ET.Element, name: str, run: RunResult) -> ET.Element:
    suite = ET.SubElement(root, "testsuite", name=name, timestamp=run.started)
    properties = ET.SubElement(suite, "properties")
    for fact, value in run_facts(run).items():
        ET.SubElement(properties, "property", name=printable(fact), value=printable(value))
    return suite


def _count(element: ET.Element) -> None:
    """Set the number of a suite's test cases, of failures, errors and skips, and their seconds."""
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    element.set("time", f"{sum(float(case.attrib['time']) for case in cases):.3f}")
    for kind, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(plural, str(sum(case.find(kind) is not None for case in cases)))


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
    harm = worst_harm(cells)
    if harm is not None:
        properties = ET.SubElement(case, "properties")
        for name, value in (("harm", str(harm.harm)), ("harm_proof", harm.proof)):
            ET.SubElement(properties, "property", name=name, value=printable(value))
    against = [cell for cell in worst if cell.counts]
    errors = [cell for cell in worst if cell.outcome is Outcome.ERROR]
    quiet = [cell for cell in worst if cell.outcome is not Outcome.PASS]
    if against:
        _add_result(case, "failure", against)
    elif errors:
        _add_result(case, "error", errors)
    elif quiet and len(quiet) == len(cells):
        _add_result(case, "skipped", quiet)


def _line(cell: CellResult) -> str:
    harm = f"\nharm: {cell.harm}: {cell.harm_proof}" if cell.harm else ""
    return f"{cell.outcome}: {cell.id}: {cell.reason}{harm}\nrerun: {cell.rerun}"


def _add_result(case: ET.Element, kind: str, cells: list[CellResult]) -> None:
    first = cells[0]
    more = f" (and {count(len(cells) - 1, 'more cell')})" if len(cells) > 1 else ""
    lines = [_line(cell) for cell in cells[:MOST_CELLS]]
    element = ET.SubElement(case, kind, message=printable(f"{first.outcome}: {first.reason}{more}"))
    element.text = printable("\n\n".join(lines))
