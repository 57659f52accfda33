# SPDX-License-Identifier: Apache-2.0
"""Two seconds after a run is killed, whatever it was doing, nothing of it is left on this machine.

Nothing: no process, no temporary directory with its sockets, no control group, no namespace, no mount.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest

from fixtures.hosts.sandboxed import ends_of
from fixtures.run.options import PAIR
from fixtures.temporary import JANITOR
from fixtures.waiting import Deadline, comes_true, patience
from suites.harness.support import stops_at
from suites.harness.support.kept_together import KeptRun, kept_together
from suites.harness.support.killed_moments import MOMENTS
from suites.harness.support.left_behind import Holdings
from suites.harness.support.nested import PLUGINS

pytestmark = pytest.mark.timeout(1800)
SECONDS_TO_VANISH = 2.0
SECONDS_TO_COME_THERE = 600.0
"""Four times what an emulated host takes to boot and to start a guest; other cells take half a minute."""
SECONDS_TO_REPORT = 60.0
"""Bound for a run that has lost its worker to end: it writes its report."""
LOOK_AGAIN_SECONDS = 0.05

MOST_SHOWN = 2000
UNSUPPORTED = "  unsupported "
"""In the line of a cell that cannot run here."""
Stopped = Callable[[str], AbstractContextManager[KeptRun]]
OF_A_WORKER = [
    *("first-pass", "switchover", "recovery", "out-of-memory", "network"),
    *("libvirt-stopped", "libvirt-restarted", "emulated-guest"),
]
"""A worker that is killed leaves the same as one whose pytest is, but for what pytest does then."""


def moments(default: str, among: Iterable[str] = MOMENTS) -> pytest.MarkDecorator:
    """All of these moments; those that are not the default are left to the nightly run."""
    marked = [pytest.param(each, marks=() if each == default else pytest.mark.slow) for each in among]
    return pytest.mark.parametrize("moment", marked)


@pytest.fixture
def stopped(request: pytest.FixtureRequest, tmp_path: Path) -> Stopped:
    """Starts a run of one cell under xdist, and waits until it has come to a moment, where it stops."""
    build = request.config.stash[PAIR].new

    @contextmanager
    def stops(name: str) -> Iterator[KeptRun]:
        moment, reached = MOMENTS[name], tmp_path / "reached"
        (tmp_path / "temporary").mkdir()
        command = [sys.executable, "-m", "pytest", moment.suite, "-n", "1", "--arch=x86_64", *PLUGINS]
        command += ["-m", "slow or not slow", "-k", f"{moment.cell}]", f"--accelerator={moment.host}"]
        command += ["-p", stops_at.__name__, f"--alluredir={tmp_path / 'allure'}"]
        command += [f"--old={build}", f"--new={build}", f"--basetemp={tmp_path / 'base'}"]
        more = {
            stops_at.MOMENT: moment.stops,
            stops_at.REACHED: str(reached),
            "TMPDIR": str(tmp_path / "temporary"),
        }
        with kept_together(command, tmp_path / "log", more) as run:
            deadline = Deadline.after(SECONDS_TO_COME_THERE)
            comes_true(lambda: reached.exists() or run.ends_within(LOOK_AGAIN_SECONDS), deadline)
            if not reached.exists() and UNSUPPORTED in run.said():
                pytest.skip("this host or this build does not have what the cell needs")
            assert reached.exists(), f"the run did not come to {moment.stops}: {run.said()[-MOST_SHOWN:]}"
            yield run

    return stops


@moments("libvirt-move")
def test_killed_pytest_leaves_nothing(moment: str, stopped: Stopped, tmp_path: Path) -> None:
    """Lose this and every aborted run leaves QEMUs that use CPU time, and sockets that block the next run."""
    with stopped(moment) as run:
        root, holdings = run.root, Holdings.of(run.processes())
        assert root is not None
        _demand_found(moment, holdings)
        root.kill()
        assert run.ends_within(patience(SECONDS_TO_VANISH)), _lines(run.processes())
        assert holdings.left() == []
        assert list((tmp_path / "temporary").iterdir()) == []


@moments("switchover", OF_A_WORKER)
def test_killed_worker_leaves_nothing(moment: str, stopped: Stopped) -> None:
    """Lose this and one worker killed by the OOM killer leaves its QEMUs running."""
    with stopped(moment) as run:
        root = run.root
        assert root is not None
        (worker,) = [child for child in root.children() if JANITOR not in child.cmdline()]
        family = [worker, *worker.children(recursive=True)]
        holdings = Holdings.of(family)
        _demand_found(moment, holdings)
        with ends_of(family) as alive_after:
            worker.kill()
            assert not alive_after(SECONDS_TO_VANISH)
        assert holdings.left() == []
        assert run.ends_within(patience(SECONDS_TO_REPORT)), _lines(run.processes())


def _demand_found(moment: str, holdings: Holdings) -> None:
    """Else nothing is looked for afterwards."""
    assert holdings.namespaces, "no sandbox of the run was found"
    assert bool(holdings.directories) is MOMENTS[moment].has_directory, holdings.directories


def _lines(processes: list[psutil.Process]) -> list[str]:
    return [" ".join(process.cmdline()) for process in processes]
