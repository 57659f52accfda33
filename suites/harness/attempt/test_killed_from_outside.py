# SPDX-License-Identifier: Apache-2.0
"""A QEMU that something else has killed says nothing about its build."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.attempt import Attempt
from fixtures.attempt.failed import Failed
from fixtures.attempt.harm import measured
from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.harm import Harm
from fixtures.hosts.endings import end_in_words, killed_by_another
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.path.interface import Resumption
from fixtures.path.qmp.path import QmpPath

FAILED = HotPatchFailure("migrate", "destination QEMU is gone")


def _qemu(status: int | None) -> QmpMachine:
    machine: Any = object.__new__(QmpMachine)
    machine.build, machine.label = SimpleNamespace(name="debian-13"), "destination"
    machine.process = SimpleNamespace(
        wait=lambda _seconds: status,
        end=lambda: end_in_words(status, ended_by_us=False, killer="something outside"),
        stderr=lambda: "",
        killed_by_another=killed_by_another(status, ended_by_us=False),
    )
    return machine  # type: ignore[no-any-return]


def _fails(error: Exception | None, *, source: int | None, destination: int | None) -> None:
    path: Any = object.__new__(QmpPath)
    path.unfinished = SimpleNamespace(destination=_qemu(destination))
    attempt: Any = SimpleNamespace(guest=SimpleNamespace(machines=[_qemu(source)]), path=path)
    Attempt._set_kills_apart(attempt, None, error, None)


@pytest.mark.parametrize("source, destination", [(137, None), (None, 137), (None, -9)])
def test_move_whose_qemu_was_killed_is_an_error(source: int | None, destination: int | None) -> None:
    """Lose this and an update is held up because the host ran out of memory."""
    with pytest.raises(
        RigError,
        match=r"debian-13 as destination: exit status .*(something outside killed it: out of memory\?)",
    ):
        _fails(FAILED, source=source, destination=destination)


@pytest.mark.parametrize("status", [None, 0, 1, 134, 139])
def test_qemu_that_ends_otherwise_fails_the_move(status: int | None) -> None:
    """Lose this and a crash of the new build is no regression."""
    _fails(FAILED, source=None, destination=status)


def test_move_that_succeeds_and_what_is_an_error_anyway_stay_so() -> None:
    """Lose this and the first cause of an error is hidden behind the end of its QEMU."""
    _fails(None, source=137, destination=137)
    _fails(RigError("no room"), source=137, destination=137)


@pytest.mark.parametrize("status, harm", [(137, None), (134, Harm.LOST)])
def test_guest_whose_qemu_is_killed_while_it_is_asked_is_not_lost(status: int, harm: Harm | None) -> None:
    """Lose this and a guest counts as lost because the host had no memory to load it once more."""
    sides: Any = SimpleNamespace(
        whereabouts=lambda: "source",
        destination=None,
        end_destination=lambda: None,
        have_source_run=lambda: Resumption(False, "debian-12 does not load what it saved"),
    )
    guest: Any = SimpleNamespace(ended=False, machines=[_qemu(0), _qemu(status)])
    found = measured(Failed("migrate", "it does not load"), guest, SimpleNamespace(unfinished=sides))
    assert (found.harm if found is not None else None) is harm
