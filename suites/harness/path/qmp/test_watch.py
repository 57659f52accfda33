# SPDX-License-Identifier: Apache-2.0
"""How the source's events are handled, with a scripted QEMU."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.machine.monitor import Monitor
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.path.qmp.watch import QmpWatch, source_is_gone
from suites.harness.support.scripted_qmp import ScriptedQemu, connected, dies, returns


def destination_of(monitor: Monitor) -> QmpMachine:
    """A destination with this monitor, whose process has ended."""
    process: Any = SimpleNamespace(
        stderr=lambda: "qemu: it is full of holes", wait=lambda _seconds: 139, end=lambda: "status 139"
    )
    nothing: Any = None
    return QmpMachine(nothing, nothing, nothing, "destination", process, monitor, {}, 0.0, "destination")


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_cancelled_migration_has_ended_however_qemu_calls_it(status: str) -> None:
    """Lose this and a race inside QEMU that no guest notices is sometimes reported as a defect."""

    def cancel(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        qemu.event("MIGRATION", status=status)
        qemu.send({"return": {}, "id": command["id"]})

    with connected({"migrate_cancel": cancel}) as (monitor, qemu):
        source: Any = SimpleNamespace(monitor=monitor)
        QmpWatch(source, source).cancel()
    assert qemu.commands[-1] == "migrate_cancel"


@pytest.mark.parametrize("status", ["device", "completed"])
def test_precopy_that_ends_before_it_is_switched_is_an_error_of_the_suite(status: str) -> None:
    """Lose this and a busy host makes a good update unsafe."""
    with connected({"query-status": returns({})}) as (monitor, qemu):
        source = destination_of(monitor)
        watch = QmpWatch(source, source)
        qemu.event("MIGRATION", status="active")
        watch.until_status("active")
        watch.must_be_in_precopy()
        qemu.event("MIGRATION", status=status)
        watch.until_status(status)
        with pytest.raises(RigError, match=f"before the suite asked for postcopy: active, {status}"):
            watch.must_be_in_precopy()


def test_source_that_is_still_in_set_up_is_waited_for() -> None:
    """Lose this and a cancelled move fails because the suite looked between the first pass and `active`."""
    looks = 0

    def progress(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        nonlocal looks
        looks += 1
        ram = {"transferred": 4096, "remaining": 8192}
        answer = {"status": "setup"} if looks == 1 else {"status": "active", "ram": ram}
        qemu.send({"return": answer, "id": command["id"]})
        qemu.event("MIGRATION", status="active")

    with connected({"query-migrate": progress}) as (monitor, qemu):
        source = destination_of(monitor)
        watch = QmpWatch(source, source)
        qemu.event("MIGRATION", status="setup")
        qemu.event("MIGRATION_PASS", **{"pass": 1})
        watch.until_pass(1)
        assert watch.look().transferred == 4096
    assert looks == 2


def test_first_pass_that_is_not_announced_has_begun_once_memory_is_sent() -> None:
    """Lose this and each slow move out of QEMU 11.1 hangs, which announces no first pass."""

    def progress(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        ram = {"transferred": 4096, "remaining": 8192}
        qemu.send({"return": {"status": "active", "ram": ram}, "id": command["id"]})

    with connected({"query-migrate": progress}) as (monitor, qemu):
        source = destination_of(monitor)
        watch = QmpWatch(source, source)
        qemu.event("MIGRATION", status="active")
        watch.until_pass(1)
    assert watch.samples[-1].transferred == 4096


@pytest.mark.parametrize("sent_in_pass", [2, 5])
def test_memory_counts_as_sent_once_each_page_was(sent_in_pass: int) -> None:
    """Lose this and postcopy out of QEMU 11.1, which counts passes before that, begins with no page sent."""
    passes = 2

    def progress(qemu: ScriptedQemu, command: Mapping[str, Any]) -> None:
        nonlocal passes
        zero = int(passes >= sent_in_pass)
        ram = {"total": 8192, "page-size": 4096, "normal": 1, "duplicate": zero}
        qemu.send({"return": {"status": "active", "ram": ram}, "id": command["id"]})
        passes += 1
        qemu.event("MIGRATION_PASS", **{"pass": passes})

    with connected({"query-migrate": progress}) as (monitor, _qemu):
        source = destination_of(monitor)
        QmpWatch(source, source).until_all_memory_was_sent(2)
    assert passes - 1 == sent_in_pass


@pytest.mark.parametrize("resumes,asked", [(True, ["query-status"]), (False, [])])
def test_destination_answers_once_it_has_resumed_the_guest(resumes: bool, asked: list[str]) -> None:
    """Lose this and nobody knows when a guest's clock went on, or a paused guest seems to have resumed."""
    with connected({"query-status": returns({"status": "running"})}) as (monitor, qemu):
        destination = destination_of(monitor)
        watch = QmpWatch(destination, destination)
        if resumes:
            qemu.event("RESUME")
        qemu.event("MIGRATION", status="completed")
        watch.end()
    assert qemu.commands[1:] == asked
    assert (destination.answered_at is not None) is resumes


def test_destination_that_dies_when_it_has_resumed_the_guest_is_found() -> None:
    """Lose this and its end is reported without what it said last."""
    with connected({"query-status": dies}) as (monitor, qemu):
        destination = destination_of(monitor)
        watch = QmpWatch(destination, destination)
        qemu.event("RESUME")
        with pytest.raises(HotPatchFailure, match=r"gone .* it is full of holes"):
            watch.end()


def test_source_that_dies_fails_alike_whatever_the_destination_says() -> None:
    """Lose this and the old build's crash is blamed on the update, if its control says other words."""
    causes = set()
    for said in ("", "qemu: Not a migration stream", "qemu: load of migration failed"):
        source, destination = side_that_ended("source", ""), side_that_ended("destination", said)
        causes.add(QmpWatch(source, destination)._failure("migrate", "source QEMU is gone").cause)
    assert causes == {source_is_gone(side_that_ended("source", ""))}


def test_destination_that_dies_silently_fails_alike_whatever_the_source_says() -> None:
    """Lose this and a crash of the new build is a regression if its control's source says other words."""
    causes = set()
    for said in ("", "qemu: Unable to read from socket: Connection reset by peer"):
        source, destination = side_that_failed("source", said), side_that_ended("destination", "")
        for seen in ("source failed", "destination QEMU is gone"):
            causes.add(QmpWatch(source, destination)._failure("migrate", seen).cause)
    assert causes == {"destination QEMU is gone: exit status 139"}


def side_that_failed(side: str, stderr: str) -> Any:
    """A QEMU whose migration has failed, and that runs on."""
    side_of = side_that_ended(side, stderr)
    side_of.process.wait = lambda _seconds: None
    side_of.monitor = SimpleNamespace(closed=False, execute=lambda *_, **__: {"status": "failed"})
    return side_of


def side_that_ended(side: str, stderr: str) -> Any:
    """A QEMU that a signal has killed."""
    end = SimpleNamespace(wait=lambda _seconds: 139, end=lambda: "exit status 139", stderr=lambda: stderr)
    closed = SimpleNamespace(closed=True)
    return SimpleNamespace(side=side, monitor=closed, process=end, last_words=lambda: "exit status 139")
