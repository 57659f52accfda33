# SPDX-License-Identifier: Apache-2.0
"""Moves by QMP that the suite breaks: how long it waits, and whether it did break them."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import RigError
from fixtures.hosts.local_process import LocalProcess
from fixtures.machine.monitor import CommandRefused
from fixtures.path.breaking import STARVING_BYTES
from fixtures.path.qmp.breakable import BUSY, QmpBreakableMove

KILLED = 137
"""The status of a sandbox whose program was killed."""


class ScriptedProcess(LocalProcess):
    """A destination that ends as a test says once its memory is bounded."""

    def __init__(self, status: int | None) -> None:
        self._status = status
        self._bound: Any = None
        self._ended_by_us = False
        self.waited: list[float] = []

    @property
    def ended(self) -> int | None:
        """As scripted."""
        return self._status

    def wait(self, seconds: float) -> int | None:
        """For how long it was waited."""
        self.waited.append(seconds)
        return self._status

    def bound_memory(self, size: int) -> None:
        """It may take so much."""
        self._bound = size


def _move(status: int | None = None, answers: Mapping[str, Any] | None = None) -> Any:
    """A move whose destination ends with this status, and whose source answers so."""

    def execute(command: str, **_: object) -> Any:
        answer = (answers or {})[command]
        if isinstance(answer, Exception):
            raise answer
        return answer

    move: Any = QmpBreakableMove.__new__(QmpBreakableMove)
    move.destination = SimpleNamespace(process=ScriptedProcess(status), last_words=lambda: "it still runs")
    host = SimpleNamespace(attempt_dir=Path("/attempt"))
    move.source = SimpleNamespace(monitor=SimpleNamespace(execute=execute), host=host)
    return move


def test_destination_that_the_kernel_kills_has_run_out_of_memory() -> None:
    """Lose this and no cell of a host without memory runs."""
    move = _move(KILLED)
    move.starve_destination()
    assert move.destination.process._bound == STARVING_BYTES


@pytest.mark.parametrize("status", [None, 1], ids=["runs on", "ends by itself"])
def test_bound_without_effect_is_an_error_of_the_suite(status: int | None) -> None:
    """Lose this and a build is blamed because the kernel did not do what the suite asked for."""
    with pytest.raises(RigError, match="did not kill a destination that may take 1 MiB more: it still runs"):
        _move(status).starve_destination()


@pytest.mark.parametrize("status,under_way", [("active", True), ("cancelling", False), ("failed", False)])
def test_move_that_is_being_ended_is_not_under_way(status: str, under_way: bool) -> None:
    """Lose this and a second move may end the first one, and still be refused because of it."""
    assert _move(answers={"query-migrate": {"status": status}}).under_way is under_way


def test_second_move_is_refused_in_the_words_of_qemu() -> None:
    """Lose this and nobody can tell why it was refused."""
    refusal = CommandRefused("migrate", "GenericError", f"There's a {BUSY}")
    assert BUSY in _move(answers={"migrate": refusal}).begin_again()
    assert _move(answers={"migrate": {}}).begin_again() == ""
