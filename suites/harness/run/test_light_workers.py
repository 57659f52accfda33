# SPDX-License-Identifier: Apache-2.0
"""The modules that a worker of a run loads: memory that workers take is not available to guests."""

from __future__ import annotations

import json
import sys

from suites.harness.support.nested import run_nested

HEAVY = ("matplotlib", "numpy")
LOADED_BY_A_WORKER = f"""
import importlib, json, pkgutil, sys
import pytest
import fixtures
status = pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", "--ignore=suites/harness", "suites"])
for module in pkgutil.walk_packages(fixtures.__path__, "fixtures."):
    importlib.import_module(module.name)
print()
print(json.dumps([int(status), sorted(set(sys.modules) & set({HEAVY}))]))
"""


def test_no_worker_loads_drawing_libraries() -> None:
    """Lose this and each worker starts a second later and takes 50 MiB that guests need."""
    command = [sys.executable, "-c", LOADED_BY_A_WORKER]
    done = run_nested(command, 120)
    status, heavy = json.loads(done.stdout.splitlines()[-1])
    assert (status, heavy) == (0, []), done.stderr
