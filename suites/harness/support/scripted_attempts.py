# SPDX-License-Identifier: Apache-2.0
"""Attempts with scripted ends, for tests of what the suite concludes from them."""

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
from fixtures.evidence.harm import Harmed
from fixtures.machine.probe import MachineType, Probe
from fixtures.matrix.cells import Cell
from fixtures.matrix.names import Arch
from fixtures.matrix.schema import KernelSet, KnownIssue, Pair, load_matrix
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
"""How a run ends: None for a pass, an exception, or a failed check of the guest."""
Script = Mapping[tuple[str, str], Sequence[End]]
"""The ends of successive runs of each source and destination; the last end repeats."""


NOWHERE = Path("/evidence")


class ScriptedPair(PairUnderTest):
    """Two builds that are never run."""

    def __init__(self, pair: tuple[str, str] = FORWARD, known: Sequence[KnownIssue] = ()) -> None:
        matrix = SHIPPED.model_copy(update={"known_issues": tuple(known)})
        super().__init__(matrix, Pair(old=pair[0], new=pair[1]), strict_pins=False, evidence=lambda: NOWHERE)
        self.old = Build(pair[0], Sandbox(Path("/")), {})
        self.new = self.old if pair[0] == pair[1] else Build(pair[1], Sandbox(Path("/")), {})

    def image(self, arch: Arch, of: KernelSet = "kernels") -> Path:
        """No image at all."""
        return Path(f"/images/{of}/{arch}")

    def accelerator(self, arch: Arch) -> str:  # noqa: ARG002
        """TCG, which works on every host."""
        return "tcg"


@dataclass
class Stage:
    """Qualifies a cell with scripted runs, and records the runs."""

    report: Path
    ends: Script = field(default_factory=dict)
    moves: list[tuple[str, str]] = field(default_factory=list)
    """Source and destination of every run, in order."""
    figures: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    """Figures of the runs, by source and destination."""
    last_end: Exception | None = None
    """What is raised when the last QEMU of a run ends; None: nothing."""

    def judge(
        self, ends: Script, *, repeat: int = 1, under_test: PairUnderTest | None = None, cell: Cell = CELL
    ) -> CellResult:
        """Qualify the cell while its runs end as scripted."""
        self.ends = ends
        qualification = replace(self.qualification(under_test or ScriptedPair()), cell=cell)
        return qualification.judge(scenario, repeat=repeat)

    def qualification(self, under_test: PairUnderTest) -> Qualification:
        """The qualification of the cell."""
        return Qualification(CELL, "hotpatch", "nodeid", under_test, self.report, "pytest nodeid")

    def end_of(self, setting: Setting) -> End:
        """How this run ends."""
        move = (setting.old.name, setting.new.name)
        ends = self.ends.get(move, [PASS])
        self.moves.append(move)
        return ends[min(self.moves.count(move), len(ends)) - 1]


def scenario(attempt: Attempt) -> None:
    """A test as in suites/hotpatch."""
    assert attempt.hot_patch().runs_on_new_build


class ScriptedAttempt:
    """An attempt that ends as its stage is scripted."""

    timeline = None
    began = False
    started_by_new = False
    paused = False
    harmed: Harmed | None = None

    def __init__(self, stage: Stage, setting: Setting) -> None:
        self.setting = setting
        self.checks = CheckRecord()
        self.figures = dict(stage.figures.get((setting.old.name, setting.new.name), {}))
        self.patched: Any = None
        self.guest = SimpleNamespace(machines=[])
        self._end = stage.end_of(setting)
        self._last_end = stage.last_end

    def __enter__(self) -> Self:
        self.setting.host.evidence.mkdir(parents=True)
        (self.setting.host.evidence / "source-command.txt").write_text("qemu")
        if isinstance(self._end, RigError):
            raise self._end
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ends_well(self) -> None:
        """The last QEMU exits as the stage says."""
        if self._last_end is not None:
            raise self._last_end

    def hot_patch(self) -> Any:
        """End as scripted."""
        self.began = True
        if isinstance(self._end, Exception):
            raise self._end
        move = SimpleNamespace(total_ms=55.0, downtime_ms=12.0, paused=self.paused)
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
