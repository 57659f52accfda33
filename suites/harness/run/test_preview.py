# SPDX-License-Identifier: Apache-2.0
"""`--plan` says how long a run takes, before anybody waits for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.matrix.schema import Pair
from fixtures.run.durations import UNKNOWN_SECONDS
from fixtures.run.options import PAIR
from fixtures.run.preview import OWN_SECONDS, PLANNED, estimate_if_asked


def item(name: str, *markers: str) -> Any:
    """A collected test that has these markers."""
    return SimpleNamespace(nodeid=f"suites/harness/{name}", get_closest_marker=lambda asked: asked in markers)


def test_own_tests_take_no_guest_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the tests of one directory, which take seconds, are said to take hours."""
    monkeypatch.setattr("fixtures.run.selecting.load_durations", dict)
    quick, slow = item("test_a.py::test_a", "harness"), item("test_b.py::test_b", "harness", "slow")
    stash: Any = {PAIR: Pair(old="debian-12", new="debian-13")}
    config = SimpleNamespace(getoption=lambda _name: True, stash=stash)
    session: Any = SimpleNamespace(config=config, items=[quick, slow])
    estimate_if_asked(session)
    assert stash[PLANNED] == {quick.nodeid: OWN_SECONDS, slow.nodeid: UNKNOWN_SECONDS}
