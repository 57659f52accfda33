# SPDX-License-Identifier: Apache-2.0
"""What the end of a move proves of its guest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.evidence.timeline import ALL_PAGES, RUNS, Mark
from fixtures.path.interface import Move

RESUMED = Mark(1.5, "destination", "resumed migrated")
SIDE: Any = SimpleNamespace(marks=lambda since: [RESUMED] if since == 1.0 else [])


def move(mechanism: str, runs_by: float | None = None) -> Move:
    """A move that took from second 1 to second 2."""
    return Move(mechanism, SIDE, SIDE, 1.0, 2.0, [], None, runs_by=runs_by)


def test_guest_runs_when_its_move_has_ended() -> None:
    """Lose this and a busy host that delays QEMU after its announcement counts as a wrong clock."""
    assert move("precopy").marks == [RESUMED, Mark(2.0, "destination", RUNS)]


def test_paused_guest_runs_when_it_was_resumed() -> None:
    """Lose this and a busy host that delays the resumption of a paused guest counts as a wrong clock."""
    assert move("precopy", runs_by=3.0).marks[-1] == Mark(3.0, "destination", RUNS)


@pytest.mark.parametrize("mechanism", ["postcopy", "postcopy-preempt"])
def test_postcopy_ends_with_its_last_page(mechanism: str) -> None:
    """Lose this and timers that wait for pages are reported as broken."""
    assert move(mechanism).marks[-1] == Mark(2.0, "destination", ALL_PAGES)
