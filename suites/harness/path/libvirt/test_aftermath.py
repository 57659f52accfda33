# SPDX-License-Identifier: Apache-2.0
"""What is found out about both domains after a failed move, with scripted domains."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.evidence.harm import LOADED_AGAIN
from fixtures.path.interface import Whereabouts
from fixtures.path.libvirt.aftermath import POSTCOPY_FAILED, LibvirtAftermath, LibvirtSavedAftermath
from fixtures.path.libvirt.events import DomainEvent

STARTED, RESUMED = (
    DomainEvent(2.0, "guest", "lifecycle", what) for what in ("started migrated", "resumed x")
)


@pytest.mark.parametrize(
    "events,state,where",
    [
        ([STARTED], "paused migration", "source"),
        ([STARTED, RESUMED], "running migrated", "destination"),
        ([STARTED, RESUMED], "running postcopy", "torn"),
        ([STARTED, RESUMED], "gone", "torn"),
    ],
)
def test_guest_is_where_it_last_ran(events: list[DomainEvent], state: str, where: Whereabouts) -> None:
    """Lose this and a guest that a destination has run counts as one that the source can continue."""
    there = domain(state, events=lambda: events)
    assert LibvirtAftermath(domain(), there, began=1.0).whereabouts() == where


@pytest.mark.parametrize(
    "state,held,said",
    [
        ("running migration_canceled", True, "by itself"),
        ("paused migration", True, "which was paused migration and was resumed by libvirt"),
        ("shutoff crashed", False, "the source is shutoff crashed: its last words"),
        ("gone", False, "the source is gone: its last words"),
    ],
)
def test_source_is_asked_whether_it_can_go_on(state: str, held: bool, said: str) -> None:
    """Lose this and a source that libvirt left paused counts as a guest that is lost."""
    check = LibvirtAftermath(domain(state)).have_source_run()
    assert (check.runs, said in check.detail) == (held, True)


@pytest.mark.parametrize("loads", [True, False])
def test_saved_guest_is_lost_only_if_the_old_build_does_not_load_it_either(loads: bool) -> None:
    """Lose this and a guest that can still be restored counts as lost, or the other way round."""

    def load_again() -> None:
        if not loads:
            raise libvirt.libvirtError("no such file")

    check = LibvirtSavedAftermath(domain("gone"), load_again=load_again).have_source_run()
    assert (check.runs, LOADED_AGAIN in check.detail) == (loads, loads)


def test_source_that_libvirt_does_not_resume_cannot_go_on() -> None:
    """Lose this and a guest that libvirt leaves paused counts as one that runs on."""

    def resume() -> None:
        raise libvirt.libvirtError("cannot acquire state change lock")

    source = domain("paused migration", handle=SimpleNamespace(resume=resume))
    assert not LibvirtAftermath(source).have_source_run()


def test_source_of_a_failed_postcopy_is_not_asked() -> None:
    """Lose this and each guest that a failed postcopy has lost costs half a minute more."""
    resumed: list[str] = []
    source = domain(POSTCOPY_FAILED, handle=SimpleNamespace(resume=lambda: resumed.append("resumed")))
    assert not LibvirtAftermath(source).have_source_run()
    assert not resumed


def test_daemon_that_is_gone_cannot_go_on() -> None:
    """Lose this and a daemon that died with the move ends in an error of the suite."""
    source = domain("running booted")
    source.daemon.alive = False
    assert not LibvirtAftermath(source).have_source_run()


def domain(state: str = "", **parts: Any) -> Any:
    """A domain in this state."""
    scripted: dict[str, Any] = {
        "daemon": SimpleNamespace(alive=True),
        "state": lambda: state,
        "last_words": lambda: "its last words",
        "bounded": lambda call, _what: call(),
        "handle": SimpleNamespace(resume=lambda: None),
    }
    return SimpleNamespace(**scripted | parts)
