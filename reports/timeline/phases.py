# SPDX-License-Identifier: Apache-2.0
"""The phases of a migration and its passes over memory, from the events of both sides. Does not draw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fixtures.evidence.timeline import Mark, Timeline
from reports.timeline.labels import PASS, Window

_BEGINS = re.compile(r"setup|wait-unplug")
_SENDS = re.compile(r"active|(pass|iteration) 1")
_STOPS = re.compile(r"STOP|device|pre-switchover|suspended .*")
_POSTCOPY = re.compile(r"postcopy-active|suspended postcopy")
_RESUMES = re.compile(r"RESUME|resumed .*")
_BREAKS = re.compile(r"postcopy-paused")
_RECOVERS = re.compile(r"postcopy-recover(-setup)?")
_COMPLETES = re.compile(r"(.* )?completed")
_GIVES_UP = re.compile(r"(.* )?(failed|cancelled)")


@dataclass(frozen=True)
class Phase:
    """A phase of a migration, in seconds of the host's clock."""

    name: str
    """`setup`, `precopy`, `switchover` (no CPU runs), `postcopy`, `interrupted` or `recovery`."""
    start: float
    end: float


@dataclass(frozen=True)
class Pass:
    """One pass over the guest's memory, in seconds of the host's clock."""

    number: int
    start: float
    end: float


def phases(timeline: Timeline, shown: Window) -> list[Phase]:
    """The phases in order, without those that took no time.

    Both QEMU's events and libvirt's are understood. Time without events has no phase: for example, between
    the end of a migration and the setup of the next one.
    """
    marks = sorted((mark for mark in timeline.marks if mark.at >= shown.origin), key=lambda mark: mark.at)
    state = _State("setup" if shown.origin_is_migrate else "")
    resumed = [mark.at for mark in marks if mark.side == "destination" and _RESUMES.fullmatch(mark.what)]
    found: list[Phase] = []
    name, since = state.phase, shown.origin
    for mark in marks:
        state.take(mark, resumes_later=any(at > mark.at for at in resumed))
        if state.phase != name:
            found.append(Phase(name, since, mark.at))
            name, since = state.phase, mark.at
    found.append(Phase(name, since, shown.last))
    return [phase for phase in found if phase.name and phase.end > phase.start]


def passes(timeline: Timeline, shown: Window, end: float) -> list[Pass]:
    """Every pass, from its first event to that of the next one; the last pass lasts until `end`.

    An event shows a pass earlier than the next sample, but some versions of QEMU and libvirt omit events.
    """
    signs = [(sample.at, sample.iteration, False) for sample in timeline.samples]
    for mark in timeline.marks:
        match = PASS.fullmatch(mark.what)
        if match and mark.side == "source":
            signs.append((mark.at, int(match[1]), True))
    starts: list[tuple[float, int]] = []
    highest = 0
    for at, number, announced in sorted(signs):
        # A new migration counts from 1 again. A sample cannot show that, because it may be late by one pass.
        if at >= shown.origin and (number > highest or (announced and number == 1 < highest)):
            starts.append((at, number))
            highest = number
    ends = [at for at, _ in starts[1:]] + [end]
    return [
        Pass(number, at, next_at)
        for (at, number), next_at in zip(starts, ends, strict=False)
        if next_at >= at
    ]


def lengths(found: Sequence[Phase]) -> dict[str, float]:
    """The seconds that the migration spent in each phase, in order of appearance."""
    seconds: dict[str, float] = {}
    for phase in found:
        seconds[phase.name] = seconds.get(phase.name, 0.0) + phase.end - phase.start
    return seconds


class _State:
    """The phase of a migration after the marks seen so far."""

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self._before_stop = phase
        self._postcopy = False
        self._resumed = False

    def take(self, mark: Mark, *, resumes_later: bool) -> None:
        """Enter the phase that begins with this mark; most marks do not begin a phase."""
        if mark.side == "source":
            self._source(mark.what, resumes_later)
        elif mark.side == "destination" and _RESUMES.fullmatch(mark.what) and self.phase:
            self._resumed = True
            self.phase = "postcopy" if self._postcopy else ""

    def _source(self, what: str, resumes_later: bool) -> None:
        if _BEGINS.fullmatch(what) and not self.phase:
            self.phase = "setup"
            self._postcopy = self._resumed = False
        elif _SENDS.fullmatch(what) and self.phase == "setup":
            self.phase = "precopy"
        elif _POSTCOPY.fullmatch(what):
            self._postcopy = True
            self._stop()
        elif _STOPS.fullmatch(what):
            self._stop()
        elif _RESUMES.fullmatch(what) and self.phase == "switchover":
            self.phase = self._before_stop
        elif _BREAKS.fullmatch(what):
            self.phase = "interrupted"
        elif _RECOVERS.fullmatch(what):
            self.phase = "recovery"
        elif _GIVES_UP.fullmatch(what) or (_COMPLETES.fullmatch(what) and not self._stands(resumes_later)):
            self.phase = ""

    def _stop(self) -> None:
        if self._resumed:  # The CPUs of the source no longer matter.
            self.phase = "postcopy" if self._postcopy and self.phase else self.phase
        elif self.phase != "switchover" and self.phase:
            self._before_stop = self.phase
            self.phase = "switchover"

    def _stands(self, resumes_later: bool) -> bool:
        """Whether the destination has yet to resume the guest, as after saving to a file."""
        return self.phase == "switchover" and resumes_later
