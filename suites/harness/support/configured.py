# SPDX-License-Identifier: Apache-2.0
"""A configuration of pytest with the options of the suite, and what they select.

The fixture `configure` makes them.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.matrix.expansion import expand
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from fixtures.run import selecting

MATRIX_READ = load_matrix(MATRIX_FILE)


CELLS = [cell.id for cell in expand(MATRIX_READ)[:4]]


TEST = "suites/hotpatch/test_qmp.py::test_survives"


Configure = Callable[..., Any]


def selected(config: Any, *tests: str) -> list[str]:
    """Those of these tests that the options select."""
    items: list[Any] = [SimpleNamespace(nodeid=test) for test in tests]
    selecting.select(config, items)
    return [item.nodeid for item in items]


def on(*names: str) -> list[str]:
    """The ids of one test for each of these cells."""
    return [f"{TEST}[{name}]" for name in names]


def said_at_the_end(configure: Configure, **given: object) -> str:
    """The message with which pytest ends; its exit status must be 2."""
    with pytest.raises(pytest.UsageError) as raised:
        configure(**given)
    return str(raised.value)
