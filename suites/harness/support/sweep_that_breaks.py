# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for a run with a deliberate error: each sweep breaks off after its third cell."""

import pytest

from fixtures.outcome.outcome import CellResult
from fixtures.sweep.sweep import Sweep

CELLS = 3
WORDS = "it broke on purpose"


def pytest_configure() -> None:
    """Break every sweep of this process."""
    keep = Sweep.keep

    def keep_some(sweep: Sweep, *args: object, **more: object) -> CellResult:
        if len(sweep.cells) == CELLS:
            raise RuntimeError(WORDS)
        return keep(sweep, *args, **more)  # type: ignore[arg-type]

    pytest.MonkeyPatch().setattr(Sweep, "keep", keep_some)
