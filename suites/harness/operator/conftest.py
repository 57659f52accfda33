# SPDX-License-Identifier: Apache-2.0
"""A host with two scripted daemons, on which the operator's command runs."""

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from fixtures.operator import guests as guests_module
from fixtures.operator import where as where_module
from fixtures.operator.command import Command
from fixtures.operator.guests import RUN
from fixtures.operator.layout import Layout
from fixtures.operator.trouble import Trouble
from fixtures.operator.words import Printer
from suites.harness.support.scripted_daemons import UUID, ScriptedDaemon, ScriptedGuest, outdated

HOME_URI, AWAY_URI = "home", "away"
AVAILABLE_MIB = 4096


class ScriptedSecond:
    """Stands in for :class:`fixtures.operator.second.SecondDaemon`."""

    home_uri = HOME_URI

    def __init__(self, host: "ScriptedHost") -> None:
        self._host = host
        self.layout = host.layout
        self.connection: ScriptedDaemon | None = None
        self._runs = bool(host.away.active)

    @property
    def uri(self) -> str:
        """Its URI, as long as the host's own daemon has a socket."""
        if not self._host.serves:
            raise Trouble("neither virtqemud nor libvirtd serves this host")
        return AWAY_URI

    @property
    def pid(self) -> int | None:
        """Its process."""
        return 77 if self._runs and not self._host.away.dead else None

    @property
    def alive(self) -> bool:
        """Does it answer?"""
        return self.connection is not None and not self._host.away.dead

    def open(self) -> ScriptedDaemon:
        """Start it."""
        self._host.starts()
        if self._host.away.dead and not self._host.revives:
            raise Trouble("the second daemon does not start: no")
        self._host.away.dead, self._runs = False, True
        return self.reach()

    def reach(self) -> ScriptedDaemon:
        """Connect to it."""
        self.connection = self._host.away
        return self.connection

    def end(self) -> None:
        """End it, if it has no guest."""
        if self.alive and not self._host.away.active:
            self._host.ended += 1


@dataclass
class ScriptedHost:
    """The host with its own daemon (`home`) and the second one (`away`)."""

    root: Path
    layout: Layout
    home: ScriptedDaemon
    away: ScriptedDaemon
    ended: int = 0
    """How often the second daemon was ended."""
    revives: bool = False
    """Does a second daemon that has died start again?"""
    serves: bool = True
    """Has the host's own daemon a socket?"""
    postcopy: bool = True
    """Is postcopy asked for?"""
    starts: Callable[[], None] = lambda: None
    """Called when the second daemon is opened."""

    def other(self) -> ScriptedGuest:
        """A second guest, a transient one, whose turn comes after `web`."""
        return self.home.runs(ScriptedGuest("xen", UUID.format(2), persistent=False))

    def command(self, seconds: float = 5.0, *names: str) -> tuple[Command, io.StringIO]:
        """A command on this host, and what it prints."""
        output = io.StringIO()
        printer = Printer(Console(file=output, width=300, highlight=False))
        home = cast("Any", self.home)
        second = cast("Any", ScriptedSecond(self))
        return Command(home, second, printer, seconds, self.postcopy, names, self.root), output

    def go(self, seconds: float = 5.0) -> tuple[int, str]:
        """Exit status and output of `--go`."""
        command, output = self.command(seconds)
        return command.go(), output.getvalue()


def squeezed(output: str) -> str:
    """What was printed with single spaces, so that tables can be searched."""
    return re.sub(r"[ │]+", " ", output)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedHost:
    """A host without guests."""
    monkeypatch.setattr(guests_module, "why_not_current", outdated)
    monkeypatch.setattr(where_module, "why_not_current", outdated)
    monkeypatch.setattr(os, "chown", lambda *_: None)
    root = tmp_path / "root"
    (root / "proc/sys/vm").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemAvailable: {AVAILABLE_MIB * 1024} kB\n")
    (root / "proc/sys/vm/unprivileged_userfaultfd").write_text("1\n")
    layout = Layout(root / "state", root / "volatile")
    away_run = Path("/") / layout.run.relative_to(root)
    layout.run = away_run
    home, away = ScriptedDaemon(root, RUN), ScriptedDaemon(root, away_run)
    home.peers, away.peers = {AWAY_URI: away}, {HOME_URI: home}
    made = ScriptedHost(root, layout, home, away)
    layout.make = lambda: _make(root, layout)  # type: ignore[method-assign]
    return made


def _make(root: Path, layout: Layout) -> None:
    for folder in (layout.state / "home", layout.state / "guests", layout.volatile):
        folder.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def web(host: ScriptedHost) -> ScriptedGuest:
    """A persistent guest that runs on the host under the QEMU from before the update."""
    guest = host.home.runs(ScriptedGuest())
    host.home.defined[guest.uuid] = guest
    return guest
