# SPDX-License-Identifier: Apache-2.0
"""Is a replayed guest compared with what was sent to it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import pytest

from fixtures.still.stream import Stream, parse
from suites.harness.observability.aging import NS
from suites.harness.observability.held_clock import HeldClock
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.player import Player
from suites.harness.observability.replay import Ending, Replayer
from suites.harness.observability.search import UNNOTICED
from suites.harness.observability.trials import field_trials
from suites.harness.support.streams import stream_of

AGE = 5
"""Seconds."""
RTC = {
    "name": "spapr/rtc", "instance_id": 0, "vmsd_name": "spapr/rtc", "version": 1,
    "fields": [{"name": "ns_offset", "type": "int64", "size": 8}],
}  # fmt: skip


class Recorder:
    """Stands in for a :class:`Replayer`, and keeps what it is to send and to compare with."""

    sent = b""
    compared: bytes | None = None

    def replay(
        self, ram: Sequence[bytes], state: Callable[[], bytes], unchanged: Callable[[], bytes] | None
    ) -> Ending:
        """Keep both streams."""
        self.sent = b"".join(ram) + state()
        self.compared = unchanged() if unchanged else None
        return UNNOTICED


@pytest.fixture
def stream() -> Stream:
    """A stream with an RTC whose field becomes smaller with time."""
    return parse(stream_of([(RTC, (100 * NS).to_bytes(8))]))


@pytest.fixture
def clock() -> HeldClock:
    """A clock that was set back."""
    clock = HeldClock()
    clock.behind = AGE
    return clock


def test_an_old_guest_is_compared_with_its_older_state(stream: Stream, clock: HeldClock) -> None:
    """Lose this and the RTC of every replayed ppc64le guest seems to be lost."""
    recorder = Recorder()
    Player(cast("Replayer", recorder), stream, clock, running=False).play([])
    assert recorder.compared == recorder.sent
    assert ((100 - AGE) * NS).to_bytes(8) in recorder.sent


def test_a_change_is_sent_and_not_what_is_compared_with(stream: Stream, clock: HeldClock) -> None:
    """Lose this and the comparison of a stopped guest notices nothing."""
    recorder = Recorder()
    trial = field_trials(stream, Knowledge((), (), {}))[0]
    Player(cast("Replayer", recorder), stream, clock, running=False).play([trial])
    assert recorder.compared != recorder.sent


def test_a_field_that_the_check_leaves_out_is_not_compared(clock: HeldClock) -> None:
    """Lose this and the timebase of a pseries guest is computed anew before the guest can notice."""
    field = {"name": "guest_timebase", "type": "uint64", "size": 8}
    timebase = {"name": "spapr", "instance_id": 0, "vmsd_name": "spapr", "version": 3, "fields": [field]}
    stream = parse(stream_of([(timebase, b"\1" * 8)]))
    recorder = Recorder()
    trial = field_trials(stream, Knowledge((), (), {}))[0]
    Player(cast("Replayer", recorder), stream, clock, running=False).play([trial])
    assert recorder.compared is None


def test_a_running_guest_is_not_compared(stream: Stream, clock: HeldClock) -> None:
    """Lose this and the figures of a running guest are those of a stopped one."""
    recorder = Recorder()
    Player(cast("Replayer", recorder), stream, clock, running=True).play([])
    assert recorder.compared is None
