# SPDX-License-Identifier: Apache-2.0
"""Does Allure's report name builds and outcomes, and does the suite say why there is none?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fixtures.outcome.outcome import Outcome
from reports.machine_readable.allure_report import (
    configuration,
    generate,
    message_pattern,
    write_allure_context,
)
from suites.harness.support.report_samples import (
    make_cell,
    make_run,
)


def test_allure_knows_the_builds_and_the_outcomes(tmp_path: Path) -> None:
    """Lose this and Allure's report does not name its builds, nor which build is at fault."""
    write_allure_context(make_run(make_cell(1)), tmp_path)
    environment = (tmp_path / "environment.properties").read_text(encoding="utf-8")
    assert "old.package = 1:7.2+dfsg-7+deb12u18\n" in environment
    assert json.loads((tmp_path / "executor.json").read_text())["buildName"] == "debian-12 → debian-13"
    names = [category["name"] for category in json.loads((tmp_path / "categories.json").read_text())]
    assert names == [rule["name"] for rule in configuration("a name", tmp_path)["categories"]]
    assert names[0].startswith("regression: ")


@pytest.mark.parametrize(
    "message",
    [
        "[flaky] x",
        "Failed: [flaky] x",
        "AssertionError: [flaky] x",
        "a.b.<locals>.Refused: [flaky] x\nmore",
        "Skipped: [flaky] x",
        "XFAIL reason: [flaky] x\n\n_pytest.outcomes.XFailed: [flaky] x",
    ],
)
def test_messages_get_their_category(message: str) -> None:
    """Lose this and Allure lists every failure under `Product errors`, even errors of the suite."""
    matching = [outcome for outcome in Outcome if re.search(message_pattern(outcome), message)]
    assert matching == [Outcome.FLAKY]


def test_allure_without_node_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host without Node loses its whole report, or shows one of an earlier run."""
    results, out = tmp_path / "allure-results", tmp_path / "allure"
    results.mkdir()
    (results / "1-result.json").write_text("{}")
    out.mkdir()
    (out / "index.html").write_text("of another run")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("reports.machine_readable.node.wheel_programs", lambda: None)
    said = generate(results, out, "name", tmp_path / "node_modules")
    assert said is not None
    assert "Node.js" in said
    assert not (out / "index.html").exists()


def test_message_of_a_crashing_allure_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the user does not learn why there is no Allure report."""
    results = tmp_path / "allure-results"
    results.mkdir()
    (results / "1-result.json").write_text("{}")
    bin_directory = tmp_path / "node_modules" / ".bin"
    bin_directory.mkdir(parents=True)
    for name, script in (
        ("node", "#!/bin/sh\n"),
        ("allure", "#!/bin/sh\necho 'Error: boom'\necho\necho 'Node.js v20.1.0'\nexit 3\n"),
    ):
        (bin_directory / name).write_text(script)
        (bin_directory / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_directory}:/usr/bin:/bin")
    monkeypatch.setattr("reports.machine_readable.node.wheel_programs", lambda: None)
    said = generate(results, tmp_path / "allure", "name", tmp_path / "node_modules")
    assert said is not None
    assert "status 3: Error: boom" in said
