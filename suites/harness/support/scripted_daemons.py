# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802, D102 - libvirt names and documents these methods
"""Two libvirt daemons without QEMU: guests that move between them as a test has scripted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import libvirt

from fixtures.operator.guests import Definition, Guest
from suites.harness.support.libvirt_errors import error_of

LONGEST = 10.0
"""Seconds after which a migration for whose end nobody cares ends all the same."""
UUID = "0b6e1bf4-0000-4000-8000-00000000000{}"
MIGRATING = libvirt.VIR_DOMAIN_PAUSED_MIGRATION
OLD, NEW = 1000, 2000
"""Processes of QEMU that began before the update, and after it."""
CAPABILITIES = """<capabilities><host><uuid>{uuid}</uuid>
<secmodel><model>dac</model><baselabel type='kvm'>+{user}:+{user}</baselabel></secmodel>
</host></capabilities>"""


@dataclass
class ScriptedGuest:
    """A guest that one of the daemons runs."""

    name: str = "web"
    uuid: str = UUID.format(1)
    devices: str = ""
    memory_mib: int = 64
    persistent: bool = True
    autostart: bool = True
    state: int = libvirt.VIR_DOMAIN_RUNNING
    reason: int = 1
    """Why it has that state."""
    moves_out: bool = False
    """Is it the source of a move that has begun as a postcopy?"""
    snapshots: int = 0
    worked_on: tuple[str, ...] = ()
    """Disks with a job."""
    job: int = libvirt.VIR_DOMAIN_JOB_NONE
    """The kind of its job."""
    restored: bool = False
    """Does libvirt load it from a file?"""
    arrives: bool = False
    """Is this the destination of a move that goes on?"""
    refuses: dict[str, int] = field(default_factory=dict)
    """The errors of libvirt when it is asked for the jobs of these disks."""
    more: str = ""

    @property
    def xml(self) -> str:
        """Its definition, live and kept."""
        return (
            f"<domain type='kvm'><name>{self.name}</name><uuid>{self.uuid}</uuid>"
            f"<memory unit='KiB'>{self.memory_mib * 1024}</memory>{self.more}"
            f"<devices>{self.devices}</devices></domain>"
        )


@dataclass
class Migration:
    """What a migration does until it ends."""

    fails: str = ""
    """Its error; the guest stays."""
    needs_postcopy: bool = False
    """It ends only once postcopy has been started, or it was aborted."""
    refuses_postcopy: bool = False
    """libvirt does not begin a postcopy."""
    waits_in_vain: bool = False
    """Once postcopy has been started, the destination has the guest paused, and it does not end."""
    switches: Callable[[], None] = lambda: None
    """Called when postcopy has been started."""
    begins: Callable[[], None] | None = None
    """Called when it begins."""
    aborted: threading.Event = field(default_factory=threading.Event)
    switched: threading.Event = field(default_factory=threading.Event)


class ScriptedDaemon:
    """A daemon with its guests, and its answers to what the operator's command asks."""

    def __init__(self, root: Path, run: Path) -> None:
        """`root`: where the kernel's files are; `run`: this daemon's /run/libvirt below it."""
        self.root = root
        self.pids = root / run.relative_to("/") / "qemu"
        self.peers: dict[str, ScriptedDaemon] = {}
        self.active: dict[str, ScriptedGuest] = {}
        self.defined: dict[str, ScriptedGuest] = {}
        self.migrations: list[Migration] = []
        """What the next migrations from here do, in order; by default they succeed."""
        self.arrived: list[dict[str, Any]] = []
        """The parameters of each migration that brought a guest here."""
        self.flags: list[int] = []
        """The flags of each migration that left from here."""
        self.dead = False

    def runs(self, guest: ScriptedGuest, pid: int = OLD) -> ScriptedGuest:
        """Let it run here, as this process."""
        self.active[guest.uuid] = guest
        self.pids.mkdir(parents=True, exist_ok=True)
        (self.pids / f"{guest.name}.pid").write_text(str(pid))
        process = self.root / f"proc/{pid}"
        process.mkdir(parents=True, exist_ok=True)
        (process / "exe").touch()
        return guest

    def loses(self, guest: ScriptedGuest) -> None:
        """Let it end here: its process is gone."""
        del self.active[guest.uuid]
        (self.pids / f"{guest.name}.pid").unlink()

    def check(self) -> None:
        """Raise what a client gets of a daemon that has died."""
        if self.dead:
            raise error_of(libvirt.VIR_ERR_INTERNAL_ERROR, "client socket is closed")

    def getCapabilities(self) -> str:
        self.check()
        return CAPABILITIES.format(uuid="1", user=64055)

    def getVersion(self) -> int:
        return 10_000_000

    def getLibVersion(self) -> int:
        self.check()
        return 11_003_000

    def isAlive(self) -> int:
        return int(not self.dead)

    def numOfDomains(self) -> int:
        self.check()
        return len(self.active)

    def close(self) -> None:
        """Nothing to close."""

    def listAllDomains(self, _flags: int) -> list[ScriptedDomain]:
        self.check()
        return [ScriptedDomain(self, guest) for guest in self.active.values()]

    def lookupByUUIDString(self, uuid: str) -> ScriptedDomain:
        self.check()
        guest = self.active.get(uuid) or self.defined.get(uuid)
        if guest is None:
            raise error_of(libvirt.VIR_ERR_NO_DOMAIN, "no domain with matching uuid")
        return ScriptedDomain(self, guest)


class ScriptedDomain:
    """A guest as one daemon shows it."""

    def __init__(self, daemon: ScriptedDaemon, guest: ScriptedGuest) -> None:
        self._daemon = daemon
        self._guest = guest

    def name(self) -> str:
        return self._guest.name

    def UUIDString(self) -> str:
        return self._guest.uuid

    def XMLDesc(self, _flags: int) -> str:
        return self._guest.xml

    def isActive(self) -> int:
        self._daemon.check()
        return int(self._guest.uuid in self._daemon.active)

    def isPersistent(self) -> int:
        return int(self._guest.uuid in self._daemon.defined)

    def autostart(self) -> int:
        return int(self._guest.autostart)

    def state(self) -> list[int]:
        self._daemon.check()
        active = self._guest.uuid in self._daemon.active
        return [self._guest.state, self._guest.reason] if active else [libvirt.VIR_DOMAIN_SHUTOFF, 1]

    def snapshotNum(self) -> int:
        return self._guest.snapshots

    def listAllCheckpoints(self) -> list[object]:
        return []

    def blockJobInfo(self, disk: str) -> dict[str, int]:
        if self._guest.arrives or self._guest.restored:
            raise error_of(libvirt.VIR_ERR_OPERATION_TIMEOUT, "cannot acquire state change lock")
        if disk in self._guest.refuses:
            raise error_of(self._guest.refuses[disk])
        return {"type": 1} if disk in self._guest.worked_on else {}

    def jobInfo(self) -> list[int]:
        if self._guest.arrives:
            raise error_of(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "only available on the source host")
        if self._guest.restored:
            raise error_of(libvirt.VIR_ERR_OPERATION_TIMEOUT, "cannot acquire state change lock")
        return [self._guest.job]

    def jobStats(self) -> dict[str, int]:
        out = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        return {"operation": out if self._guest.moves_out else libvirt.VIR_DOMAIN_JOB_OPERATION_UNKNOWN}

    def abortJob(self) -> None:
        if self._guest.moves_out:
            raise error_of(libvirt.VIR_ERR_OPERATION_INVALID, "cannot abort migration in post-copy mode")
        self._running.aborted.set()

    def migrateStartPostCopy(self, _flags: int) -> None:
        if self._running.refuses_postcopy:
            raise error_of(libvirt.VIR_ERR_OPERATION_INVALID, "post-copy is not possible now")
        self._running.switched.set()

    def migrateToURI3(self, uri: str, parameters: dict[str, Any], flags: int) -> None:
        """Move as the script says. Raises what libvirt raises."""
        daemon, guest = self._daemon, self._guest
        daemon.flags.append(flags)
        self._running = migration = daemon.migrations.pop(0) if daemon.migrations else Migration()
        if migration.begins is not None:
            migration.begins()
        if migration.needs_postcopy:
            waiting = threading.Event()
            for _ in range(round(LONGEST / 0.01)):
                if migration.aborted.is_set() or migration.switched.is_set() or waiting.wait(0.01):
                    break
        if migration.switched.is_set():
            migration.switches()
        if migration.aborted.is_set():
            raise error_of(libvirt.VIR_ERR_OPERATION_ABORTED, "migration out job: canceled by client")
        if migration.fails:
            raise error_of(libvirt.VIR_ERR_OPERATION_FAILED, migration.fails)
        there = daemon.peers[uri]
        if migration.waits_in_vain:
            guest.moves_out = True
            waits = replace(guest, state=libvirt.VIR_DOMAIN_PAUSED, reason=MIGRATING, moves_out=False)
            there.runs(waits, NEW)
            migration.aborted.wait(LONGEST)
            return
        there.arrived.append(parameters)
        daemon.loses(guest)
        there.runs(guest, NEW)


def outdated(_root: Path, pid: int) -> tuple[str, ...]:
    """Stands in for :func:`fixtures.operator.host.why_not_current`."""
    return ("/usr/bin/qemu-system-x86_64",) if pid == OLD else ()


def running_guest(devices: str = "", more: str = "") -> Guest:
    """A running guest with these devices."""
    namespace = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
    return Guest(
        name="web",
        uuid="1",
        xml=f"<domain {namespace}><name>web</name>{more}<devices>{devices}</devices></domain>",
        state=libvirt.VIR_DOMAIN_RUNNING,
        definition=Definition(persistent=False, autostart=False, xml=""),
        pid=1,
        outdated=("/usr/bin/qemu",),
        bridges={"52:54:00:00:00:01": "virbr0"},
        snapshots=0,
        checkpoints=0,
        job=False,
    )
