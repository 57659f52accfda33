# SPDX-License-Identifier: Apache-2.0
"""One guest, migrated into the memory of this process, from where it is replayed many times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from fixtures.attempt.attempt import Attempt, Setting
from fixtures.guest.examination import Before
from fixtures.guest.guest import Guest
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.path.qmp.saving import saved, sent


@dataclass(frozen=True)
class Capture:
    """A guest that its source has stopped."""

    setting: Setting
    guest: Guest
    """As it was; its machine has ended, and the machine's channels keep what it said."""
    source: QmpMachine
    before: Before
    stream: bytes
    """The whole stream of its migration."""
    disks: dict[str, bytes]
    """Its disks by file name."""
    stopped: float
    """When the source stopped the guest, in host monotonic seconds."""
    runstate: str = "paused"
    """Its state when the migration began, which a destination gives it."""


def captured(setting: Setting, *, live: bool = False) -> Capture:
    """Boot a guest under the old build, make it work, and capture it: stopped, or `live` in a precopy."""
    with Attempt(setting) as attempt:
        guest, source = attempt.guest, attempt.machine
        guest.works()
        before = Before.of(guest)
        if live:
            stream = sent(source, setting.plan, source.process.kill)
        else:
            source.monitor.execute("stop")
            stream = saved(source, setting.plan)
        stopped = min(event.at for event in source.monitor.events if event.name == "STOP")
        disks = _disks(setting, source.host.attempt_dir)
        runstate = "running" if live else "paused"
        return Capture(setting, guest, source, before, stream, disks, stopped, runstate)


def one_way(plan: MigrationPlan) -> MigrationPlan:
    """The same without a return path: nobody listens to what a destination answers to a replay."""
    return replace(plan, capabilities=tuple(name for name in plan.capabilities if name != "return-path"))


def _disks(setting: Setting, directory: Path) -> dict[str, bytes]:
    names = [device.disk for device in setting.spec.devices if device.disk]
    return {name: (directory / name).read_bytes() for name in names}
