# SPDX-License-Identifier: Apache-2.0
"""What a path by QMP says of both QEMUs at the end of a move, with a scripted QEMU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure
from fixtures.machine.monitor import Event, MonitorClosed
from fixtures.path.qmp.ends import exits, never_both, was_immediate, was_postcopy
from fixtures.path.qmp.path import QmpPath
from suites.harness.support.scripted_qmp import connected, dies, returns

FIRST_MOVE, SECOND_MOVE = 1.0, 10.0


@pytest.mark.parametrize(
    "status,failed", [(0, None), (1, "exit-status"), (139, "exit-status"), (None, "old-exits")]
)
def test_source_must_end_with_status_0(status: int | None, failed: str | None) -> None:
    """Lose this and a source that crashes at its end, or never ends, passes."""
    with connected({"quit": dies}) as (monitor, _qemu):
        checks = exits(machine(monitor=monitor, process=process(status)))
    assert next((check.name for check in checks if not check), None) == failed


def test_last_qemu_must_end_with_status_0() -> None:
    """Lose this and a new build that fails when it is ended passes."""
    path = QmpPath(lambda _machine: None)
    with connected({"quit": returns({})}) as (monitor, _qemu):
        path.machine = machine(monitor=monitor, process=process(1))
        check = path.exit_status()
    assert (check.held, check.what) == (False, "last")


@pytest.mark.parametrize("status,held", [(0, True), (139, False)])
def test_qemu_that_has_ended_is_not_asked(status: int, held: bool) -> None:
    """Lose this and a guest that powered itself off fails, or a QEMU that died by itself passes."""
    path = QmpPath(lambda _machine: None)
    path.machine = machine(process=SimpleNamespace(ended=status))
    assert path.exit_status().held is held


def test_qemu_that_does_not_start_again_fails_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest whose files a move has damaged is said not to have begun its move."""
    given: dict[str, Any] = {}

    def refuse(*_arguments: object, **more: object) -> None:
        given.update(more)
        raise HotPatchFailure("launch", "swtpm has ended", "it has ended")

    monkeypatch.setattr("fixtures.path.qmp.path.QmpMachine.start", refuse)
    path = QmpPath(lambda _machine: None)
    path.machine = machine(label="destination", spec=None, host=None, close=lambda: None)
    with pytest.raises(HotPatchFailure, match="at its next start: swtpm has ended") as raised:
        path.start_again()
    assert (raised.value.check, raised.value.cause) == ("reboot", "it has ended")
    assert given["tpm_of"] == "destination"
    assert given["label"] != "destination"


@pytest.fixture
def source() -> Any:
    """A QEMU that got its guest by postcopy in the first move, and stops it in the second."""
    before = [event("MIGRATION", FIRST_MOVE, status="postcopy-active"), event("RESUME", FIRST_MOVE)]
    return machine(status="postmigrate", events=[*before, event("STOP", SECOND_MOVE + 1)])


def test_postcopy_of_an_earlier_move_does_not_count(source: Any) -> None:
    """Lose this and a second move seems to be postcopy, because the first one was."""
    assert not was_postcopy(source, SECOND_MOVE)
    source.monitor.events.append(event("MIGRATION", SECOND_MOVE, status="postcopy-active"))
    assert was_postcopy(source, SECOND_MOVE)


@pytest.mark.parametrize("stopped,held", [(FIRST_MOVE, False), (SECOND_MOVE + 1, True)])
def test_stop_in_an_earlier_move_does_not_count(source: Any, stopped: float, held: bool) -> None:
    """Lose this and a guest that both sides run in its second move passes, because the first was right."""
    source.monitor.events[-1] = event("STOP", stopped)
    destination = machine(status="running", events=[event("RESUME", SECOND_MOVE + 2)])
    assert bool(never_both(source, destination, SECOND_MOVE)) == held


@pytest.mark.parametrize("dead", ["source", "source destination", "destination"])
def test_the_side_that_died_first_is_quoted(dead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a source that dies fails with now its own words and now the destination's, by chance."""
    sides = {
        side: SimpleNamespace(
            monitor=SimpleNamespace(closed=side in dead),
            last_words=lambda side=side: f"words of the {side}",
            becomes_source=lambda: None,
            footprint=lambda: None,
            host=None,
        )
        for side in ("source", "destination")
    }
    monkeypatch.setattr("fixtures.path.qmp.path.start_destination", lambda *_: sides["destination"])
    path, nothing = QmpPath(lambda _machine: None), SimpleNamespace()
    path.machine = sides["source"]  # type: ignore[assignment]
    begun: Any = path._begun
    with (
        pytest.raises(HotPatchFailure, match=f"words of the {dead.partition(' ')[0]}"),
        begun(*[nothing] * 3),
    ):
        raise MonitorClosed("it", "closed")


def machine(status: str = "", events: list[Event] | None = None, **parts: Any) -> Any:
    """A QEMU with this runstate and these events."""
    scripted = {"monitor": SimpleNamespace(events=events or []), "status": lambda: status, **parts}
    build = SimpleNamespace(name="new")
    return SimpleNamespace(build=build, last_words=lambda: "its last words", **scripted)


def process(status: int | None) -> Any:
    """A process that ends with this status when it is asked to; None: never."""
    return SimpleNamespace(ended=None, wait=lambda _seconds: status)


def event(name: str, at: float, **data: Any) -> Event:
    """An event at this host time."""
    return Event(at, name, data)


def test_immediate_postcopy_sends_no_memory_before() -> None:
    """Lose this and the cells of immediate postcopy pass when precopy has sent the guest."""
    assert was_immediate({"ram": {"precopy-bytes": 4096}})
    assert not was_immediate({"ram": {"precopy-bytes": 100 << 20}})
