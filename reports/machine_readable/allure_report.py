# SPDX-License-Identifier: Apache-2.0
"""Allure: facts about the run besides the tests, and the HTML report as one file.

Allure 3 takes categories only from its configuration; Allure 2 only from categories.json. Both are made
from the same outcomes here. A test has an outcome if the message of its failure or skip starts with
`[outcome] `, after the prefix that pytest adds, or if it has the outcome as a tag (Allure 3 only).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from fixtures.outcome.history import KEPT
from fixtures.outcome.outcome import Outcome, RunResult
from fixtures.printable import printable
from fixtures.temporary import temporary_directory
from reports.files import write_atomically
from reports.machine_readable.node import node, node_version, search_path
from reports.machine_readable.run_facts import run_facts
from reports.words import MEANINGS

TIMEOUT_S = 120
GATE_NODE = 22
"""The first major version of Node.js with which Allure's quality gate works."""
_ERROR_LINE = re.compile(r"error|invalid|cannot|not found", re.IGNORECASE)
_NOISE = re.compile(r"^(Node\.js v|\s+at |[{}\s]*$)")


def write_allure_context(run: RunResult, results_dir: Path) -> None:
    """Write environment.properties, executor.json and categories.json to `results_dir`.

    Raises OSError if one of them cannot be written.
    """
    write_atomically(results_dir / "environment.properties", _properties(run_facts(run)))
    executor = {
        "name": "QEMU hot patch qualification",
        "type": "local",
        "buildName": f"{run.old.name} → {run.new.name}",
        "reportName": f"{run.verdict}: {run.old.name} → {run.new.name}",
    }
    write_atomically(results_dir / "executor.json", json.dumps(executor, ensure_ascii=False, indent=2))
    categories = [
        # In Allure 2 the expression must match the whole message.
        {"name": _category_name(outcome), "messageRegex": f"(?s){message_pattern(outcome)}.*"}
        for outcome in _categorised()
    ]
    write_atomically(results_dir / "categories.json", json.dumps(categories, ensure_ascii=False, indent=2))


def generate(
    results_dir: Path, out: Path, name: str, node_modules: Path, history: Path | None = None
) -> str | None:
    """Make `out`/index.html, the whole report in one file, with the Allure installed in `node_modules`.

    `history` is the file with Allure's trends; this run is added to it.

    Takes up to 120 s and needs no network. Returns None, or one sentence that says why there is no HTML.
    An old HTML file is removed in that case, because it is about another run.
    """
    (out / "index.html").unlink(missing_ok=True)
    program = node_modules / ".bin" / "allure"
    if not _has_results(results_dir):
        return f"No Allure report in HTML: no test has written a result to {results_dir.name}."
    if node() is None:
        return "No Allure report in HTML: Node.js (`node`) is not installed; the raw results are kept."
    if not program.exists():
        return (
            "No Allure report in HTML: npm's `allure` is not installed (`npm ci`); the raw results are kept."
        )
    with temporary_directory("hotpatch-allure-") as scratch:
        config = configuration(printable(name), scratch / "report", history)
        remark = _run(program, "generate", results_dir.absolute(), scratch, config)
        made = scratch / "report" / "index.html"
        if remark is None and not made.is_file():
            remark = "it ended without an error, but made no index.html"
        if remark is None:
            write_atomically(out / "index.html", made.read_text(encoding="utf-8"))
            return None
    return f"No Allure report in HTML: {remark}; the raw results are kept."


def message_pattern(outcome: Outcome) -> str:
    """Regular expression for the start of a message of this outcome, valid in both Java and JavaScript."""
    return rf"^[\s(]*(XFAIL )?([^\s:]+: )?\[{outcome}\]"


def quality_gate(results_dir: Path, node_modules: Path) -> str | None:
    """One sentence with the result of Allure's quality gate, which allows no failed test.

    None if there is no result, which Allure would let pass, if Allure is not installed, or if Node.js is
    older than 22: there the gate crashes with the exit status of a gate that was not passed (allure 3.18
    calls Iterator.toArray).
    """
    program = node_modules / ".bin" / "allure"
    if node_version() < GATE_NODE or not program.exists() or not _has_results(results_dir):
        return None
    with temporary_directory("hotpatch-allure-") as scratch:
        config = configuration("gate", scratch / "report", None)
        remark = _run(program, "quality-gate", results_dir.absolute(), scratch, config)
    return f"Allure's quality gate: {'passed' if remark is None else 'not passed'}"


def _has_results(results_dir: Path) -> bool:
    """Has any test written a result?"""
    return results_dir.is_dir() and any(results_dir.glob("*-result.json"))


def configuration(name: str, output: Path, history: Path | None = None) -> dict[str, Any]:
    """Allure 3's configuration: one file, the outcomes as categories, tests in a tree by suite."""
    remembered = {"historyPath": str(history.absolute()), "historyLimit": KEPT} if history else {}
    return {
        "name": name,
        "output": str(output),
        **remembered,
        "appendHistory": history is not None,
        "qualityGate": {"rules": [{"maxFailures": 0}]},
        "plugins": {
            "awesome": {
                "options": {
                    "reportName": name,
                    "singleFile": True,
                    "reportLanguage": "en",
                    "groupBy": ["feature", "story"],
                }
            }
        },
        "categories": [
            {
                "name": _category_name(outcome),
                "matchers": [{"message": message_pattern(outcome)}, {"labels": {"tag": f"^{outcome}$"}}],
                "expand": outcome not in {Outcome.KNOWN, Outcome.REFUSED, Outcome.UNSUPPORTED},
            }
            for outcome in _categorised()
        ],
    }


def _run(
    program: Path, task: str, results_dir: Path, scratch: Path, configured: dict[str, Any]
) -> str | None:
    """Run Allure in `scratch`, which contains no other configuration; return None or the error."""
    config = scratch / "allurerc.json"
    config.write_text(json.dumps(configured), encoding="utf-8")
    command = [str(program.absolute()), task, "-c", str(config), str(results_dir)]
    environment = os.environ | {"PATH": search_path(), "NO_COLOR": "1", "FORCE_COLOR": "0", "CI": "1"}
    try:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Its own session, so that an Allure that hangs is killed with all its children.
            start_new_session=True,
        )
    except OSError as error:
        return f"Allure could not be started ({error.strerror})"
    with contextlib.ExitStack() as unless_it_ends:
        unless_it_ends.callback(_kill_session, process)
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"Allure did not end within {TIMEOUT_S} s"
        unless_it_ends.pop_all()
    if process.returncode:
        last = _error_line(output.decode("utf-8", "replace"))
        return f"Allure ended with status {process.returncode}: {last}"
    return None


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _error_line(output: str) -> str:
    """The last line that names an error, since a crashed Node ends its output with its own version."""
    lines = [line.strip() for line in printable(output).splitlines() if not _NOISE.match(line)]
    errors = [line for line in lines if _ERROR_LINE.search(line)]
    return (errors or lines or ["it printed nothing"])[-1][:300]


def _categorised() -> list[Outcome]:
    return [outcome for outcome in Outcome if outcome is not Outcome.PASS]


def _category_name(outcome: Outcome) -> str:
    return f"{outcome}: {MEANINGS[outcome]}"


def _properties(facts: dict[str, str]) -> str:
    """Java properties. A line break would begin another property, and a blank would end a key."""
    lines = []
    for key, value in facts.items():
        plain = " ".join(printable(value).split()).replace("\\", "\\\\")
        name = re.sub(r"[\s=:]+", "_", printable(key))
        lines.append(f"{name} = {plain}")
    return "\n".join(lines) + "\n"
