# SPDX-License-Identifier: Apache-2.0
"""When a move by libvirt begins: earlier failures are not blamed on the builds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.attempt.libvirt_moves import SLOW, LibvirtMoves
from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.checks import Check
from fixtures.matrix.mechanisms import MIB
from fixtures.path.libvirt.daemons import Daemons
from fixtures.path.libvirt.path import LibvirtPath
from fixtures.path.libvirt.plan import LibvirtPlan


def _begin(*_: object) -> None:
    raise HotPatchFailure("migrate", "the destination is gone")


@pytest.fixture
def attempt() -> Any:
    """An attempt whose guest has booted; every migration fails when it is requested."""
    path = LibvirtPath(lambda _domain: None, Daemons(), direct=False)
    path.begin = _begin  # type: ignore[assignment]
    path.awaited = path.destination_xml = lambda *_: "<domain/>"  # type: ignore[assignment, method-assign]
    path.domain = SimpleNamespace()  # type: ignore[assignment]
    return SimpleNamespace(began=False, setting=SimpleNamespace(new=None), path=path)


@pytest.fixture
def moves(attempt: Any) -> LibvirtMoves:
    """The moves of its domain, as a test gets them."""
    return LibvirtMoves(attempt)


def test_no_move_begins_with_the_test(attempt: Any, moves: LibvirtMoves) -> None:
    """Lose this and a guest that fails before any migration counts as a failure of the builds."""
    assert not attempt.began


MOVES: dict[str, Callable[[LibvirtMoves], object]] = {
    "refuses": lambda moves: moves.refuses("no"),
    "aborts_precopy": lambda moves: moves.aborts_precopy(),
    "refusing_abort_of_postcopy": lambda moves: moves.refusing_abort_of_postcopy(moves.domain),
}


@pytest.mark.parametrize("name", MOVES)
def test_move_begins_with_its_migration(name: str, attempt: Any, moves: LibvirtMoves) -> None:
    """Lose this and a guest that a migration loses counts as an error of the suite, not as a failure."""
    with suppress(HotPatchFailure):
        MOVES[name](moves)
    assert attempt.began


def test_migration_that_ends_before_the_abort_is_no_failure_of_the_builds(moves: LibvirtMoves) -> None:
    """Lose this and a busy host makes a good update unsafe."""

    def gone(*_: object) -> None:
        raise libvirt.libvirtError("domain is not running")

    ended = SimpleNamespace(abortJob=gone, migrateSetMaxSpeed=gone, migrateStartPostCopy=lambda _flags: None)
    domain: Any = SimpleNamespace(handle=ended)
    moves._path.domain = domain
    moves._begin = lambda *_: None  # type: ignore[assignment, method-assign]
    moves.event = lambda *_: None  # type: ignore[method-assign]
    moves.sends_memory = lambda: None  # type: ignore[method-assign]
    moves.check = Check  # type: ignore[method-assign]
    with pytest.raises(RigError, match="ended before it could be aborted"):
        moves.refusing_abort_of_postcopy(domain)


def test_limit_of_postcopy_is_lifted_once_the_destination_runs(moves: LibvirtMoves) -> None:
    """Lose this and QEMU now and then ignores the new limit, and the move takes longer than it may."""
    done: list[str] = []

    def refused() -> None:
        raise libvirt.libvirtError("cannot abort migration in post-copy mode")

    handle = SimpleNamespace(
        abortJob=refused,
        migrateSetMaxSpeed=lambda *_: done.append("limit"),
        migrateStartPostCopy=lambda _flags: done.append("postcopy"),
    )
    domain: Any = SimpleNamespace(handle=handle)
    moves._path.domain = domain
    moves._begin = lambda *_: SimpleNamespace(result=lambda _seconds: None)  # type: ignore[assignment, method-assign]
    moves.event = lambda wanted, *_: done.append(wanted)  # type: ignore[method-assign]
    moves.sends_memory = lambda: None  # type: ignore[method-assign]
    moves.check = Check  # type: ignore[method-assign]
    moves.refusing_abort_of_postcopy(domain)
    assert done == ["postcopy", "suspended postcopy", "resumed postcopy", "limit"]


def test_postcopy_is_held_until_it_was_aborted(moves: LibvirtMoves) -> None:
    """Lose this and a busy host ends the migration before it is aborted, and a good update is undecided."""
    asked: list[Any] = []

    def begin(_there: object, plan: LibvirtPlan) -> None:
        asked.append((plan.bandwidth, plan.more[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY]))
        moves.sends_memory = lambda: asked.append("memory")  # type: ignore[method-assign]

    moves._begin = begin  # type: ignore[assignment, method-assign]
    moves._path.domain = SimpleNamespace(handle=None)  # type: ignore[assignment]
    with suppress(AttributeError):
        moves.refusing_abort_of_postcopy(moves.domain)
    assert asked == [(SLOW, SLOW // MIB), "memory"]
