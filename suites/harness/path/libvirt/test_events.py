# SPDX-License-Identifier: Apache-2.0
"""libvirt's events and errors become text, in order, and wake waiting threads."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.path.libvirt.events import LIFECYCLE, Recorder, constant, error_text
from fixtures.waiting import Deadline, Signal
from suites.harness.support.libvirt_errors import error_of

LONG = 20.0
"""A deadline that these tests never reach unless something is broken."""
EVENT = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
ITERATION = libvirt.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION
JOB = libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED


class ScriptedConnection:
    """A connection that delivers scripted events as libvirt-python does."""

    def __init__(self) -> None:
        self._callbacks: dict[int, Callable[..., None]] = {}

    def domainEventRegisterAny(  # noqa: N802 - libvirt's name
        self, domain: object, event: int, callback: Callable[..., None], opaque: object
    ) -> int:
        """Remember the callback."""
        assert (domain, opaque) == (None, None)
        self._callbacks[event] = callback
        return event

    def domainEventDeregisterAny(self, number: int) -> None:  # noqa: N802 - libvirt's name
        """Forget it."""
        del self._callbacks[number]

    def announce(self, event: int, *what: object, domain: str = "x") -> None:
        """Tell of an event of `domain`."""
        if event in self._callbacks:
            self._callbacks[event](self, SimpleNamespace(name=lambda: domain), *what, None)


@pytest.fixture
def connection() -> ScriptedConnection:
    """Where events come from."""
    return ScriptedConnection()


@pytest.fixture
def recorder(connection: Any) -> Recorder:
    """Who listens to them."""
    listening = Recorder(Signal())
    listening.listen(connection)
    return listening


def test_events_are_kept_in_words_and_in_order(connection: ScriptedConnection, recorder: Recorder) -> None:
    """Lose this and a timeline shows events as numbers, or in the wrong order."""
    suspended = libvirt.VIR_DOMAIN_EVENT_SUSPENDED
    connection.announce(ITERATION, 2)
    connection.announce(EVENT, suspended, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY)
    connection.announce(JOB, {"downtime": 7})
    assert [str(event) for event in recorder.of("x")] == [
        "iteration 2",
        "suspended postcopy",
        "job completed",
    ]
    assert recorder.of("x")[-1].data == {"downtime": 7}
    times = [event.at for event in recorder.of("x")]
    assert times == sorted(times)


def test_earlier_connection_is_heard_no_longer(connection: ScriptedConnection, recorder: Recorder) -> None:
    """Lose this and a shutdown counts twice after an update that does not restart the daemon."""
    later: Any = ScriptedConnection()
    recorder.listen(later)
    for each in (connection, later):
        each.announce(ITERATION, 1)
    assert [str(event) for event in recorder.of("x")] == ["iteration 1"]


def test_watchdog_and_removed_devices_are_kept(connection: ScriptedConnection, recorder: Recorder) -> None:
    """Lose this and a watchdog that fires, or a device that is gone, is waited for in vain."""
    connection.announce(libvirt.VIR_DOMAIN_EVENT_ID_WATCHDOG, libvirt.VIR_DOMAIN_EVENT_WATCHDOG_NONE)
    connection.announce(libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, "ua-plugged")
    assert [str(event) for event in recorder.of("x")] == ["watchdog none", "removed ua-plugged"]


def test_events_are_kept_for_their_domain(connection: ScriptedConnection, recorder: Recorder) -> None:
    """Lose this and one guest's migration is reported as another's."""
    connection.announce(ITERATION, 1, domain="a")
    connection.announce(ITERATION, 2, domain="b")
    assert [str(event) for event in recorder.of("b")] == ["iteration 2"]
    assert [str(event) for event in recorder.of("a")] == ["iteration 1"]


def test_event_wakes_who_waits_for_it(connection: ScriptedConnection, recorder: Recorder) -> None:
    """Lose this and whatever waits for an event of libvirt's waits to its deadline."""
    announcing = threading.Thread(target=connection.announce, args=(ITERATION, 2))

    def look() -> bool | None:
        found = recorder.of("x")
        if announcing.ident is None:
            announcing.start()  # Its news must wait for the lock, which only the wait gives away.
        return bool(found) or None

    deadline = Deadline.after(LONG)
    recorder.signal.wait_for(look, deadline, what="an iteration", last_seen=str)
    assert deadline.left > LONG / 2


def test_every_kind_of_lifecycle_event_has_its_name() -> None:
    """Lose this and an event's reason is reported as its kind, because both share a prefix."""
    kinds = [constant("VIR_DOMAIN_EVENT_", number, LIFECYCLE) for number in range(len(LIFECYCLE))]
    assert kinds == [name.lower() for name in LIFECYCLE]


def test_numbers_have_names() -> None:
    """Lose this and a report shows numbers that only libvirt's headers explain."""
    assert constant("VIR_DOMAIN_EVENT_SUSPENDED_", libvirt.VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY) == "postcopy"
    assert constant("VIR_DOMAIN_EVENT_SUSPENDED_", 99) == "99"
    assert (
        error_text(error_of(libvirt.VIR_ERR_OPERATION_FAILED, "it broke"))
        == "it broke (operation_failed, qemu)"
    )
