# SPDX-License-Identifier: Apache-2.0
"""Temporary directories are removed, however the process that made them ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.places import ROOT
from fixtures.temporary import temporary_directory
from fixtures.waiting import Deadline, comes_true

DIES = """
import os, signal
from pathlib import Path
from types import SimpleNamespace
from fixtures.builds import pins
from images import host_image, initramfs
def dies(*_all, **_more):
    os.kill(os.getpid(), signal.SIGKILL)
initramfs.unpacked_kernel = host_image.unpacked_kernel = pins.AptIndex = dies
"""
STEPS = {
    "guest image": 'initramfs.build_image("x86_64", Path("kernel.deb"), Path("image"), [])',
    "image of an emulated host": 'host_image.build_host_image("x86_64", Path("kernel.deb"), Path("image"))',
    "pins": 'pins.survey({}, {("kernels", "x86_64"): SimpleNamespace(suites=[], architecture="amd64")})',
}
WRITES = """
import sys, time
from itertools import count
from pathlib import Path
end = time.monotonic() + 0.5
for number in count():
    try:
        Path(sys.argv[1], "deep", str(number)).touch()
    except FileNotFoundError:
        break
    if time.monotonic() > end:
        break
"""
LEAVES_A_WRITER = f"""
import os, signal, subprocess, sys
from fixtures.temporary import temporary_directory
with temporary_directory("hotpatch-") as place:
    (place / "deep").mkdir()
    for _ in range(4):
        subprocess.Popen([sys.executable, "-c", {WRITES!r}, str(place)])
    while len(list((place / "deep").iterdir())) < 100:
        pass
    os.kill(os.getpid(), signal.SIGKILL)
"""
SIGNALS_ALL = """
import os, psutil, signal
from fixtures.temporary import temporary_directory
from fixtures.waiting import Deadline, comes_true
def ignores_sigterm(process):
    (line,) = (each for each in open(f"/proc/{process.pid}/status") if each.startswith("SigIgn:"))
    return bool(int(line.split()[1], 16) >> signal.SIGTERM - 1 & 1)
with temporary_directory("hotpatch-") as place:
    (janitor,) = psutil.Process().children()
    comes_true(lambda: ignores_sigterm(janitor), Deadline.after(5))
    janitor.terminate()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(program: str, temporary: Path, cwd: Path = ROOT) -> None:
    """Run Python code that is killed, with `temporary` as the directory for temporary files."""
    paths = {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=cwd, env=os.environ | paths, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_directory_is_gone_afterwards(tmp_path: Path) -> None:
    """Lose this and each set-up leaves an unpacked kernel in /tmp."""
    with temporary_directory("hotpatch-", tmp_path) as place:
        (place / "deep").mkdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", STEPS)
def test_killed_step_of_the_setup_leaves_nothing(step: str, tmp_path: Path) -> None:
    """Lose this and each set-up that is killed leaves an unpacked kernel or lists of packages in /tmp."""
    temporary, elsewhere = tmp_path / "temporary", tmp_path / "elsewhere"
    temporary.mkdir()
    elsewhere.mkdir()
    killed(DIES + STEPS[step], temporary, elsewhere)
    assert comes_true(lambda: list(temporary.iterdir()) == [], Deadline.after(10))


def test_program_that_goes_on_writing_leaves_nothing(tmp_path: Path) -> None:
    """Lose this and what a killed set-up had started, such as dpkg-deb, keeps its directory in /tmp."""
    killed(LEAVES_A_WRITER, tmp_path)
    assert comes_true(lambda: list(tmp_path.iterdir()) == [], Deadline.after(10))


def test_service_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    """Lose this and a service manager, which signals every process, ends the clean-up with the run."""
    killed(SIGNALS_ALL, tmp_path)
    assert comes_true(lambda: list(tmp_path.iterdir()) == [], Deadline.after(10))
