# SPDX-License-Identifier: Apache-2.0
"""What was found for each field of a guest's device state, and the shares that follow from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.replay import Ending
from suites.harness.observability.trials import RAM, Trial
from suites.harness.support.tamper.fields import DROPS

UNEXPLAINED = "nobody has looked yet"
IGNORED = "after the load QEMU has its own value: it ignores the field, or computes it anew"
"""What the comparison of states shows of each change that it does not notice."""
GOAL = 0.75
"""Share of changes of a kind of device that should be noticed or refused."""


@dataclass(frozen=True)
class Row:
    """One change of one field."""

    section: str
    path: str
    mode: str
    how: str
    """`noticed`, `unnoticed`, `refused` by QEMU, or `crashed`, which QEMU did."""
    check: str = ""
    """The check that noticed it."""
    detail: str = ""
    """What it said; for a refused load, what QEMU said."""

    @classmethod
    def of(cls, trial: Trial, ending: Ending) -> Row:
        """The row of a trial."""
        return cls(trial.section, trial.path, trial.mode, ending.how, ending.check, ending.detail[:300])

    @property
    def seen(self) -> bool:
        """Did anybody notice, the suite or QEMU itself?"""
        return self.how != "unnoticed"


@dataclass(frozen=True)
class Share:
    """How many changes of one device were noticed."""

    name: str
    tried: int
    noticed: int
    refused: int
    """Refused by QEMU; a crash of QEMU counts as refused."""

    @classmethod
    def of(cls, name: str, rows: Iterable[Row]) -> Share:
        """Count rows."""
        hows = [row.how for row in rows]
        noticed, unnoticed = hows.count("noticed"), hows.count("unnoticed")
        return cls(name, len(hows), noticed, len(hows) - noticed - unnoticed)

    @property
    def unnoticed(self) -> int:
        """Changes that nobody noticed."""
        return self.tried - self.noticed - self.refused

    @property
    def seen(self) -> float:
        """Share of changes that were noticed or refused, from 0 to 1."""
        return (self.noticed + self.refused) / self.tried if self.tried else 0.0


@dataclass(frozen=True)
class Result:
    """The observability of one guest."""

    arch: str
    guest: str
    """The kind of its hardware."""
    profile: str
    old: str
    new: str
    seed: int
    seconds: float
    replays: int
    fields: int
    """Fields that could be changed, by their names; elements of an array are one field."""
    rows: tuple[Row, ...]
    running: bool = False
    """Were only the checks of a running guest made?"""
    left_out: tuple[tuple[str, str, str], ...] = ()
    """Section, field and reason of what is never changed."""
    sample: str = ""
    """Name of the sample of changes that was tried; empty: all fields."""

    @property
    def of_fields(self) -> tuple[Row, ...]:
        """The rows of the device state."""
        return tuple(row for row in self.rows if row.section != RAM)

    @property
    def fields_tried(self) -> int:
        """Number of fields with at least one row."""
        return len({(row.section, row.path) for row in self.of_fields})

    def total(self) -> Share:
        """All changed fields."""
        return Share.of("all fields", self.of_fields)

    def ram(self) -> Share:
        """All pages that were zeroed."""
        return Share.of("pages of RAM", self._of_ram(stale=False))

    def stale_ram(self) -> Share:
        """All pages whose last content was not sent."""
        return Share.of("pages of RAM, last content lost", self._of_ram(stale=True))

    def _of_ram(self, *, stale: bool) -> Iterable[Row]:
        return (row for row in self.rows if row.section == RAM and (row.mode == DROPS) == stale)

    def checks(self) -> list[tuple[str, int]]:
        """The checks that noticed something, the most frequent first, with the number of changes."""
        return Counter(row.check for row in self.rows if row.how == "noticed").most_common()

    def by_section(self) -> list[Share]:
        """Each section, in the order of its name."""
        names = sorted({row.section for row in self.of_fields})
        return [Share.of(name, (row for row in self.rows if row.section == name)) for name in names]

    def by_class(self, knowledge: Knowledge) -> list[Share]:
        """Each class of `reasons.yaml` that this guest has, then the others."""
        rows = [(knowledge.class_of(row.section, row.path), row) for row in self.of_fields]
        names = [name for name in (*knowledge.classes, "others") if any(name == each for each, _ in rows)]
        return [Share.of(name, (row for each, row in rows if each == name)) for name in names]

    def summary(self, knowledge: Knowledge) -> list[Share]:
        """Classes, all fields and RAM."""
        stale = self.stale_ram()
        return [*self.by_class(knowledge), self.total(), self.ram(), *([stale] if stale.tried else [])]

    def reason(self, row: Row, knowledge: Knowledge) -> str:
        """Why nobody noticed this change."""
        if row.section == RAM:
            return row.detail or UNEXPLAINED
        measured = UNEXPLAINED if self.running else IGNORED
        return knowledge.reason(row.section, row.path, running=self.running) or measured

    def and_more(self, later: Result) -> Result:
        """Both results as one. A change that both tried counts as in the later one."""
        rows = {(row.section, row.path, row.mode): row for row in (*self.rows, *later.rows)}
        return replace(
            later,
            seconds=round(self.seconds + later.seconds, 1),
            replays=self.replays + later.replays,
            rows=tuple(rows.values()),
        )

    @property
    def known(self) -> frozenset[tuple[str, str, str]]:
        """Section, path and mode of all changes of fields."""
        return frozenset((row.section, row.path, row.mode) for row in self.of_fields)

    def write(self, path: Path) -> None:
        """Write all as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Result:
        """Read what :meth:`write` wrote."""
        raw = json.loads(path.read_text())
        raw["rows"] = tuple(Row(**row) for row in raw["rows"])
        raw["left_out"] = tuple((each[0], each[1], each[2]) for each in raw["left_out"])
        return cls(**raw)
