# SPDX-License-Identifier: Apache-2.0
"""The figures of a switchover."""

from fixtures.attempt.switchover import switchover_figures
from fixtures.evidence.timeline import Mark, Timeline
from fixtures.matrix.guestspec import BEAT_MS

MOVED = Timeline(
    "precopy",
    [Mark(1.0, "source", "STOP"), Mark(1.05, "destination", "RESUME")],
    beats=[0.5, 0.998, 1.06, 1.064],
)


def test_silence_around_a_switchover_is_reported_with_qmps_figure() -> None:
    """Lose this and a guest that is silent longer than QEMU's downtime goes unnoticed."""
    message = switchover_figures(MOVED)
    assert message == {"STOP to RESUME ms": 50.0, "silence around it ms": 62.0 - BEAT_MS}


def test_move_without_both_events_has_no_such_figures() -> None:
    """Lose this and a migration by libvirt, which does not report them, ends in a traceback."""
    assert switchover_figures(Timeline("precopy", [], beats=MOVED.beats)) == {}
    assert switchover_figures(Timeline("precopy", MOVED.marks)) == {}
