# SPDX-License-Identifier: Apache-2.0
"""Changes a captured stream and replays it."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.errors import RigError
from fixtures.still.ram import Page
from fixtures.still.stream import Stream
from suites.harness.observability.aging import Aging
from suites.harness.observability.frames import use_of
from suites.harness.observability.held_clock import HeldClock
from suites.harness.observability.kept import is_compared, kept_changes, unsteady_fields
from suites.harness.observability.replay import Ending, Replayer, refuse_unclean
from suites.harness.observability.search import UNNOTICED
from suites.harness.observability.trials import RAM, Trial
from suites.harness.support.tamper.fields import DROPS
from suites.harness.support.tamper.places import all_places


class Player:
    """Applies trials to a captured stream and replays it."""

    def __init__(self, replayer: Replayer, stream: Stream, clock: HeldClock, *, running: bool) -> None:
        """`running`: only with the checks of a running guest."""
        self._running = running
        places = list(all_places(stream))
        self._replayer, self._clock, self._raw = replayer, clock, stream.raw
        self._state_begins = min(each.offset for each in places if each.kind == "section")
        self._aging = Aging.of(places)
        self._unsteady: set[tuple[str, str]] = set()
        self.arrived: set[Trial] = set()
        """Changes that the new QEMU has after a load, so that comparing its state finds them."""

    def play(self, trials: Sequence[Trial]) -> Ending:
        """Replay with these changes.

        The state is compared only if that can show one of them: pseries machines compute their timebase anew
        when the state of a stopped guest is read.
        """
        compared = not self._running and (not trials or any(map(is_compared, trials)))
        unchanged = (lambda: self._raw[: self._state_begins] + self._state([])) if compared else None
        return self._replayer.replay(self._ram(trials), lambda: self._state(trials), unchanged)

    def load(self, trials: Sequence[Trial]) -> Ending:
        """Load with these changes, and keep which of them the new QEMU has. Noticed: it does not load."""
        arrived = self._replayer.arrived(self._ram(trials), lambda: self._state(trials))
        if isinstance(arrived, Ending):
            return arrived
        self.arrived |= kept_changes(trials, self._raw, arrived, self._unsteady)
        return UNNOTICED

    def uses(self, pages: Sequence[Page]) -> list[str]:
        """What the unchanged guest uses each of these pages for. Raises :class:`RigError` if it is lost."""
        answer = self._replayer.asked(
            self._ram([]), lambda: self._state([]), lambda guest: [use_of(guest, page) for page in pages]
        )
        if isinstance(answer, Ending):
            raise RigError(f"the unchanged stream is {answer.how}: {answer.check}: {answer.detail}")
        return answer

    def load_unchanged(self) -> None:
        """Find the fields that differ after any load. Raises :class:`RigError` if it fails."""
        arrived = self._replayer.arrived(self._ram([]), lambda: self._state([]))
        if isinstance(arrived, Ending):
            refuse_unclean(arrived)
            return
        self._unsteady = unsteady_fields(self._raw, arrived)

    def _ram(self, trials: Sequence[Trial]) -> Sequence[bytes | memoryview]:
        """All before the device state, in parts."""
        pages = [trial for trial in trials if trial.section == RAM]
        left_out = {place for page in pages if page.mode == DROPS for place in page.places}
        whole = memoryview(self._raw)
        parts: list[bytes | memoryview] = []
        at = 0
        for place in sorted((each for page in pages for each in page.places), key=lambda each: each.offset):
            parts += [whole[at : place.offset], b"" if place in left_out else bytes(place.length)]
            at = place.end
        return [*parts, whole[at : self._state_begins]]

    def _state(self, trials: Sequence[Trial]) -> bytes:
        state = bytearray(self._raw[self._state_begins :])
        self._aging.apply(state, self._state_begins, self._clock.behind)
        for trial in trials:
            if trial.section != RAM:
                trial.apply(state, self._state_begins)
        return bytes(state)
