# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for emulated hosts, and for the builds of a pair."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.schema import Matrix, Pair
from fixtures.qualify.venue import Venue
from fixtures.qualify.venues import Venues

PAIR = Pair(old="debian-12", new="debian-13")
OLD, NEW = (Build(name, Sandbox(Path(f"/{name}")), {}) for name in (PAIR.old, PAIR.new))
Made = Callable[..., Venues]
STRETCH = 7.0


class Hosts:
    """Stand-ins for emulated hosts, and for all that they need."""

    def __init__(self) -> None:
        self.booted: list[str] = []
        self.lacks: tuple[str, ...] = ()
        """Builds that cannot be had for another architecture."""
        self.offline = False
        """True if no build can be made for another architecture."""
        self.opened: list[tuple[str, str]] = []

    def open_build(self, _matrix: Matrix, name: str, *, host_arch: str = "amd64", **_more: Any) -> Build:
        """A build that is never run."""
        if name in self.lacks and host_arch != "amd64":
            raise Unsupported(f"build {name}:{host_arch}: gone")
        if self.offline and host_arch != "amd64":
            raise UsageError("the Debian mirror cannot be reached")
        self.opened.append((name, host_arch))
        return Build(name, Sandbox(Path(f"/{host_arch}/{name}")), {})

    def boot(self, _emulator: Build, arch: str, _image: Path, **_more: Any) -> Any:
        """A host that is never asked anything."""
        self.booted.append(arch)
        lives = SimpleNamespace(lost=None)
        return SimpleNamespace(kind="emulated", stretch=STRETCH, connection=lives, close=lambda: None)


def of(venues: Venues, arch: Any, path: str = "qmp") -> Venue:
    """Where guests of these two builds run."""
    return venues.of(arch, path, OLD, NEW)
