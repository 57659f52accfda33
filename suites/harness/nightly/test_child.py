# SPDX-License-Identifier: Apache-2.0
"""A pytest that another command runs, and that the user interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from fixtures.places import ROOT
from suites.harness.support.sample_checkout import sample_checkout

SECONDS = 60
TEST = """
import signal, time
import pytest

@pytest.fixture
def guest():
    yield
    time.sleep(1)  # Longer than Python waits by itself for a child that is interrupted.
    open("ended", "w").close()

def test_it(guest):
    print("\\nbegun", flush=True)
    signal.pause()
"""
PARENT = """
import sys
from fixtures.nightly.child import run_pytest
try:
    run_pytest(["-s", "-q", "-p", "no:cacheprovider", "test_it.py"])
except KeyboardInterrupt:
    sys.exit(2)
"""


def test_interrupted_child_ends_by_itself(tmp_path: Path) -> None:
    """Lose this and Ctrl-C in `make candidates` kills a run before its guests end and its report is made."""
    (tmp_path / "test_it.py").write_text(TEST)
    # A shell that runs in the background lets its children ignore this signal.
    command = ["env", "--default-signal=INT", sys.executable, "-c", PARENT]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        try:
            assert any(line == "begun\n" for line in parent.stdout)
            os.killpg(parent.pid, signal.SIGINT)
            assert parent.wait(SECONDS) == 2
        finally:
            if parent.poll() is None:
                os.killpg(parent.pid, signal.SIGKILL)
    assert (tmp_path / "ended").exists()


CHECKS = (
    "from fixtures.nightly.child import demand_known_options; demand_known_options(['suites', '--resume'])"
)


def test_check_of_options_begins_no_run(tmp_path: Path) -> None:
    """Lose this and each night takes the place of an older run's evidence, or no night is resumed."""
    sample = sample_checkout(tmp_path, {"life/test_x.py": "def test_nothing(): pass"})
    said = sample.python(CHECKS)
    assert (said.status, said.text) == (0, "")
    assert [*(tmp_path / "reports/runs").glob("*")] == []
