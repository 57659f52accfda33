# SPDX-License-Identifier: Apache-2.0
"""What becomes of a random machine that fails, and does not fail when it is moved once more?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.matrix.schema import load_matrix
from fixtures.matrix.sweep_plan import plans_of
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.venue import Venue
from fixtures.still.moves import StillMoves
from fixtures.sweep.device_models import DeviceModel
from fixtures.sweep.forecasts import Judged
from fixtures.sweep.mixes import MixSweep
from fixtures.sweep.recipes import devices_of
from fixtures.sweep.sweep import Sweep

FAILED = "migrate: QEMU ended with exit status 139"


class _Moves:
    """Moves of which the first fails, and no later one."""

    lines = ()
    spec = SimpleNamespace(arguments=("-device", "isa-vga"))
    failed = False

    def saved(self, _build: object) -> None:
        pass

    def run(self, _old: object, _new: object) -> RunRecord:
        first = not _Moves.failed
        _Moves.failed = True
        return RunRecord("a", "b", "fail" if first else "pass", FAILED if first else "", FAILED)


class _Sweep(Sweep):
    """A sweep that judges by the moves which failed before."""

    def moves(self, arguments: Sequence[str]) -> StillMoves:  # noqa: ARG002
        return cast("StillMoves", _Moves())

    def judge(
        self,
        moves: StillMoves,  # noqa: ARG002
        *,
        back: bool = True,  # noqa: ARG002
        tries: int = 1,  # noqa: ARG002
        failed: RunRecord | None = None,
    ) -> Judged:
        assert failed is not None
        return Judged(Outcome.FLAKY, failed.reason, [failed])


def test_machine_that_fails_sometimes_is_a_finding(tmp_path: Path) -> None:
    """Lose this and a random crash of QEMU ends in an error of the suite, which says nothing of it."""
    plan = plans_of(load_matrix(MATRIX_FILE))[0]
    under_test = SimpleNamespace(matrix=load_matrix(MATRIX_FILE))
    nodeid = "suites/compat/test_x.py::test"
    sweep = _Sweep(plan, cast("PairUnderTest", under_test), tmp_path, nodeid, str, place=tmp_path)
    build = Build("a", Sandbox(tmp_path), {})
    cast("Any", sweep).venue = Venue("tcg", build, build)
    MixSweep(sweep, "pc-q35-7.2", devices_of([DeviceModel("e1000", "PCI", "")]), 20).run()
    first, second = sweep.cells
    assert (first.outcome, first.runs[0].reason) == (Outcome.FLAKY, FAILED)
    assert second.outcome is Outcome.PASS
