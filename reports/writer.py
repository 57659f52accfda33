# SPDX-License-Identifier: Apache-2.0
"""Writes all files of a run, the most important first, so that a failure loses only less important ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fixtures.outcome.outcome import RunResult
from reports.changes import NOTHING_BEFORE, Changes
from reports.machine_readable.allure_pictures import attach_pictures
from reports.machine_readable.allure_report import generate, quality_gate, write_allure_context
from reports.machine_readable.junit import write_junit
from reports.machine_readable.verdict_json import write_verdict
from reports.page.page import write_page
from reports.terminal.summary import write_summary

T = TypeVar("T")
VERDICT = "verdict.json"


def write_all(
    run: RunResult,
    directory: Path,
    *,
    node_modules: Path,
    changes: Changes = NOTHING_BEFORE,
    history: Path | None = None,
) -> list[str]:
    """Write verdict.json, page, summary, junit.xml, and Allure's context and HTML into `directory`.

    The tests wrote Allure's raw results to `directory`/allure-results; `history` is the file of
    Allure's trends. Returns one sentence for each file that could not be made, such as the HTML without
    Node; raises only exceptions that end the program.
    """
    results = directory / "allure-results"
    remarks: list[str] = []
    _attempt(VERDICT, lambda: write_verdict(run, directory, changes), remarks)
    # Written first, because Allure may take two minutes and a user may interrupt it; and written again
    # below, because it links to Allure's report only if there is one.
    _attempt("the verdict page", lambda: write_page(run, directory, changes), remarks)
    _attempt("junit.xml", lambda: write_junit(run, directory), remarks)
    _attempt("the summary", lambda: write_summary(run, changes, directory), remarks)
    _attempt("Allure's environment and categories", lambda: write_allure_context(run, results), remarks)
    _attempt("the timelines in the Allure report", lambda: attach_pictures(results, directory), remarks)
    title = f"{run.old.name} → {run.new.name}: {run.verdict}"
    said = _attempt(
        "the Allure report",
        lambda: generate(results, directory / "allure", title, node_modules, history),
        remarks,
    )
    if said is None and (directory / "allure" / "index.html").is_file():
        _attempt("the verdict page", lambda: write_page(run, directory, changes), remarks)
    elif said:
        remarks.append(said)
    gate = _attempt("Allure's quality gate", lambda: quality_gate(results, node_modules), remarks)
    return [*remarks, *([gate] if gate else [])]


def _attempt(what: str, make: Callable[[], T], remarks: list[str]) -> T | None:
    """Make one report. An error becomes a remark, because the others must still be written."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - every error becomes a remark that the user sees
        remarks.append(f"Could not write {what}: {type(error).__name__}: {error}")
        return None
