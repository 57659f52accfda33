# SPDX-License-Identifier: Apache-2.0
"""The source of a move by libvirt is looked at while both QEMUs exist; with scripted domains."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.hosts.footprint import Footprint
from fixtures.path.libvirt.events import DomainEvent
from fixtures.path.libvirt.source_at_end import ARRIVED, SourceAtEnd
from fixtures.waiting import Signal

SEEN = Footprint(1.0, 2.0, 3, 4)


class Sides:
    """Both domains of a move."""

    def __init__(self, *, kind: str = "local") -> None:
        self.signal, self.heard = Signal(), [DomainEvent(0.0, "x", "lifecycle", ARRIVED)]
        host = SimpleNamespace(programs=SimpleNamespace(kind=kind))
        self.source: Any = SimpleNamespace(process=SimpleNamespace(footprint=lambda: SEEN), host=host)
        self.destination: Any = SimpleNamespace(
            daemon=SimpleNamespace(signal=self.signal), events=lambda: self.heard
        )

    def says(self, what: str) -> None:
        """An event of the destination, long after the beginning."""
        with self.signal:
            self.heard.append(DomainEvent(float("inf"), "x", "lifecycle", what))


def test_source_is_looked_at_when_the_guest_has_arrived() -> None:
    """Lose this and nobody knows what a move by libvirt costs in memory."""
    sides = Sides()
    with SourceAtEnd(sides.source, sides.destination) as leaving:
        sides.says("resumed postcopy")
        sides.says(ARRIVED)
        assert leaving.footprint == SEEN


@pytest.mark.parametrize("kind, says", [("local", "resumed postcopy"), ("emulated", ARRIVED)])
def test_source_is_not_looked_at_in_vain(kind: str, says: str) -> None:
    """Lose this and a source is measured whose memory is not yet read, or a failed move waits for minutes."""
    sides = Sides(kind=kind)
    with SourceAtEnd(sides.source, sides.destination) as leaving:
        sides.says(says)
    assert leaving.footprint is None


def test_failed_move_waits_for_nothing() -> None:
    """Lose this and each failed move takes a minute and a half longer."""
    sides = Sides()
    leaving = SourceAtEnd(sides.source, sides.destination)
    with pytest.raises(ValueError, match="it failed"), leaving:
        raise ValueError("it failed")
    assert leaving.footprint is None
