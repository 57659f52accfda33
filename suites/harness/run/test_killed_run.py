# SPDX-License-Identifier: Apache-2.0
"""Two seconds after a run is killed in the middle of a hot patch, nothing of it is left."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from fixtures.hosts.sandboxed import ends_of
from fixtures.places import ROOT
from fixtures.run.options import PAIR
from fixtures.waiting import Deadline
from suites.harness.support.nested import PLUGINS, nested_environment

SECONDS_TO_VANISH = 2.0
SECONDS_TO_MIGRATE = 150.0
LOOK_AGAIN_SECONDS = 0.05
EMULATED_HOST = "hotpatch-emulated-host,debug-threads=on"
"""On the command line of the QEMU that emulates a host."""


ONE_CELL = {
    "qmp": ("--short",),
    "libvirt": ("-m", "slow or not slow", "-k", "libvirt-direct-postcopy-idle-virtio-2vcpu]"),
    "emulated": ("--accelerator=emulated", "-m", "slow or not slow", "-k", "qmp-precopy-idle-bare-1vcpu]"),
}
"""Which cells are `slow` changes with the mechanisms in matrix.yaml."""


def by_path(default: str, *slow: str) -> pytest.MarkDecorator:
    """All but the default are left to the nightly run: their processes are started in the same way."""
    paths = [default, *(pytest.param(each, marks=pytest.mark.slow) for each in slow)]
    return pytest.mark.parametrize("run", paths, indirect=True)


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[psutil.Process]:
    """A run of one cell under xdist, with a QEMU that waits for a guest or receives it.

    Or with an emulated host for the cell, in which this process cannot see a QEMU.
    """
    build = request.config.stash[PAIR].new
    command = [sys.executable, "-m", "pytest", "suites/hotpatch", "-n", "1", "--arch=x86_64", *PLUGINS]
    command += ONE_CELL[request.param]
    command += [f"--old={build}", f"--new={build}", f"--alluredir={tmp_path / 'allure'}"]
    with ExitStack() as stack, (tmp_path / "log").open("wb") as log:
        popen = stack.enter_context(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=nested_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        )
        stack.callback(popen.kill)
        process = psutil.Process(popen.pid)
        _wait_for_cell(process, tmp_path / "log", emulated=request.param == "emulated")
        yield process


@by_path("libvirt", "qmp", "emulated")
def test_killed_pytest_leaves_nothing(run: psutil.Process) -> None:
    """Lose this and every aborted run leaves QEMUs that use CPU time, and sockets that block the next run."""
    _assert_vanishes(run, run)


@by_path("qmp", "libvirt", "emulated")
def test_killed_worker_leaves_nothing(run: psutil.Process) -> None:
    """Lose this and one worker killed by the OOM killer leaves its QEMUs running."""
    (worker,) = [child for child in run.children() if "hotpatch-janitor" not in child.cmdline()]
    _assert_vanishes(worker, worker)


def _assert_vanishes(victim: psutil.Process, root: psutil.Process) -> None:
    family = root.children(recursive=True)
    places = {Path(process.cmdline()[-1]) for process in family if "hotpatch-janitor" in process.cmdline()}
    assert places, "no run directory was found"
    assert any("qemu-system" in process.name() for process in family), "no QEMU was found"
    with ends_of(family) as alive_after:
        victim.kill()
        assert not alive_after(SECONDS_TO_VANISH)
    assert not [place for place in places if place.exists()]


def _wait_for_cell(run: psutil.Process, log: Path, *, emulated: bool) -> None:
    # The directory of the attempt is made when the host has booted, before QEMU is started in it.
    wanted = {EMULATED_HOST, "hotpatch-janitor"} if emulated else {"-incoming"}
    deadline = Deadline.after(SECONDS_TO_MIGRATE)
    while deadline.left and not _has_ended(run):
        if wanted <= set(_words(run.children(recursive=True))):
            return
    pytest.fail(f"no hot patch began: {log.read_text(errors='replace')[-1000:]}")


def _words(processes: Iterable[psutil.Process]) -> Iterator[str]:
    """The words of the command lines of QEMUs and janitors, but not of the sandboxes that start them."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if "bwrap" not in process.name():
                yield from process.cmdline()


def _has_ended(run: psutil.Process) -> bool:
    """Has the run ended? Waits a moment for that, so that looking for a QEMU takes no CPU time from it."""
    try:
        run.wait(LOOK_AGAIN_SECONDS)
    except psutil.TimeoutExpired:
        return False
    return True
