# SPDX-License-Identifier: Apache-2.0
"""The line with which `--plan` ends: how many tests, and how long. `make nightly` adds such lines up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fixtures.printable import count

LINE = re.compile(
    r"^plan: (?P<tests>\d+) tests? of (?P<pair>.+), "
    r"about (?P<minutes>\d+) min with (?P<workers>\d+) workers?$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class PlanLine:
    """What a run would do."""

    tests: int
    pair: str
    """`debian-12 → debian-13`."""
    minutes: int
    workers: int

    def __str__(self) -> str:
        """The line."""
        return (
            f"plan: {count(self.tests, 'test')} of {self.pair}, about {self.minutes} min with "
            f"{count(self.workers, 'worker')}"
        )


def read_plan_line(text: str) -> PlanLine | None:
    """The line in the output of a run with `--plan`; None if there is none."""
    found = LINE.search(text)
    if found is None:
        return None
    return PlanLine(int(found["tests"]), found["pair"], int(found["minutes"]), int(found["workers"]))


def sum_of(plans: Sequence[PlanLine]) -> str:
    """The line about all runs, which are made one after another."""
    hours, minutes = divmod(sum(plan.minutes for plan in plans), 60)
    workers = max((plan.workers for plan in plans), default=1)
    return (
        f"plan: {count(sum(plan.tests for plan in plans), 'test')} of {count(len(plans), 'pair')}, about "
        f"{hours} h {minutes:02d} min with {count(workers, 'worker')}"
    )
