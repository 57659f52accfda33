# SPDX-License-Identifier: Apache-2.0
"""Attempts that end as a test says, for tests of what the suite makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from fixtures.attempt.attempt import Attempt, Setting
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import HotPatchFailure, RigError
from fixtures.evidence.checks import Check, CheckRecord
from fixtures.machine.probe import MachineType, Probe
from fixtures.matrix.cells import Cell
from fixtures.matrix.schema import Arch, KnownIssue, Pair, load_matrix
from fixtures.outcome.outcome import CellResult
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.qualification import Qualification

SHIPPED = load_matrix(MATRIX_FILE)
CELL = Cell("x86_64", "q35", "newest-old", "qmp", "postcopy", "busy", "virtio", 2)
FORWARD, BACK = ("debian-12", "debian-13"), ("debian-13", "debian-12")
OLD_OLD, NEW_NEW = ("debian-12", "debian-12"), ("debian-13", "debian-13")

PASS = None
FAIL = HotPatchFailure("memory", "page 7 is wrong")
OTHER = HotPatchFailure("clock", "the clock went back")
End = Exception | Check | None
"""How a run ends: well, by an exception, or by a check of the guest that did not hold."""
Script = Mapping[tuple[str, str], Sequence[End]]
"""The ends of the runs of each source and destination, one after the other; the last one repeats."""


class ScriptedRig(PairUnderTest):
    """Two builds that are never run."""

    def __init__(self, pair: tuple[str, str] = FORWARD, known: Sequence[KnownIssue] = ()) -> None:
        matrix = SHIPPED.model_copy(update={"known_issues": tuple(known)})
        super().__init__(matrix, Pair(old=pair[0], new=pair[1]), strict_pins=False)
        self.old = Build(pair[0], Sandbox(Path("/")), {})
        self.new = self.old if pair[0] == pair[1] else Build(pair[1], Sandbox(Path("/")), {})

    def image(self, arch: Arch) -> Path:
        """No image at all."""
        return Path(f"/images/{arch}")

    def accelerator(self, arch: Arch) -> str:  # noqa: ARG002
        """The one that works everywhere."""
        return "tcg"


@dataclass
class Stage:
    """Where a cell is qualified, and what happened there."""

    report: Path
    ends: Script = field(default_factory=dict)
    moves: list[tuple[str, str]] = field(default_factory=list)
    """Source and destination of every run, in order."""

    def judge(
        self, ends: Script, *, repeat: int = 1, under_test: PairUnderTest | None = None, cell: Cell = CELL
    ) -> CellResult:
        """Qualify the cell while its runs end as scripted."""
        self.ends = ends
        qualification = replace(self.qualification(under_test or ScriptedRig()), cell=cell)
        return qualification.judge(scenario, repeat=repeat)

    def qualification(self, under_test: PairUnderTest) -> Qualification:
        """The cell on its way to an outcome."""
        return Qualification(CELL, "hotpatch", "nodeid", under_test, self.report, "pytest nodeid")

    def end_of(self, setting: Setting) -> End:
        """How this run ends."""
        move = (setting.old.name, setting.new.name)
        ends = self.ends.get(move, [PASS])
        self.moves.append(move)
        return ends[min(self.moves.count(move), len(ends)) - 1]


def scenario(attempt: Attempt) -> None:
    """A test as it stands in suites/hotpatch."""
    assert attempt.hot_patch().runs_on_new_build


class ScriptedAttempt:
    """An attempt that ends as the stage says."""

    timeline = None
    began = False
    started_by_new = False

    def __init__(self, stage: Stage, setting: Setting) -> None:
        self.setting = setting
        self.checks = CheckRecord()
        self.figures: dict[str, float] = {}
        self.patched: Any = None
        self.guest = None
        self._end = stage.end_of(setting)

    def __enter__(self) -> Self:
        self.setting.evidence.mkdir(parents=True)
        (self.setting.evidence / "source-command.txt").write_text("qemu")
        if isinstance(self._end, RigError):
            raise self._end
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def hot_patch(self) -> Any:
        """End as scripted."""
        self.began = True
        if isinstance(self._end, Exception):
            raise self._end
        move = SimpleNamespace(total_ms=55.0, downtime_ms=12.0)
        held = Check("new-build", True, "it is the new build")
        check = self.checks.record(held if self._end is None else self._end)
        self.patched = SimpleNamespace(
            move=move, blackout=SimpleNamespace(ms=33.333), runs_on_new_build=check
        )
        return self.patched


def probe(*names: str) -> Probe:
    """A QEMU that has these machine types."""
    machines = tuple(MachineType(name, None, False) for name in names)
    return Probe("7.2.0", "7.2.0 x", machines, (), ("events", "postcopy-ram"), ())
