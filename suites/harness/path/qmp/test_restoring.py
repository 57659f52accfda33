# SPDX-License-Identifier: Apache-2.0
"""What a QEMU says of the jobs that save and load a guest's state becomes a failure with its cause."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure, Unsupported
from fixtures.machine.monitor import CommandRefused
from fixtures.path.qmp import restoring

JOBS = ("blockdev-create", "snapshot-save", "snapshot-load")


class ScriptedMonitor:
    """A monitor on which jobs end at once."""

    def __init__(self, fails: str = "", refuses: str = "", lacks: str = "") -> None:
        self.said: list[str] = []
        self._lacks = lacks
        self._fails, self._refuses = fails, refuses
        self._last = ""

    def execute(self, command: str, **arguments: Any) -> Any:
        """Note the command. The job named in `fails` ends with an error."""
        self.said.append(command)
        if command == self._lacks:
            raise CommandRefused(command, "CommandNotFound", f"The command {command} has not been found")
        if command == self._refuses:
            raise CommandRefused(command, "GenericError", "no such snapshot")
        self._last = arguments.get("job_id", self._last)
        failed = {"error": "it is of another version"} if self._last == self._fails else {}
        return [{"id": self._last, "status": "concluded"} | failed] if command == "query-jobs" else {}

    def wait_for(self, accept: Any, _deadline: object, *, what: str) -> object:
        """The event with which the job has ended."""
        assert self.said[-1] in what
        other = SimpleNamespace(name="JOB_STATUS_CHANGE", data={"id": "other", "status": "concluded"})
        ended = SimpleNamespace(name="JOB_STATUS_CHANGE", data={"id": self._last, "status": "concluded"})
        assert not accept(other)
        assert accept(ended)
        return ended


def machine(monitor: ScriptedMonitor) -> Any:
    """A machine with this monitor."""
    return SimpleNamespace(
        monitor=monitor,
        side="destination",
        build=SimpleNamespace(name="new"),
        host=SimpleNamespace(attempt_dir=Path("/tmp/place")),
        last_words=lambda: "it still runs",
    )


def test_state_is_saved_into_an_image_that_qemu_makes() -> None:
    """Lose this and nothing is saved, or only builds with qemu-img can save."""
    monitor = ScriptedMonitor()
    restoring.save(machine(monitor))
    jobs = [command for command in monitor.said if command in JOBS]
    assert jobs == ["blockdev-create", "blockdev-create", "snapshot-save"]
    assert monitor.said.count("job-dismiss") == 3


def test_job_that_fails_is_a_failure_with_its_words() -> None:
    """Lose this and a build that cannot load what was saved passes, with a guest that was never loaded."""
    with pytest.raises(HotPatchFailure, match="it is of another version") as failure:
        restoring.load(machine(ScriptedMonitor(fails="load")))
    assert (failure.value.check, failure.value.cause) == ("saved", "it is of another version")


def test_refused_job_is_a_failure_too() -> None:
    """Lose this and a build that refuses to load a snapshot ends the run of the suite."""
    with pytest.raises(
        HotPatchFailure, match=r"`snapshot-load` on the destination \(new\): .*no such snapshot"
    ):
        restoring.load(machine(ScriptedMonitor(refuses="snapshot-load")))


def test_command_that_the_old_build_does_not_know_is_unsupported() -> None:
    """Lose this and guests of QEMU before 6.0 are stranded by a snapshot that nobody can have taken."""
    source = machine(ScriptedMonitor(lacks="snapshot-save"))
    source.side = "source"
    with pytest.raises(Unsupported, match="the QEMU of new has no `snapshot-save`"):
        restoring.save(source)


def test_command_that_the_new_build_does_not_know_is_a_failure() -> None:
    """Lose this and a new build that can load no snapshot any more passes."""
    with pytest.raises(HotPatchFailure, match="has not been found"):
        restoring.load(machine(ScriptedMonitor(lacks="snapshot-load")))
