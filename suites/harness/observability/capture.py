# SPDX-License-Identifier: Apache-2.0
"""One guest, migrated into the memory of this process, from where it is replayed many times."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

from fixtures.attempt.attempt import Attempt, Setting
from fixtures.errors import RigError
from fixtures.guest.examination import Before
from fixtures.guest.guest import Guest
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.path.qmp.transports import prepare
from fixtures.path.qmp.watch import statuses
from fixtures.waiting import Deadline

SECONDS = 90.0
CHUNK = 1 << 20


@dataclass(frozen=True)
class Capture:
    """A guest at the moment in which its source stopped it."""

    setting: Setting
    guest: Guest
    """As it was; its machine has ended, and the machine's channels keep what it said."""
    source: QmpMachine
    before: Before
    stream: bytes
    """The whole stream of its migration."""
    disks: dict[str, bytes]
    """Its disks by file name."""
    began: float
    stopped: float
    """When the migration began and when the source stopped the guest, in host monotonic seconds."""


def captured(setting: Setting) -> Capture:
    """Boot a guest under the old build, make it work, and capture it. Raises :class:`RigError`."""
    with Attempt(setting) as attempt:
        guest, source = attempt.guest, attempt.machine
        guest.works()
        before = Before.of(guest)
        path = source.host.attempt_dir / "capture.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            prepare(source, one_way(setting.plan))
            began = time.monotonic()
            received: list[bytes] = []
            reader = Thread(target=_receive, args=(listener, received), daemon=True)
            reader.start()
            source.monitor.execute("migrate", uri=f"unix:{path}")
            source.monitor.signal.wait_for(
                lambda: _end_of(source, began),
                Deadline.after(SECONDS),
                what="the end of the migration that is captured",
                last_seen=lambda: ", ".join(statuses(source, began)),
            )
            reader.join(SECONDS)
        if "completed" not in statuses(source, began):
            raise RigError(f"the guest cannot be captured: {source.last_words()}")
        stopped = max(event.at for event in source.monitor.events if event.name == "STOP")
        disks = _disks(setting, source.host.attempt_dir)
        return Capture(setting, guest, source, before, b"".join(received), disks, began, stopped)


def one_way(plan: MigrationPlan) -> MigrationPlan:
    """The same without a return path: nobody answers what is captured, or listens to what is replayed."""
    return replace(plan, capabilities=tuple(name for name in plan.capabilities if name != "return-path"))


def _end_of(source: QmpMachine, began: float) -> bool | None:
    ended = {"completed", "failed", "cancelled"}.intersection(statuses(source, began))
    return True if ended or source.monitor.closed else None


def _receive(listener: socket.socket, received: list[bytes]) -> None:
    connection, _ = listener.accept()
    with connection:
        while chunk := connection.recv(CHUNK):
            received.append(chunk)


def _disks(setting: Setting, directory: Path) -> dict[str, bytes]:
    names = [device.disk for device in setting.spec.devices if device.disk]
    return {name: (directory / name).read_bytes() for name in names}
