# SPDX-License-Identifier: Apache-2.0
"""What is found out about both QEMUs after a failed move, with a scripted QEMU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure
from fixtures.evidence.harm import LOADED_AGAIN
from fixtures.machine.monitor import Event
from fixtures.path.interface import Whereabouts
from fixtures.path.qmp.aftermath import QmpAftermath, QmpSavedAftermath
from suites.harness.support.scripted_qmp import Answer, connected, dies, refuses, returns

NOT_FINAL = "Migration is not finalized yet"
RAN = Event(2.0, "RESUME", {})
COMPLETED = Event(3.0, "MIGRATION", {"status": "completed"})


@pytest.mark.parametrize(
    "events,where",
    [([], "source"), ([COMPLETED], "source"), ([RAN], "torn"), ([RAN, COMPLETED], "destination")],
)
def test_guest_is_where_it_last_ran(events: list[Event], where: Whereabouts) -> None:
    """Lose this and a guest that a destination has run counts as one that the source can continue."""
    there: Any = SimpleNamespace(monitor=SimpleNamespace(events=events))
    assert QmpAftermath(source({}), there, began=1.0).whereabouts() == where
    assert QmpAftermath(source({}), there, began=9.0).whereabouts() == "source"


def test_destination_that_never_started_has_no_guest() -> None:
    """Lose this and a new build that does not start ends in an error of the suite."""
    left = QmpAftermath(source({}))
    left.end_destination()
    assert left.whereabouts() == "source"


SOURCES: dict[str, tuple[dict[str, Answer], bool, str]] = {
    "runs on": ({"query-status": returns({"status": "running"})}, True, "by itself"),
    "continued": (
        {"query-status": returns({"status": "postmigrate"}), "cont": returns({})},
        True,
        "which was postmigrate and was continued by `cont`",
    ),
    "torn": (
        {
            "query-status": returns({"status": "finish-migrate"}),
            "query-migrate": returns({"status": "postcopy-paused"}),
            "cont": refuses(NOT_FINAL),
        },
        False,
        f"the source is finish-migrate and refuses `cont`: {NOT_FINAL}",
    ),
    "dies": ({"query-status": dies}, False, "the source has ended: exit status 134"),
}


@pytest.mark.parametrize("case", SOURCES)
def test_source_is_asked_whether_it_can_go_on(case: str) -> None:
    """Lose this and a failed move is `stranded` although the source refuses to continue the guest."""
    answers, held, said = SOURCES[case]
    with connected(answers) as (monitor, _qemu):
        check = QmpAftermath(source({"monitor": monitor})).have_source_run()
    assert (check.runs, said in check.detail) == (held, True)


@pytest.mark.parametrize("loads", [True, False])
def test_saved_guest_is_lost_only_if_the_old_build_does_not_load_it_either(loads: bool) -> None:
    """Lose this and a guest that can still be restored counts as lost, or the other way round."""

    def load_again() -> None:
        if not loads:
            raise HotPatchFailure("saved", "no such snapshot")

    there = source({"build": SimpleNamespace(name="debian-12")})
    check = QmpSavedAftermath(there, load_again=load_again).have_source_run()
    said = LOADED_AGAIN if loads else "debian-12 does not load what it saved: no such snapshot"
    assert (check.runs, said in check.detail) == (loads, True)


def source(parts: dict[str, Any]) -> Any:
    """A source whose process has ended, as soon as its monitor is closed."""
    process = SimpleNamespace(wait=lambda _seconds: 134)
    made = SimpleNamespace(process=process, last_words=lambda: "exit status 134", **parts)
    made.status = lambda: made.monitor.execute("query-status")["status"]
    return made
