# SPDX-License-Identifier: Apache-2.0
"""The hooks of pytest: each is implemented once, so that the order of conftest's lines does not matter."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from reports.plan_line import read_plan_line
from suites.harness.support.nested import PLUGINS
from suites.harness.support.report_samples import make_cell
from suites.harness.support.run_samples import leave_run, make_ended, make_plan
from suites.harness.support.sample_checkout import SampleCheckout, sample_checkout

TEST = """
def test_guest_survives(guest, hot_patch):
    assert hot_patch().runs_on_new_build
"""
DESCRIBE = f"""
import json, pytest
from fixtures.run.options import MATRIX
from fixtures.run.selecting import selection_of, suite_digest

class Plugin:
    def pytest_collection_finish(self, session):
        config = session.config
        tests = [item.nodeid for item in session.items]
        described = (tests, selection_of(config), config.stash[MATRIX].digest, suite_digest())
        open("described.json", "w").write(json.dumps(described))

pytest.main(["suites", "--collect-only", "-q", "-n0", *{PLUGINS}], [Plugin()])
"""
PAIR = ("--old=debian-12", "--new=debian-13")


@pytest.fixture
def checkout(tmp_path: Path) -> SampleCheckout:
    """A checkout of one test, with the lines of conftest.py in reversed order."""
    made = sample_checkout(tmp_path, {"hotpatch/test_x.py": TEST})
    conftest = made.root / "conftest.py"
    lines = conftest.read_text().splitlines()
    first, last = lines.index("pytest_plugins = [") + 1, lines.index("]")
    lines[first:last] = lines[last - 1 : first - 1 : -1]
    conftest.write_text("\n".join(lines))
    return made


def interrupted_run(checkout: SampleCheckout) -> list[str]:
    """Record a run of all tests that was interrupted after the first; return the ids of the others."""
    said = checkout.python(DESCRIBE)
    assert said.status == 0, said.text
    described = json.loads((checkout.root / "described.json").read_text())
    tests, selection, matrix, suite = described
    plan = make_plan(tests, selection=selection, matrix=matrix, suite=suite)
    leave_run(checkout.root / "reports/runs/1", plan, [make_ended(make_cell(1, nodeid=tests[0]))])
    return list(tests[1:])


def test_plan_is_shown_in_another_order_of_plugins(checkout: SampleCheckout) -> None:
    """Lose this and reordered lines in conftest.py make `--plan` run the whole suite, or nothing."""
    said = checkout.pytest("suites", "--plan", "--arch=x86_64", "-n7")
    assert "plan: " in said.text
    assert " min with 7 workers" in said.text
    assert read_plan_line(said.text) is not None
    assert not (checkout.root / "reports/runs").exists()


def test_run_is_resumed_in_another_order_of_plugins(checkout: SampleCheckout) -> None:
    """Lose this and reordered lines in conftest.py make `--resume` run all tests again."""
    left = interrupted_run(checkout)
    assert checkout.collect("suites", "--resume", *PAIR).tests == left


def test_each_hook_is_implemented_by_one_plugin(pytestconfig: pytest.Config) -> None:
    """Lose this and a run depends again on the order of the plugins."""
    plugins: list[str] = import_module("conftest").pytest_plugins
    hooks = Counter(
        name for plugin in plugins for name in dir(import_module(plugin)) if name.startswith("pytest_")
    )
    assert hooks["pytest_configure"] == 1
    assert [name for name, number in hooks.items() if number > 1] == []
