# SPDX-License-Identifier: Apache-2.0
"""Beats of a simulated guest: on a quiet or busy host, before and after a move."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from fixtures.evidence.beats import Beat
from fixtures.evidence.clocks import ClockMove
from fixtures.evidence.timeline import ALL_PAGES, Mark

BEAT_S = 0.004
BOOTED_AT = 1000.0
"""Host time at which the guest's clock was 0."""
QUIET_S, RUNS_S, WAITS_S = 0.0002, 0.006, 0.03
"""Mean delay of a beat on a quiet host. On a busy one QEMU runs and waits for its CPU by turns: means."""


@dataclass(frozen=True)
class Sample:
    """A move of a simulated guest. Times in seconds."""

    seed: int = 0
    busy: bool = False
    """Other processes use the host's CPUs too."""
    window: float = 2.0
    """How long beats are heard before the move, and after it."""
    stop: float = 0.02
    """How long neither QEMU runs the guest; its clock stands still."""
    warm_up: float = 0.05
    """How long the guest is silent after it was resumed."""
    jump: float = 0.0
    """A defect: how far the guest's clock jumps ahead during the move."""
    drift_before: float = 0.0
    """How much slower than the host's clock the guest's runs, as a share."""
    drift_after: float = 0.0
    late: float = 0.0
    """How long the host delays QEMU after its RESUME, before it starts the guest's clock; part of `stop`."""

    pages_late: float = 0.0
    """How long after the guest was resumed the last page arrives."""

    def move(self) -> ClockMove:
        """What the suite sees of the move."""
        source, destination = self.beats()
        resumed = self._resumed(source)
        marks = [
            Mark(resumed + 0.001 - self.late, "destination", "RESUME"),
            Mark(resumed + 0.002, "destination", "completed"),
            Mark(resumed + self.pages_late, "destination", ALL_PAGES),
        ]
        return ClockMove.of(source, destination, marks)

    def beats(self) -> tuple[list[Beat], list[Beat]]:
        """The beats that each side sends."""
        random = Random(self.seed)
        source = _beats(random, self, 1.0, BOOTED_AT + 1.0, self.drift_before, 0.0)
        mono = source[-1].mono_us / 1e6 + self.jump
        return source, _beats(random, self, mono, self._resumed(source), self.drift_after, self.warm_up)

    def _resumed(self, source: list[Beat]) -> float:
        """Host time at which the guest's clock goes on."""
        mono = source[-1].mono_us / 1e6
        return BOOTED_AT + 1.0 + (mono - 1.0) * (1 + self.drift_before) + self.stop


def _beats(
    random: Random, sample: Sample, mono: float, host: float, drift: float, silent: float
) -> list[Beat]:
    """Beats from guest time `mono` on, which is host time `host`; it does nothing in the first `silent`."""
    beats: list[Beat] = []
    begun = arrived = host + silent
    vcpu, reader = (_Waits(random, host, sample.busy) for _ in range(2))
    while begun < host + silent + sample.window:
        begun = vcpu.after(begun)
        arrived = max(arrived, reader.after(begun + random.expovariate(1 / QUIET_S)))
        since = (begun - host) / (1 + drift)
        beats.append(Beat(arrived, len(beats), int((mono + since) * 1e6), (0,), 0))
        begun += BEAT_S
    return beats


class _Waits:
    """The times in which a thread of the host waits for a CPU."""

    def __init__(self, random: Random, at: float, busy: bool) -> None:
        self._random, self._busy = random, busy
        self._begin = self._end = at

    def after(self, at: float) -> float:
        """When the thread runs that has work from `at` on."""
        while self._busy and self._end < at:
            self._begin = self._end + self._random.expovariate(1 / RUNS_S)
            self._end = self._begin + self._random.expovariate(1 / WAITS_S)
        return self._end if self._begin <= at < self._end else at
