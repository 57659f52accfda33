# SPDX-License-Identifier: Apache-2.0
"""Which failures does pytest itself list above the run's own table, which says the rest more clearly?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.run.controller import RunFollower
from fixtures.run.wire import COMPLETE_PROPERTY

JUDGED = SimpleNamespace(nodeid="judged", user_properties=[(COMPLETE_PROPERTY, "")])
BROKE_OFF = SimpleNamespace(nodeid="broke off", user_properties=[])
OF_THE_SUITE = SimpleNamespace(nodeid="suites/harness", user_properties=[])
FAILED = [JUDGED, BROKE_OFF, OF_THE_SUITE]


def listed(verbosity: int, failed: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """What pytest lists as failed, and what it counts afterwards."""
    follower: Any = RunFollower.__new__(RunFollower)
    follower._planned = dict.fromkeys(("judged", "broke off"))
    terminal: Any = SimpleNamespace(stats={"failed": failed} if failed else {}, verbosity=verbosity)
    summary = follower.pytest_terminal_summary(terminal)
    next(summary)
    shown = list(terminal.stats.get("failed", []))
    with pytest.raises(StopIteration):
        summary.send(None)
    return shown, terminal.stats


def test_cell_that_the_table_tells_is_not_listed_above_it() -> None:
    """Lose this and the words for people are below pages of failures that say the same."""
    shown, after = listed(0, FAILED)
    assert shown == [BROKE_OFF, OF_THE_SUITE]
    assert after == {"failed": FAILED}


def test_who_asks_for_more_sees_all() -> None:
    """Lose this and `-v` hides what pytest shows everywhere else."""
    assert listed(1, FAILED)[0] == FAILED


def test_run_without_failures_counts_none() -> None:
    """Lose this and a run that passed has "0 failed" in its last line."""
    assert listed(0, []) == ([], {})
