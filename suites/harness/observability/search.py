# SPDX-License-Identifier: Apache-2.0
"""Tries changes in groups: a group that nobody notices clears all its changes at once.

A group that is noticed is halved until each change that is noticed stands alone. A group gets as many changes
as are expected to have less than one noticed among them, by what was seen of their sections so far.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from suites.harness.observability.replay import Ending
from suites.harness.observability.trials import Trial, device_of

EXPECTED = 0.7
"""Expected number of noticed changes in a group: close to the ln 2 at which halving costs least."""
SEEN_BEFORE = 2
"""For how many trials of a section the share counts that is assumed before any."""
UNNOTICED = Ending("unnoticed")
Try = Callable[[Sequence[Trial]], Ending]


@dataclass
class Search:
    """Finds the ending of each trial."""

    attempt: Try
    """Applies these changes together and replays."""
    assumed: float = 0.4
    """Share of changes that are noticed, before anything is known of a section."""
    most_together: int = 12
    is_late: Callable[[], bool] = lambda: False
    """Is the time up? Asked before each group; the changes that are left then have no ending."""
    endings: dict[Trial, Ending] = field(default_factory=dict)
    replays: int = 0
    _tried: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)

    def run(self, trials: Iterable[Trial]) -> None:
        """Find the ending of each, in about this order, until the time is up."""
        left = list(trials)
        while left and not self.is_late():
            group = self.next_group(left)
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

    def next_group(self, left: Sequence[Trial]) -> list[Trial]:
        """The first trial, and more as long as less than one is expected to be noticed."""
        group: dict[tuple[str, str], Trial] = {}
        expected = 0.0
        for trial in left:
            share = self.share(trial)
            if len(group) == self.most_together or (group and expected + share > EXPECTED):
                break
            if trial.field not in group:
                group[trial.field] = trial
                expected += share
        return list(group.values())

    def share(self, trial: Trial) -> float:
        """How probably this change is noticed, from 0 to 1: by what was seen of its device and its name."""
        if trial.must_be_equal:
            return 1.0
        device, name = _keys(*trial.key)
        before = self.assumed * SEEN_BEFORE
        keys = (device, name) if self._tried[name] else (device,)
        return max((self._seen[key] + before) / (self._tried[key] + SEEN_BEFORE) for key in keys)

    def learns(self, section: str, path: str, mode: str, *, seen: bool) -> None:
        """Take into account that a change was tried before, and whether it was noticed or refused."""
        for key in _keys(section, path, mode):
            self._tried[key] += 1
            self._seen[key] += seen

    def _keep(self, trial: Trial, ending: Ending) -> None:
        self.endings[trial] = ending
        self.learns(*trial.key, seen=ending.how != "unnoticed")


def _keys(section: str, path: str, mode: str) -> tuple[str, str]:
    """Changes with an equal key often end alike: `dev/config` of one PCI device and of another one."""
    return device_of(section), f"{path.rpartition('/')[2]} {mode}"
