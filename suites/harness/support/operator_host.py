# SPDX-License-Identifier: Apache-2.0
"""A booted host with guests, on which the operator's command runs as its operator would run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from fixtures.builds.debian_system import DebianSystem
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.output import Ran
from fixtures.places import ROOT
from fixtures.update.installed_host import InstalledHost
from fixtures.update.packages import ARCHIVE
from fixtures.waiting import Deadline, comes_true

RIG = "/rig"
"""Where the host sees this machine: its Python, which the host lacks, and this checkout."""
PYTHON = "usr/local/bin/hotpatch-python"
IMAGES = "var/lib/libvirt/images"
QEMU = "usr/bin/qemu-system-x86_64"
COMMAND_SECONDS = 400.0
EVENT_SECONDS = 120.0


@dataclass
class OperatorHost:
    """The host. `start` makes guests, `command` runs the command."""

    host: InstalledHost

    def file(self, path: str) -> Path:
        """A file of the host, as this machine sees it. `path` has no slash at its begin."""
        return self.host.root / path

    def start(self, name: str, devices: str = "", *, memory_mib: int = 64, transient: bool = False) -> None:
        """Define and start a guest without an operating system; with autostart if it is persistent."""
        with self.file(f"{IMAGES}/{name}.img").open("wb") as image:
            image.truncate(1 << 20)
        disk = f"<source file='/{IMAGES}/{name}.img'/><target dev='vda' bus='virtio'/>"
        xml = (
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory_mib}</memory>"
            f"<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/{QEMU}</emulator>"
            f"<disk type='file'><driver name='qemu' type='raw'/>{disk}</disk>{devices}</devices></domain>"
        )
        self.file(f"tmp/{name}.xml").write_text(xml)
        if transient:
            self.virsh("create", f"/tmp/{name}.xml")
            return
        self.virsh("define", f"/tmp/{name}.xml")
        self.virsh("autostart", name)
        self.virsh("start", name)

    def virsh(self, *arguments: str) -> str:
        """What virsh prints. Raises :class:`RigError` if it fails."""
        return self.host.must("virsh", *arguments).strip()

    def runs(self, name: str) -> bool:
        """Does the host's own daemon run this guest?"""
        return self.virsh("domstate", name) == "running"

    def definition(self, name: str) -> str:
        """What the host's own daemon keeps of it."""
        kept = self.virsh("dominfo", name).splitlines()
        flags = [line for line in kept if line.startswith(("Persistent", "Autostart"))]
        return "\n".join([*flags, self.virsh("dumpxml", "--inactive", "--security-info", name)])

    def owner(self, name: str) -> tuple[int, dict[str, bytes]]:
        """The owner of the guest's image, and what libvirt remembers in its attributes.

        Without the time at which the host was booted: each daemon computes it anew, a second more or less.
        """
        image = self.file(f"{IMAGES}/{name}.img")
        kept = [each for each in os.listxattr(image) if "timestamp" not in each]
        return image.stat().st_uid, {each: os.getxattr(image, each) for each in kept}

    def replace_qemu(self) -> None:
        """Replace the file of QEMU by an equal one, as dpkg does: written beside it, then renamed."""
        old = self.file(QEMU)
        new = old.with_name(f"{old.name}.dpkg-new")
        new.write_bytes(old.read_bytes())
        new.chmod(0o755)
        new.rename(old)

    def python(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> Ran:
        """Run this machine's Python on the host."""
        return self.host.run(f"/{PYTHON}", *arguments, seconds=seconds)

    def command(self, *options: str) -> Ran:
        """Run the operator's command to its end."""
        return self.python("-u", "-m", "fixtures.operator", *options)

    @contextmanager
    def running(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """The operator's command while it runs."""
        line = [*self.host.enters(), f"/{PYTHON}", "-u", "-m", "fixtures.operator", *options]
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            yield process

    def signal(self, number: signal.Signals, *words: str) -> None:
        """Send a signal to the process of the host whose command line has these words."""
        # What was started through nsenter(1) is no child of the host's service manager.
        own = Path(f"/proc/{self.host.pid}/ns/pid").readlink()
        found = []
        for process in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                if Path(f"/proc/{process.pid}/ns/pid").readlink() == own and set(words) <= set(
                    process.cmdline()
                ):
                    found.append(process.pid)
        [pid] = found
        os.kill(pid, number)

    def awaits(self, name: str, *, home: bool, away: bool) -> None:
        """Wait until this is so of the guest's PID files: of the host's own daemon, and of the second one."""
        pid_files = {
            self.file(f"run/libvirt/qemu/{name}.pid"): home,
            self.file(f"run/qemu-hotpatch/run/qemu/{name}.pid"): away,
        }
        assert comes_true(
            lambda: all(file.exists() == wanted for file, wanted in pid_files.items()),
            Deadline.after(EVENT_SECONDS),
            every=0.01,
        ), f"{name} was not home={home}, away={away}"


@contextmanager
def operator_host(
    system: DebianSystem, update: DebianSystem, *, own_kernel: bool = False
) -> Iterator[OperatorHost]:
    """A booted host of `system` that finds the packages of `update`. `own_kernel`: as :class:`InstalledHost`.

    Raises :class:`Unsupported` if this machine cannot boot one.
    """
    shown = {Path("/"): RIG, update.debs: ARCHIVE}
    with attempt_dir() as place, InstalledHost(system, place, shown, own_kernel=own_kernel) as host:
        made = OperatorHost(host)
        launcher = made.file(PYTHON)
        launcher.parent.mkdir(parents=True, exist_ok=True)
        launcher.write_text("\n".join(_launcher()) + "\n")
        launcher.chmod(0o755)
        yield made


def _launcher() -> Sequence[str]:
    """A script that runs this Python with this machine's libraries, on a host that may have others."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    mapped = [Path(line.split(maxsplit=5)[5]) for line in maps if ".so" in line]
    loader = next(file for file in mapped if file.name.startswith(("ld-linux", "ld64")))
    python = Path(sys.executable).resolve()
    libraries = dict.fromkeys(f"{RIG}{file.parent}" for file in mapped)
    modules = [ROOT, Path(sysconfig.get_path("purelib"))]
    return (
        "#!/bin/sh",
        f"export PYTHONHOME={RIG}{sys.base_prefix} PYTHONDONTWRITEBYTECODE=1",
        f"export PYTHONPATH={':'.join(f'{RIG}{module.resolve()}' for module in modules)}",
        f'exec {RIG}{loader} --argv0 "$0" --library-path {":".join(libraries)} {RIG}{python} "$@"',
    )
