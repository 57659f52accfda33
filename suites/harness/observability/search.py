# SPDX-License-Identifier: Apache-2.0
"""Tries changes in groups: a group that nobody notices clears all its changes at once.

A group that is noticed is halved until each change that is noticed stands alone. Groups are larger where
less is noticed, as seen so far in the same section.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from suites.harness.observability.replay import Ending
from suites.harness.observability.trials import Trial

MOST_TOGETHER = 12
SHARE_NOTICED = 0.7
"""Expected number of noticed changes in a group: close to the ln 2 at which halving costs least."""
UNNOTICED = Ending("unnoticed")
Try = Callable[[Sequence[Trial]], Ending]


@dataclass
class Search:
    """Finds the ending of each trial."""

    attempt: Try
    """Applies these changes together and replays."""
    time_is_up: Callable[[], bool]
    endings: dict[Trial, Ending] = field(default_factory=dict)
    replays: int = 0
    _tried: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)

    def run(self, trials: Iterable[Trial]) -> None:
        """Try them in this order until the time is up. A group that was begun is finished."""
        left = list(trials)
        while left and not self.time_is_up():
            group = self._next_group(left)
            left = [trial for trial in left if trial not in group]
            for trial, ending in self.split(group):
                self._keep(trial, ending)

    def split(self, group: Sequence[Trial]) -> Iterator[tuple[Trial, Ending]]:
        """The ending of each trial of a group."""
        self.replays += 1
        ending = self.attempt(group)
        if ending.how == "unnoticed" or len(group) == 1:
            yield from ((trial, ending) for trial in group)
            return
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            yield from self.split(half)

    def _next_group(self, left: Sequence[Trial]) -> list[Trial]:
        """The first trial, and as many more of its section as its share of noticed changes allows."""
        first = left[0]
        most = group_size(self._seen[first.section], self._tried[first.section])
        group: dict[tuple[str, str], Trial] = {}
        for trial in left:
            if trial.section == first.section and len(group) < most:
                group.setdefault(trial.field, trial)
        return list(group.values())

    def _keep(self, trial: Trial, ending: Ending) -> None:
        self.endings[trial] = ending
        self._tried[trial.section] += 1
        self._seen[trial.section] += ending.how != "unnoticed"


def group_size(noticed: int, tried: int) -> int:
    """How many changes to try together where `noticed` of `tried` were noticed."""
    share = (noticed + 1) / (tried + 2)
    return max(1, min(MOST_TOGETHER, int(SHARE_NOTICED / share)))
