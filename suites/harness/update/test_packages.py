# SPDX-License-Identifier: Apache-2.0
"""Which way packages go, and what the program does that interrupts dpkg."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fixtures.builds.debian_system import DebianSystem
from fixtures.builds.lockfile import LockedPackage
from fixtures.errors import RigError, Unsupported
from fixtures.hosts.output import Ran
from fixtures.update import interruption
from fixtures.update.packages import goes_back, replace_packages


def system(qemu: str, seabios: str = "1.16.3-2", libc: str = "2.41-12") -> DebianSystem:
    """A system with these versions."""
    versions = {"qemu-system-x86": qemu, "seabios": seabios, "libc6": libc}
    packages = {name: LockedPackage(version, "") for name, version in versions.items()}
    place = Path("/nowhere")
    return DebianSystem("a build", place, place, packages, ("qemu-system-x86", "seabios"), ())


@pytest.mark.parametrize(
    "old, new, back",
    [
        pytest.param(system("1:10.0.13-1"), system("1:11.1.3-1~bpo13+1"), False, id="update"),
        pytest.param(system("1:11.1.3-1~bpo13+1"), system("1:10.0.13-1"), True, id="back"),
        pytest.param(system("1:10.0.13-1"), system("1:10.0.13-1"), False, id="the-same"),
        pytest.param(system("1:7.2-1", "1.17"), system("1:7.2-1", "1.16"), True, id="firmware-back"),
        pytest.param(system("1:9.2-1", "1.17"), system("1:10.0-1", "1.16"), False, id="qemu-decides"),
    ],
)
def test_direction_is_that_of_the_first_package(old: DebianSystem, new: DebianSystem, *, back: bool) -> None:
    """Lose this and apt is asked for an upgrade where packages are to go back, and does nothing."""
    assert goes_back(old, new) is back


def test_nothing_goes_back_to_an_older_release() -> None:
    """Lose this and an update is blamed because Debian cannot be downgraded to its last release."""
    with pytest.raises(Unsupported, match=r"libc6 2\.41 to 2\.36.*Debian does not support"):
        goes_back(system("1:10.0-1"), system("1:7.2-1", libc="2.36-9+deb12u10"))


class IdleApt:
    """A host on which apt finds nothing to do."""

    def __init__(self, root: Path) -> None:
        self.root, self.system = root, system("1:10.0.13-1")
        for directory in ("var/log", "etc/apt"):
            (root / directory).mkdir(parents=True)

    def must(self, *_argv: str) -> str:
        """It succeeds, and says nothing."""
        return ""

    def run(self, *_argv: str, seconds: float) -> Ran:
        """It succeeds."""
        assert seconds
        return Ran(0, "0 upgraded", "")


@pytest.fixture
def idle(tmp_path: Path) -> Any:
    """One whose packages are all new already."""
    return IdleApt(tmp_path / "root")


def test_apt_that_replaces_nothing_is_no_update(idle: Any, tmp_path: Path) -> None:
    """Lose this and a round without an update says that guests outlive it."""
    with pytest.raises(RigError, match="replaced no package"):
        replace_packages(idle, system("1:11.1.3-1"), tmp_path / "said")


def test_nothing_may_be_left_to_do_after_an_interrupted_update(idle: Any, tmp_path: Path) -> None:
    """Lose this and a pair with few packages, which `apt -f install` completes, has no verdict."""
    assert replace_packages(idle, system("1:11.1.3-1"), tmp_path / "said", begun=True).packages == ()


@pytest.mark.parametrize(
    "file, killed",
    [
        ("/tmp/apt/12-qemu-system-x86_1%3a10.deb", True),
        ("/srv/update/./qemu-system-x86_1%3a10.deb", True),
        ("/srv/update/./qemu-system-x86-xen_1%3a10.deb", False),
        ("/srv/update/./seabios_1.16.deb", False),
    ],
)
def test_dpkg_is_killed_at_the_package_of_qemu_only(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """Lose this and an interrupted update is one that was never begun, or that was completed."""
    script = interruption.READER.replace(interruption.BEFORE, str(tmp_path)).replace(
        "/usr/bin/dpkg-deb", "true"
    )
    reader = tmp_path / "dpkg-deb"
    reader.write_text(script)
    reader.chmod(0o755)
    dpkg = f"{reader} --control {file} /x; echo dpkg goes on"
    apt = f"sh -c '{dpkg}'; echo apt goes on"
    ran: Any = subprocess.run(
        ["sh", "-c", apt], capture_output=True, text=True, check=False, timeout=20, env=dict(os.environ)
    )
    assert ("apt goes on" in ran.stdout) is not killed
    assert ("dpkg goes on" in ran.stdout) is not killed
    assert (tmp_path / "killed").exists() is killed
