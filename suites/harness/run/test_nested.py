# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import pytest

from suites.harness.support.nested import nested_environment, run_nested


def test_nested_process_keeps_its_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and `make test` takes minutes more where the environment forbids bytecode."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTEST_XDIST_WORKER"} & nested_environment().keys()


HANGS = """
import subprocess, time
subprocess.Popen(["sleep", "20"])
def hangs():
    time.sleep(60)
hangs()
"""


def test_nested_process_that_hangs_says_where() -> None:
    """Lose this and nobody learns why a run within a test did not end, if it has left a process behind."""
    with pytest.raises(subprocess.TimeoutExpired) as late:
        run_nested([sys.executable, "-c", HANGS], 2)
    assert "in hangs" in late.value.__notes__[0]
