# SPDX-License-Identifier: Apache-2.0
"""The figures of a switchover."""

from dataclasses import replace
from typing import Any

import pytest

from fixtures.attempt.switchover import cost_figures, switchover_figures
from fixtures.evidence.timeline import Mark, Timeline
from fixtures.hosts.footprint import Footprint
from fixtures.matrix.guestspec import BEAT_MS
from fixtures.matrix.mechanisms import MIB
from fixtures.path.interface import Move

MOVED = Timeline(
    "precopy",
    [Mark(1.0, "source", "STOP"), Mark(1.05, "destination", "RESUME")],
    beats=[0.5, 0.998, 1.06, 1.064],
)


def test_silence_around_a_switchover_is_reported_with_qmps_figure() -> None:
    """Lose this and a guest that is silent longer than QEMU's downtime goes unnoticed."""
    message = switchover_figures(MOVED)
    assert message == {"STOP to RESUME ms": 50.0, "silence around it ms": 62.0 - BEAT_MS}


def test_silence_is_reported_with_libvirts_events_too() -> None:
    """Lose this and the switchover of a move by libvirt is compared with no other."""
    late = [Mark(1.03, "source", "suspended migrated"), Mark(1.062, "destination", "resumed migrated")]
    assert switchover_figures(replace(MOVED, marks=late)) == {"silence around it ms": 62.0 - BEAT_MS}


def test_move_without_both_events_has_no_such_figures() -> None:
    """Lose this and a move in which a side announces nothing ends in a traceback."""
    assert switchover_figures(Timeline("precopy", [], beats=MOVED.beats)) == {}
    assert switchover_figures(Timeline("precopy", MOVED.marks)) == {}


@pytest.mark.parametrize("sent,speed", [(64, {"MiB/s": 32.0}), (8, {})])
def test_cost_of_a_move_is_among_its_figures(sent: int, speed: dict[str, float]) -> None:
    """Lose this and a QEMU that leaks at each move, or sends slowly, has no figure to be compared by."""
    side: Any = None
    seen = {"source": Footprint(300.04, 256.0, 40, 6)}
    move = Move("precopy", side, side, 1.0, 3.0, [], None, sent_bytes=sent * MIB, footprints=seen)  # type: ignore[arg-type]
    assert cost_figures(move) == {
        "source peak MiB": 300.0,
        "source shared MiB": 256.0,
        "source descriptors": 40,
        "source threads": 6,
        "sent MiB": float(sent),
        **speed,
    }


def test_path_that_sees_no_process_has_no_such_figures() -> None:
    """Lose this and a move ends in a traceback if its QEMU is gone at its end."""
    side: Any = None
    assert cost_figures(Move("precopy", side, side, 1.0, 3.0, [], None)) == {}
