# SPDX-License-Identifier: Apache-2.0
"""The directory of an attempt: private, with a short path, and always removed."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.errors import RigError
from fixtures.hosts.attempt_dir import assert_nothing_runs_in, attempt_dir
from fixtures.places import ROOT
from fixtures.waiting import Deadline, comes_true
from suites.harness.support.processes import processes_with

SOCKET_PATH_BYTES = 108
PROGRAM = """
import time
from fixtures.hosts.attempt_dir import attempt_dir
with attempt_dir() as place:
    (place / "deep").mkdir()
    (place / "deep" / "file").touch()
    print(place, flush=True)
    time.sleep(60)
"""
DIES_AT_START = """
import os, signal
from pathlib import Path
from types import SimpleNamespace
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.guest import accelerator
from fixtures.hosts.local import LOCAL
from fixtures.machine import probe
def dies(used):
    print(used, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
build = Build("any", Sandbox(Path("/")), {"x86_64": "/qemu"})
"""
PROBE = """
host = SimpleNamespace(stream=LOCAL.stream, start=lambda program: dies(program.stderr.parent))
probe._ask(build, "x86_64", host)
"""
TRY_KVM = """
accelerator.probed = lambda *_: None
accelerator.line_of = lambda *_: SimpleNamespace(types=["pc-q35-7.2"])
accelerator.QmpMachine.start = lambda _build, _spec, host, *_, **_more: dies(host.evidence)
accelerator._try_kvm(build, "x86_64", Path("/image"))
"""


SANDBOXED = """
import subprocess, time
from fixtures.hosts.attempt_dir import attempt_dir
with attempt_dir() as place:
    line = ["bwrap", "--ro-bind", "/", "/", "--bind", str(place), str(place), "--unshare-pid"]
    line += ["--", "sh", "-c", "echo $1; exec sleep 60", "sh", str(place)]
    subprocess.Popen(line, start_new_session=True)
    time.sleep(60)
"""
"""A sandbox as it is before bubblewrap has asked for its end with its parent."""


@contextmanager
def process_on(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A waiting process with these words on its command line."""
    waiting = ["/bin/sh", "-c", "echo; read -r _", *words]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_directory_is_private_and_short() -> None:
    """Lose this and other users see guests' memory, or QEMU cannot make its sockets."""
    with attempt_dir() as place:
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert len(os.fsencode(place / "destination-migration.sock")) < SOCKET_PATH_BYTES


def test_directory_is_gone_afterwards() -> None:
    """Lose this and every cell leaves guests' memory and disks behind."""
    with attempt_dir() as place:
        (place / "disk.raw").touch()
    assert not place.exists()


def test_directory_is_gone_after_a_failure() -> None:
    """Lose this and every red cell leaves guests' memory and disks behind."""
    with pytest.raises(RigError, match="broken"), attempt_dir() as place:
        raise RigError("broken")
    assert not place.exists()


def test_directory_is_gone_after_its_process_was_killed() -> None:
    """Lose this and a pytest that was killed leaves guests' memory and disks behind."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        place = Path(os.fsdecode(maker.stdout.readline().strip()))
        assert (place / "deep" / "file").exists()
        maker.send_signal(signal.SIGKILL)
    assert comes_true(lambda: not place.exists(), Deadline.after(10))


def test_sandbox_that_has_just_begun_is_gone_after_its_process_was_killed() -> None:
    """Lose this and a QEMU stays if its run is killed while bubblewrap makes the sandbox."""
    with subprocess.Popen([sys.executable, "-c", SANDBOXED], cwd=ROOT, stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        place = os.fsdecode(maker.stdout.readline().strip())
        assert processes_with(place)
        maker.send_signal(signal.SIGKILL)
    assert comes_true(lambda: not processes_with(place), Deadline.after(10))


@pytest.mark.parametrize("program", [PROBE, TRY_KVM], ids=["probe", "try-kvm"])
def test_killed_look_at_a_build_leaves_no_directory(program: str, tmp_path: Path) -> None:
    """Lose this and each run that is killed while it starts leaves a directory in /tmp."""
    more = {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", DIES_AT_START + program],
        cwd=ROOT,
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    used = Path(done.stdout.strip())
    assert comes_true(lambda: not used.exists(), Deadline.after(10))
    assert list(tmp_path.iterdir()) == []


def test_janitor_ignores_its_makers_signals() -> None:
    """Lose this and Ctrl-C ends the clean-up together with the run."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    ) as maker:
        assert maker.stdout is not None
        place = Path(os.fsdecode(maker.stdout.readline().strip()))
        os.killpg(maker.pid, signal.SIGKILL)
    assert comes_true(lambda: not place.exists(), Deadline.after(10))


def test_leaked_process_is_found() -> None:
    """Lose this and QEMUs are left running, cell by cell, until the host is full."""
    with attempt_dir() as place:
        with (
            process_on("leak", f"-blockdev file.filename={place}/disk.raw") as leak,
            pytest.raises(RigError, match=rf"still run: \[{leak.pid}\]"),
        ):
            assert_nothing_runs_in(place)
        assert_nothing_runs_in(place)


def test_process_of_another_attempt_is_no_leak() -> None:
    """Lose this and two workers take each other's guests for leaks."""
    with attempt_dir() as mine, attempt_dir() as other, process_on("guest", str(other)):
        assert_nothing_runs_in(mine)
