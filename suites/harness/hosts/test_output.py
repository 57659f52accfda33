# SPDX-License-Identifier: Apache-2.0
"""The output of a build's programs: read without end, kept within bounds."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.hosts import output as output_module
from fixtures.hosts.endings import end_in_words, killed_by_another
from fixtures.hosts.interface import Program
from fixtures.hosts.local_process import ENVIRONMENT, LocalProcess
from fixtures.hosts.output import BoundedOutput, BoundedProgram, Kept, run_bounded
from suites.harness.support.fake_qemu import PYTHON, PYTHON_HOME

FLOOD = """
import os
for _ in range(200):
    os.write(2, b"f" * (1 << 20))
os.write(2, b"the end")
"""
"""200 MiB on stderr, then one last word."""
SLACK = 200
"""Bytes of a note about what was left out, and more."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where an output is kept."""
    return tmp_path / "stderr.txt"


@pytest.fixture
def qemu(tmp_path: Path, file: Path) -> Iterator[Callable[[str], LocalProcess]]:
    """Starts a Python script in place of QEMU."""
    started: list[LocalProcess] = []

    def start(script: str) -> LocalProcess:
        build = Build("new", Sandbox(Path("/"), shown=(PYTHON_HOME,)), {})
        argv = [str(PYTHON), "-I", "-c", script]
        started.append(LocalProcess(Program(build, argv, file, attempt_dir=tmp_path)))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_flood_neither_blocks_qemu_nor_fills_the_disk(
    qemu: Callable[[str], LocalProcess], file: Path
) -> None:
    """Lose this and one passing cell leaves gigabytes of stderr, or hangs because stderr is not read."""
    process = qemu(FLOOD)
    assert process.wait(60) == 0
    process.kill()
    assert file.stat().st_size < 2 * output_module.KEPT_BYTES + SLACK
    assert file.read_bytes().endswith(b"the end")
    assert process.stderr().startswith("fff")
    assert f"… {(200 << 20) + 7 - 2 * output_module.KEPT_BYTES} bytes left out …" in process.stderr()


def test_last_words_are_there_at_once(qemu: Callable[[str], LocalProcess]) -> None:
    """Lose this and a message about a QEMU that died lacks what it said last."""
    for _ in range(10):
        process = qemu("import os; os.write(2, b'out of luck\\n'); os._exit(3)")
        assert process.wait(20) == 3
        assert process.stderr() == "out of luck"


def test_output_is_in_its_file_while_qemu_runs(qemu: Callable[[str], LocalProcess], file: Path) -> None:
    """Lose this and the evidence of a run that is killed is empty."""
    process = qemu("import os, time; os.write(2, b'early'); time.sleep(60)")
    deadline = time.monotonic() + 20
    while process.stderr() != "early":
        assert time.monotonic() < deadline
    assert file.read_bytes() == b"early"


def test_our_own_kill_is_not_how_qemu_ended(qemu: Callable[[str], LocalProcess]) -> None:
    """Lose this and a QEMU that hangs is reported as one that died of signal 9."""
    process = qemu("import time; time.sleep(60)")
    assert process.end() == "it still runs"
    process.kill()
    assert process.end() == "it ran until the suite ended it"


def test_qemu_that_ended_by_itself_keeps_its_status(qemu: Callable[[str], LocalProcess]) -> None:
    """Lose this and a crash looks like the suite's own clean-up."""
    process = qemu("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    process.wait(20)
    process.kill()
    assert process.end() == "exit status 139"


def test_kill_from_outside_is_named(qemu: Callable[[str], LocalProcess]) -> None:
    """Lose this and a QEMU that the host killed for its memory counts as one that crashed."""
    process = qemu("import time; time.sleep(60)")
    psutil.Process(process._popen.pid).kill()
    process.wait(20)
    assert process.end() == "exit status -9 (something outside killed it: out of memory?)"


def test_full_disk_does_not_block_qemu(qemu: Callable[[str], LocalProcess], file: Path) -> None:
    """Lose this and a full disk hangs every guest that says anything."""
    file.symlink_to("/dev/full")
    process = qemu(FLOOD)
    assert process.wait(60) == 0
    assert process.stderr().endswith("the end")


def test_long_stream_keeps_its_ends() -> None:
    """Lose this and either the first or the last messages of a build are lost."""
    kept = Kept(most=4)
    for byte in b"abcdefghijklmnop":
        kept.add(bytes([byte]))
    assert bytes(kept) == "abcd\n… 8 bytes left out …\nmnop".encode()
    assert len(kept.tail) <= 8


def test_output_that_no_program_got_is_closed(file: Path) -> None:
    """Lose this and each program that cannot be started leaks a pipe and a thread."""
    before = set(Path("/proc/self/fd").iterdir())
    BoundedOutput(file).close()
    # The garbage collector may close what an earlier test has left open.
    assert set(Path("/proc/self/fd").iterdir()) <= before


def test_answer_of_a_program_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a QEMU that never stops listing its devices takes all memory."""
    monkeypatch.setattr(output_module, "ANSWER_BYTES", 1 << 16)
    ran = run_bounded([sys.executable, "-I", "-c", FLOOD], env={}, seconds=60)
    assert ran.status == 0
    assert ran.stdout == ""
    assert len(ran.stderr) < (2 << 16) + SLACK


def test_program_that_does_not_end_is_ended() -> None:
    """Lose this and a QEMU that hangs over a question outlives the run."""
    with pytest.raises(subprocess.TimeoutExpired):
        run_bounded([sys.executable, "-I", "-c", "import time; time.sleep(60)"], env={}, seconds=0.3)


def test_program_that_was_stopped_does_nothing_until_its_end() -> None:
    """Lose this and a client that is to hang goes on with its move."""
    program = BoundedProgram(["/bin/sh", "-c", "sleep 0.5; echo done"], env=ENVIRONMENT)
    program.stop()
    with pytest.raises(subprocess.TimeoutExpired):
        program.end(1.5)


def test_qemu_that_its_sandbox_outlived_was_killed_from_outside() -> None:
    """Lose this and a QEMU counts as one that failed, because only its sandbox was not killed."""
    assert end_in_words(137, ended_by_us=False, killer="x") == "exit status 137 (x killed it: out of memory?)"
    assert killed_by_another(137, ended_by_us=False)


@pytest.mark.parametrize("status, ended_by_us", [(137, True), (139, False), (0, False), (None, False)])
def test_qemu_that_ended_otherwise_was_not_killed_from_outside(
    status: int | None, *, ended_by_us: bool
) -> None:
    """Lose this and a crash, or the suite's own end of a QEMU, is blamed on the host."""
    assert not killed_by_another(status, ended_by_us=ended_by_us)
