# SPDX-License-Identifier: Apache-2.0
"""What a run says and how it ends if it breaks: a full or read-only disk, or an error of the suite itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.run.executing import pair_under_test_of
from suites.harness.support.sample_checkout import SampleCheckout, sample_checkout
from suites.harness.support.seeded_run import copy_of_checkout, run_seeded

PASSES = "def test_passes():\n    assert True\n"
BREAKS = "def pytest_runtest_logfinish():\n    raise RuntimeError('it broke on purpose')\n"
CANNOT_PREPARE = """
from fixtures.errors import UsageError
from fixtures.qualify.pair_under_test import PairUnderTest
def prepare(*_all):
    raise UsageError("the archive is gone", fix="plug in the cable")
PairUnderTest.prepare = prepare
"""
PREPARES = """
from pathlib import Path
from fixtures.cache import made_once
from fixtures.errors import UsageError
from fixtures.qualify.pair_under_test import PairUnderTest
def prepare(*_all):
    made_once(Path("image").absolute(), lambda _half: None, needs_mib=0, step="building it (about 20 s)")
    raise UsageError("the archive is gone")
PairUnderTest.prepare = prepare
"""
MOVES = "def test_guest_survives(guest, hot_patch):\n    hot_patch()\n"
TERMINATES = """
import os, signal, time
def test_passes():
    os.kill(os.{whom}(), signal.SIGTERM)
    time.sleep(60)
"""
TMPFS = "40k"
"""Room for the plan and for the evidence of a few cells."""


@pytest.fixture
def checkout(tmp_path: Path) -> SampleCheckout:
    """A checkout with one test that needs no guest, and a hook that fails after it."""
    return sample_checkout(tmp_path, {"harness/test_x.py": PASSES, "conftest.py": BREAKS})


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_internal_error_ends_with_2_and_one_message(workers: str, checkout: SampleCheckout) -> None:
    """Lose this and an error of the suite itself is a page of Python, with a status that means `unsafe`."""
    said = checkout.pytest("suites", workers)
    assert said.status == 2
    assert "the suite itself failed: RuntimeError: it broke on purpose" in said.text
    assert "INTERNALERROR" not in said.text
    (traceback,) = checkout.root.glob("reports/runs/*/internal-error.txt")
    assert "pytest_runtest_logfinish" in traceback.read_text()


def test_report_that_cannot_be_written_is_one_message(checkout: SampleCheckout) -> None:
    """Lose this and a run in a checkout of somebody else ends in a traceback of Allure's."""
    (checkout.root / "reports" / "runs").touch()
    said = checkout.pytest("suites")
    assert said.status == 2
    assert "the report cannot be written: " in said.text
    assert "Traceback" not in said.text


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_what_cannot_be_prepared_is_one_message_and_leaves_no_report(workers: str, tmp_path: Path) -> None:
    """Lose this and pytest frames the message, and `reports/` fills with empty runs."""
    made = sample_checkout(tmp_path, {"hotpatch/test_x.py": MOVES, "conftest.py": CANNOT_PREPARE})
    said = made.pytest("suites", "--arch=x86_64", "--old=debian-12", "--new=debian-13", workers)
    assert said.status == 2
    assert said.text.endswith("\nthe archive is gone\n  what to do: plug in the cable\n")
    assert said.text.count("the archive is gone") == 1
    assert "junit.xml" not in said.text
    assert list(made.root.glob("reports/r*/*-*")) == []


def test_user_reads_what_is_built(tmp_path: Path) -> None:
    """Lose this and preparing says nothing for minutes while a new guest image is built."""
    made = sample_checkout(tmp_path, {"hotpatch/test_x.py": MOVES, "conftest.py": PREPARES})
    said = made.pytest("suites", "--arch=x86_64", "--old=debian-12", "--new=debian-13")
    assert "preparing builds and images\nbuilding it (about 20 s)\n" in said.text


@pytest.mark.parametrize("workers,whom", [("-n0", "getpid"), ("-n1", "getppid")])
def test_sigterm_ends_the_run_like_ctrl_c(workers: str, whom: str, tmp_path: Path) -> None:
    """Lose this and a run that a service manager or CI engine ends says nothing and has no report."""
    made = sample_checkout(tmp_path, {"harness/test_x.py": TERMINATES.format(whom=whom)})
    said = made.pytest("suites", workers)
    assert said.status == 2
    assert "KeyboardInterrupt: SIGTERM ended the run" in said.text


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A copy of this checkout whose reports lie on a disk that is full after a few cells."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    made = copy_of_checkout(tmp_path / "checkout")
    place = made / "reports" / "reruns"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS}", "none", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield made
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.x86_64
@pytest.mark.parametrize("workers", ["0", "1"])
def test_full_disk_keeps_what_was_judged(
    workers: str, request: pytest.FixtureRequest, full_disk: Path
) -> None:
    """Lose this and a full disk reads as `unsafe`, or loses the results of a whole night."""
    under_test = pair_under_test_of(request.config)
    words = ("suites/compat/test_sweeps.py", "-k", "machines", "--arch=x86_64", "-n", workers)
    matrix = Path(request.config.getoption("--matrix"))
    run = run_seeded(full_disk, matrix, under_test.pair.new, under_test.pair.new, words)
    assert run.status == 2, run.said
    assert "No space left on device" in run.said
    assert "the run broke off: it ends with status 2" in run.said
    assert f"its reports: {full_disk / 'reports' / 'reruns'}/" in run.said
    assert "verdict: undecided" in run.said
    assert "INTERNALERROR" not in run.said
    assert "Traceback" not in run.said
