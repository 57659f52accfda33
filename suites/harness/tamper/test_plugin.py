# SPDX-License-Identifier: Apache-2.0
"""Proxies come into exactly the moves that the orders are about."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.hosts.local import LOCAL
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.path.qmp import transports
from suites.harness.support.tamper import plugin
from suites.harness.support.tamper.fields import Change
from suites.harness.support.tamper.plugin import Tamperer
from suites.harness.support.tamper.rules import (
    Flow,
    Order,
    PageRule,
    Tampering,
    Target,
    read_orders,
    write_orders,
)

TAMPERING = Tampering((Change("timer", "level"),), (PageRule("drop"),), Flow(hold_ms=1))


def machine(build: str, evidence: Path) -> Any:
    """A stand-in for a machine of this build."""
    host = SimpleNamespace(evidence=evidence, programs=LOCAL)
    return SimpleNamespace(build=SimpleNamespace(name=build), host=host, label="destination")


@pytest.mark.parametrize(
    "source, destination, test, proxied",
    [
        ("old", "wrong", "a test[precopy]", True),
        ("wrong", "wrong", "a test[precopy]", True),
        ("wrong", "old", "a test[precopy]", False),
        ("old", "wrong", "a test[postcopy]", False),
    ],
)
def test_orders_apply_to_their_moves(
    source: str, destination: str, test: str, proxied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and controls are tampered with, so that the blame for each seed is wrong."""
    monkeypatch.setenv("PYTEST_CURRENT_TEST", test)
    tamperer = Tamperer((Order(Target("wrong", test="[precopy]"), TAMPERING),))
    into = machine(destination, tmp_path)
    way = tamperer.way(machine(source, tmp_path), into, tmp_path / "listens")
    tamperer.end(into, lambda _machine: None)
    assert (way != tmp_path / "listens") == proxied
    assert (tmp_path / f"destination-{plugin.PROTOCOL}").exists() == proxied


def test_orders_come_back_from_their_file(tmp_path: Path) -> None:
    """Lose this and a seeded run does something else than its seeds say."""
    orders = (Order(Target("wrong", "source", "x"), TAMPERING),)
    assert read_orders(write_orders(orders, tmp_path / "orders.json")) == orders


def test_without_orders_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a run without seeds is not a run of the suite."""
    monkeypatch.delenv(plugin.ORDERS_FILE, raising=False)
    before = transports.way, transports.way_of_file, QmpMachine.close
    plugin.pytest_configure()
    assert (transports.way, transports.way_of_file, QmpMachine.close) == before
