# SPDX-License-Identifier: Apache-2.0
"""The Node.js that runs Allure."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.machine_readable.allure_report import quality_gate
from reports.machine_readable.node import node, node_version, search_path


def _node(directory: Path, version: str) -> Path:
    directory.mkdir()
    program = directory / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A Node.js of .venv, version 24, and one of the system, version 18."""
    own, system = _node(tmp_path / "wheel", "v24.1.0"), _node(tmp_path / "system", "v18.20.4")
    monkeypatch.setenv("PATH", str(system.parent))
    monkeypatch.setattr("reports.machine_readable.node.wheel_programs", lambda: own.parent)
    return own, system


def test_the_wheels_node_is_preferred(nodes: tuple[Path, Path]) -> None:
    """Lose this and the system's Node 18 is used, which Allure does not support."""
    assert (node(), node_version()) == (str(nodes[0]), 24)


def test_children_of_allure_find_the_same_node(nodes: tuple[Path, Path]) -> None:
    """Lose this and Allure's own `#!/usr/bin/env node` runs another Node."""
    assert search_path().split(":") == [str(program.parent) for program in nodes]


def test_without_a_wheel_the_systems_node_is_taken(
    nodes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a ppc64le host, for which there is no wheel, has no Allure report."""
    monkeypatch.setattr("reports.machine_readable.node.wheel_programs", lambda: None)
    assert (node(), node_version()) == (str(nodes[1]), 18)


def test_without_any_node_its_version_is_0(nodes: tuple[Path, Path]) -> None:
    """Lose this and a host without Node ends its report in a traceback."""
    for program in nodes:
        program.unlink()
    assert (node(), node_version()) == (None, 0)


@pytest.mark.parametrize(
    "results,said", [((), None), (("1-result.json",), "Allure's quality gate: passed")], ids=["none", "one"]
)
def test_the_gate_judges_only_a_run_with_results(
    nodes: tuple[Path, Path], tmp_path: Path, results: tuple[str, ...], said: str | None
) -> None:
    """Lose this and a run without a finished test passes Allure's quality gate."""
    directory = tmp_path / "allure-results"
    directory.mkdir()
    for name in results:
        (directory / name).write_text("{}")
    allure = tmp_path / "node_modules" / ".bin" / "allure"
    allure.parent.mkdir(parents=True)
    allure.write_text("#!/bin/sh\n")
    allure.chmod(0o755)
    assert quality_gate(directory, tmp_path / "node_modules") == said
