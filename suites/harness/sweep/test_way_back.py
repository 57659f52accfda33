# SPDX-License-Identifier: Apache-2.0
"""Is a swept machine that came into the new build moved back?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.outcome.outcome import RunRecord
from fixtures.still.machine import StillFailure
from fixtures.sweep.sweep import Sweep

BUILDS: Any = SimpleNamespace(old="old", new="new")


class Unsaved:
    """A machine that the new build cannot save."""

    def saved(self, _build: str) -> None:
        """No build saves it."""
        raise StillFailure("migrate", "vmstate_save failed")

    def run(self, source: str, destination: str) -> RunRecord:
        """The failed move as a record."""
        return RunRecord(source, destination, "fail", "migrate: vmstate_save failed")


@pytest.mark.parametrize("moved, ways", [(True, [("new", "old")]), (False, [])])
def test_machine_that_the_new_build_cannot_save_cannot_return(moved: bool, ways: list[Any]) -> None:
    """Lose this and a machine that can never leave the new build is missing from the answer."""
    back = Sweep._way_back(BUILDS, Unsaved(), moved=moved)  # type: ignore[arg-type]
    assert [(run.source, run.destination) for run in back] == ways
