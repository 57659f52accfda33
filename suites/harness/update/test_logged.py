# SPDX-License-Identifier: Apache-2.0
"""Whether anybody reads what a QEMU says."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fixtures.update.logged import writes_to_reader


@pytest.fixture
def writes() -> Iterator[subprocess.Popen[bytes]]:
    """A process whose standard error is a pipe that this one reads."""
    with subprocess.Popen(["/bin/sleep", "60"], stderr=subprocess.PIPE) as sleeps:
        yield sleeps
        sleeps.kill()


def test_pipe_with_a_reader_is_a_log(writes: subprocess.Popen[bytes]) -> None:
    """Lose this and each guest of a real host has lost its log."""
    assert writes_to_reader([writes.pid], [psutil.Process()])


def test_pipe_without_a_reader_is_none(writes: subprocess.Popen[bytes]) -> None:
    """Lose this and a virtlogd that dies in the update goes unnoticed."""
    assert writes.stderr is not None
    writes.stderr.close()
    check = writes_to_reader([writes.pid], [psutil.Process(), psutil.Process(writes.pid)])
    assert not check
    assert check.what == "no reader"


def test_file_is_a_log(tmp_path: Path) -> None:
    """Lose this and a host whose libvirt has QEMU write to files is blamed."""
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(["/bin/sleep", "60"], stderr=log) as sleeps,
    ):
        assert writes_to_reader([sleeps.pid], [])
        sleeps.kill()


def test_qemu_that_ended_has_no_log() -> None:
    """Lose this and a guest that ends meanwhile ends the run."""
    child = os.posix_spawn("/bin/true", ["true"], os.environ)
    os.waitpid(child, 0)
    assert writes_to_reader([child], []).what == "QEMU ended"
