# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin that puts tampering proxies into moves through QMP or libvirt.

The environment variable :data:`ORDERS_FILE` names a file that says which moves (see
:mod:`suites.harness.support.tamper.rules`). What was done to a move is written beside the other evidence of
its destination.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, TypeVar

from fixtures.machine.interface import Machine
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.path.libvirt.domain import Domain
from fixtures.path.libvirt.path import LibvirtPath
from fixtures.path.qmp import transports
from suites.harness.support.tamper.done import Done
from suites.harness.support.tamper.mapped_ram import tamper_with_file
from suites.harness.support.tamper.pages import Pages
from suites.harness.support.tamper.proxy import Proxy
from suites.harness.support.tamper.rules import UNTOUCHED, Order, Tampering, read_orders
from suites.harness.support.tamper.takeover import Takeover

ORDERS_FILE = "HOTPATCH_TAMPER"
PROTOCOL = "tampered.json"
AnyMachine = TypeVar("AnyMachine", QmpMachine, Domain)


def pytest_configure() -> None:
    """Install what the file of orders asks for; nothing if there is none."""
    if file := os.environ.get(ORDERS_FILE):
        Tamperer(read_orders(Path(file))).install()


class Tamperer:
    """Tampers with the moves of this process."""

    def __init__(self, orders: tuple[Order, ...]) -> None:
        self._orders = orders
        self._close = QmpMachine.close
        self._close_domain = Domain.close
        self._begin = LibvirtPath.begin
        self._proxies: dict[int, Proxy | Takeover] = {}
        """By the identity of the destination, which lives as long as its proxy."""
        self._moves = 0

    def install(self) -> None:
        """Replace the functions that tell a source where to connect, and the end of a machine."""
        tamperer = self

        def close(machine: QmpMachine) -> None:
            tamperer.end(machine, tamperer._close)

        def close_domain(domain: Domain) -> None:
            tamperer.end(domain, tamperer._close_domain)

        def begin(path: LibvirtPath, destination: Domain, *more: Any, **named: Any) -> Future[Any]:
            tamperer.take_over(path, destination)
            return tamperer._begin(path, destination, *more, **named)

        transports.way = self.way
        transports.way_of_file = self.way_of_file
        QmpMachine.close = close  # type: ignore[assignment, method-assign]
        Domain.close = close_domain  # type: ignore[assignment, method-assign]
        LibvirtPath.begin = begin  # type: ignore[assignment, method-assign]

    def way(self, source: QmpMachine, destination: QmpMachine, listens: Path) -> Path:
        """A socket of a proxy, if a rule is about this move."""
        tampering = self._tampering(source, destination)
        if tampering == UNTOUCHED:
            return listens
        self._moves += 1
        ours = listens.with_name(f"tampered-{self._moves}.sock")
        self._proxies[id(destination)] = Proxy(ours, listens, tampering, source.host.programs)
        return ours

    def take_over(self, path: LibvirtPath, destination: Domain) -> None:
        """Put a proxy on the destination's socket, if a rule is about this move by libvirt."""
        tampering = self._tampering(path.source, destination)
        if tampering != UNTOUCHED:
            listens = Path(path.migrate_uri.removeprefix("unix://"))
            self._proxies[id(destination)] = Takeover(listens, tampering)

    def way_of_file(self, source: QmpMachine, destination: QmpMachine, written: Path) -> Path:
        """The same file, with other pages if a rule is about this move."""
        tampering = self._tampering(source, destination)
        if tampering.pages:
            pages = Pages(tampering.pages)
            tamper_with_file(written, pages)
            _write(destination, Done(pages=pages.changed))
        return written

    def end(self, machine: AnyMachine, close: Callable[[AnyMachine], None]) -> None:
        """End a machine and its proxy."""
        proxy = self._proxies.pop(id(machine), None)
        try:
            close(machine)
        finally:
            if proxy is not None:
                proxy.close()
                _write(machine, proxy.done)

    def _tampering(self, source: Machine, destination: Machine) -> Tampering:
        """All that is to happen to this move."""
        roles = {"source": source.build.name, "destination": destination.build.name}
        test = os.environ.get("PYTEST_CURRENT_TEST", "")
        asked = (
            each
            for each in self._orders
            if each.target.is_in(roles[each.target.role], each.target.role, test)
        )
        return reduce(add, (each.tampering for each in asked), UNTOUCHED)


def _write(destination: QmpMachine | Domain, done: Done) -> None:
    (destination.host.evidence / f"{destination.label}-{PROTOCOL}").write_text(
        json.dumps(vars(done), indent=1) + "\n"
    )
