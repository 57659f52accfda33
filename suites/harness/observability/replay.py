# SPDX-License-Identifier: Apache-2.0
"""Replays a captured guest with a changed stream, and makes every check of the suite."""

from __future__ import annotations

import copy
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from fixtures.attempt.attempt import Attempt
from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.checks import Check
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.interface import ProcessGone
from fixtures.machine.monitor import CommandRefused, MonitorClosed, MonitorSilent
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.path.interface import SOCKET_NAME, Move
from fixtures.path.qmp.saving import saved
from fixtures.path.qmp.transports import prepare
from fixtures.path.qmp.watch import error_lines, statuses
from fixtures.still.arrival import arrived_whole
from fixtures.waiting import Deadline, Late
from suites.harness.observability.capture import Capture, one_way
from suites.harness.observability.held_clock import HeldClock

LOAD = "load"
"""The check that fails if QEMU does not load the state."""
LOAD_SECONDS = 30.0
HANGS = (MonitorClosed, MonitorSilent, CommandRefused, Late, ProcessGone, OSError)
SIGNAL = 128
"""A shell's exit status for a signal is this plus its number."""
Part = bytes | memoryview
Result = TypeVar("Result")
How = Literal["unnoticed", "noticed", "refused", "crashed"]


@dataclass(frozen=True)
class Ending:
    """How a replay ended."""

    how: How
    check: str = ""
    """The check that failed first."""
    detail: str = ""


@dataclass(frozen=True)
class Replayer:
    """Replays one capture again and again, one replay at a time."""

    capture: Capture
    clock: HeldClock
    evidence: Path

    def replay(
        self, ram: Sequence[Part], state: Callable[[], bytes], unchanged: Callable[[], bytes] | None
    ) -> Ending:
        """Load RAM and device state into a new QEMU and check the guest.

        Before it goes on, its state is compared with the stream that `unchanged` returns, unless that is
        None. Both are called after the clock was set back, because some of the state depends on its age.
        """
        with ExitStack() as stack:
            attempt, destination = self._started(stack)

            def checked() -> Ending:
                move = self._load(attempt, destination, ram, state)
                if unchanged is not None:
                    arrived = saved(destination, self.capture.setting.plan)
                    attempt.demand(attempt.record(arrived_whole(unchanged(), arrived)))
                destination.monitor.execute("cont")
                attempt.proved(self.capture.before, move)
                check = examined(attempt.guest)
                return Ending("unnoticed") if check else _ending(destination, check.name, check.detail)

            return _result_of(checked, destination)

    def arrived(self, ram: Sequence[Part], state: Callable[[], bytes]) -> bytes | Ending:
        """Load RAM and device state, and return what the new QEMU then has; it never runs the guest."""
        with ExitStack() as stack:
            attempt, destination = self._started(stack)

            def loaded() -> bytes:
                self._load(attempt, destination, ram, state)
                return saved(destination, self.capture.setting.plan)

            return _result_of(loaded, destination)

    def asked(
        self, ram: Sequence[Part], state: Callable[[], bytes], question: Callable[[Guest], Result]
    ) -> Result | Ending:
        """Load RAM and device state, let the guest go on, and return what it answers."""
        with ExitStack() as stack:
            attempt, destination = self._started(stack)

            def answered() -> Result:
                self._load(attempt, destination, ram, state)
                destination.monitor.execute("cont")
                return question(attempt.guest)

            return _result_of(answered, destination)

    def _started(self, stack: ExitStack) -> tuple[Attempt, QmpMachine]:
        """A QEMU that waits for the guest, with the guest's disks as they were."""
        setting = self.capture.setting
        place = stack.enter_context(attempt_dir())
        for name, content in self.capture.disks.items():
            (place / name).write_bytes(content)
        attempt = Attempt(setting)
        attempt.guest = _guest_again(self.capture, attempt.record)
        host = replace(setting.host, evidence=self.evidence).at(place)
        destination = QmpMachine.start(setting.new, setting.spec, host, "destination", incoming=True)
        stack.callback(destination.close)
        return attempt, destination

    def _load(
        self, attempt: Attempt, destination: QmpMachine, ram: Sequence[Part], state: Callable[[], bytes]
    ) -> Move:
        """Send everything, and wait until the destination has the guest. Raises `_NotLoaded`."""
        path = destination.host.attempt_dir / SOCKET_NAME
        prepare(destination, one_way(self.capture.setting.plan))
        destination.monitor.execute("migrate-incoming", uri=f"unix:{path}")
        with socket.socket(socket.AF_UNIX) as stream, suppress(BrokenPipeError, ConnectionResetError):
            stream.settimeout(LOAD_SECONDS)
            stream.connect(str(path))
            for part in ram:
                stream.sendall(part)
            self.clock.back_to(self.capture.stopped)
            stream.sendall(state())
        try:
            destination.monitor.signal.wait_for(
                lambda: _loaded(destination),
                Deadline.after(LOAD_SECONDS),
                what="the end of the load",
                last_seen=lambda: ", ".join(statuses(destination)),
            )
        except Late as error:
            raise _NotLoaded(str(error)) from error
        return self._move(attempt, destination)

    def _move(self, attempt: Attempt, destination: QmpMachine) -> Move:
        """Record that the guest has moved. Raises :class:`HotPatchFailure` if it is not as it was sent."""
        attempt.guest.moved_to(destination)
        now = destination.status()
        sent = self.capture.runstate
        check = attempt.record(Check("runstates", now == sent, f"destination {now}, not {sent}"))
        attempt.demand(check)
        plan, stopped = self.capture.setting.plan, self.capture.stopped
        return Move(plan.mechanism, self.capture.source, destination, stopped, time.monotonic(), [], None)


class _NotLoaded(Exception):
    """Internal: the destination did not load the stream."""


def _result_of(run: Callable[[], Result], destination: QmpMachine) -> Result | Ending:
    """What `run` returns, or how the replay ended if it raises what a changed stream can lead to."""
    try:
        return run()
    except _NotLoaded as error:
        return _not_loaded(destination, str(error))
    except HotPatchFailure as error:
        return _ending(destination, error.check, str(error))
    except HANGS as error:
        return _ending(destination, "hang", str(error))


def _loaded(destination: QmpMachine) -> bool | None:
    seen = statuses(destination)
    if "failed" in seen or destination.monitor.closed:
        raise _NotLoaded("; ".join(seen))
    return True if "completed" in seen else None


def _guest_again(capture: Capture, record: Callable[[Check], Check]) -> Guest:
    """The guest as it was when it was captured. Its source machine is not copied."""
    memo = {id(capture.source): capture.source, id(capture.guest._record): record}
    return copy.deepcopy(capture.guest, memo)


def _not_loaded(destination: QmpMachine, said: str) -> Ending:
    destination.process.wait(2.0)
    words = "; ".join(error_lines(destination.process.stderr())) or said
    return Ending("crashed" if _crashed(destination) else "refused", LOAD, words)


def _ending(destination: QmpMachine, check: str, detail: str) -> Ending:
    return Ending("crashed" if _crashed(destination) else "noticed", check, detail)


def _crashed(destination: QmpMachine) -> bool:
    status = destination.process.ended
    return status is not None and (status < 0 or status > SIGNAL)


def refuse_unclean(ending: Ending) -> None:
    """Raise :class:`RigError` if a replay without any change did not pass."""
    if ending.how != "unnoticed":
        raise RigError(f"the unchanged stream is {ending.how}: {ending.check}: {ending.detail}")
