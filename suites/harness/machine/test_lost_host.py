# SPDX-License-Identifier: Apache-2.0
"""A host that is lost while it starts a QEMU: nothing of this machine stays open."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.builds.build import Build
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.hosts.emulated.connection import HostLost
from fixtures.hosts.interface import Inherited, Process, Program
from fixtures.hosts.local import LOCAL
from fixtures.machine import qmp_machine
from fixtures.machine.host import HostSetup
from fixtures.machine.probe import _ask
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.matrix.guestspec import GuestSpec
from fixtures.still.machine import StillMachine, StillSpec
from suites.harness.support.fake_qemu import fake_build

SPEC = GuestSpec("x86_64", "pc-q35-9.0", 1, "idle", "bare", 0)
LOST = "the emulated host is lost: its QEMU has ended"


class LosingHost:
    """This machine until it is lost: before it starts a program, or when that program's end is awaited."""

    def __init__(self, *, at_start: bool) -> None:
        self.at_start = at_start
        self.sockets: list[socket.socket] = []
        self.started: list[Process] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(LOCAL, name)

    def stream(self) -> tuple[socket.socket, Inherited]:
        """See :class:`fixtures.hosts.interface.ProgramHost`."""
        ours, theirs = LOCAL.stream()
        self.sockets.append(ours)
        return ours, theirs

    def start(self, program: Program) -> Process:
        """See :class:`fixtures.hosts.interface.ProgramHost`."""
        if self.at_start:
            raise HostLost(LOST)
        self.started.append(LOCAL.start(program))
        return self.started[-1]


def start_qemu(host: Any, build: Build, place: Path) -> None:
    """The QEMU of a guest."""
    with attempt_dir() as scratch:
        setup = HostSetup(place, place, "tcg", programs=host).at(scratch)
        QmpMachine.start(build, SPEC, setup, "source", incoming=False)


def start_still(host: Any, build: Build, place: Path) -> None:
    """A QEMU that runs no guest."""
    StillMachine(build, StillSpec("x86_64", (), host), place, "source", incoming=False)


def ask(host: Any, build: Build, _place: Path) -> None:
    """A QEMU that is asked what it offers."""
    _ask(build, "x86_64", host)


@pytest.mark.parametrize("start", [start_qemu, start_still, ask])
def test_host_that_is_lost_before_a_start(start: Callable[[Any, Build, Path], None], tmp_path: Path) -> None:
    """Lose this and a cell that gets another host fails, because pytest finds sockets that stayed open."""
    host = LosingHost(at_start=True)
    with pytest.raises(HostLost):
        start(host, fake_build(tmp_path, "time.sleep(60)"), tmp_path)
    assert host.sockets
    assert all(each.fileno() == -1 for each in host.sockets)


@pytest.fixture
def host_lost_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[LosingHost]:
    """A host that starts a QEMU and is lost when its end is awaited."""
    host = LosingHost(at_start=False)

    def lost(_machine: QmpMachine) -> str:
        raise HostLost(LOST)

    monkeypatch.setattr(QmpMachine, "last_words", lost)
    monkeypatch.setattr(qmp_machine, "START_SECONDS", 1.0)
    yield host
    for process in host.started:
        process.kill()


def test_host_that_is_lost_while_qemu_comes_up(host_lost_while_it_waits: LosingHost, tmp_path: Path) -> None:
    """Lose this and the files of such a QEMU's output stay open."""
    with pytest.raises(HostLost):
        start_qemu(host_lost_while_it_waits, fake_build(tmp_path, "time.sleep(60)"), tmp_path)
    assert all(each.ended is not None for each in host_lost_while_it_waits.started)
    assert all(each.fileno() == -1 for each in host_lost_while_it_waits.sockets)
