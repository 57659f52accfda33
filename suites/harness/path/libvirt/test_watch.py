# SPDX-License-Identifier: Apache-2.0
"""Following a migration by libvirt's events: against a scripted domain, no daemon and no guest."""

import threading
import time
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.errors import HotPatchFailure, RigError
from fixtures.path.libvirt import watch as libvirt_watch
from fixtures.path.libvirt.events import DomainEvent
from fixtures.path.libvirt.plan import libvirt_plan
from fixtures.path.libvirt.watch import LibvirtWatch
from fixtures.waiting import Signal, stretched_by

LONG = 20.0
"""A bound that these tests never reach unless something is broken."""


class ScriptedSource:
    """A domain that takes its next step each time its statistics are asked for, and notes what it did.

    A step is the number of an iteration, `end`, `fail`, `no job`: libvirt has no statistics, or `stop`:
    precopy stops the guest.
    """

    def __init__(self, *steps: str) -> None:
        self.daemon = SimpleNamespace(signal=Signal())
        self.handle = SimpleNamespace(jobStats=self._step, migrateStartPostCopy=self._switch)
        self.job: Future[None] = Future()
        self.broke = libvirt.libvirtError("it broke")
        self.did: list[str] = []
        self.refuses = False
        """True if it takes its next step when postcopy is asked for, and then says that there is no job."""
        self.unsent_until = 0
        """The iteration before which not all memory was sent once."""
        self._steps = list(steps)

    def follow(self, mechanism: str, began: float = 0.0, *, early: bool = False) -> list[int]:
        """The samples of the migration that began at host time `began`, as bytes transferred."""
        source: Any = self
        plan = libvirt_plan(mechanism, direct=False)
        watch = LibvirtWatch(source, self.job, plan.before_written_pages() if early else plan, began)
        return [sample.transferred for sample in watch.to_its_end()]

    def events(self) -> list[DomainEvent]:
        """The iterations so far."""
        stopped = [DomainEvent(0.0, "x", "lifecycle", "suspended migrated")] if "stop" in self.did else []
        return [DomainEvent(0.0, "x", "iteration", step) for step in self.did if step.isdecimal()] + stopped

    def last_words(self) -> str:
        """What a report would quote."""
        return "it still runs"

    def _step(self, _flags: int) -> dict[str, int]:
        if not self._steps:
            return {}
        self.did.append(step := self._steps.pop(0))
        if step == "end":
            self.job.set_result(None)
        if step == "fail":
            self.job.set_exception(self.broke)
        if step == "no job":
            raise libvirt.libvirtError("there is no job")
        return self._statistics()

    def _statistics(self) -> dict[str, int]:
        """One of two pages is sent until then."""
        last = max((int(step) for step in self.did if step.isdecimal()), default=0)
        sent = {"memory_normal": 1, "memory_constant": int(last >= self.unsent_until)}
        return {"memory_processed": len(self.did), "memory_total": 8192, "memory_page_size": 4096, **sent}

    def _switch(self, _flags: int) -> None:
        self.did.append("switch")
        if self.refuses:
            self._step(0)
            raise libvirt.libvirtError("there is no job")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sample, and with it step, as often as can be."""
    monkeypatch.setattr(libvirt_watch, "SAMPLE_SECONDS", 0.005)


def test_postcopy_begins_once_and_after_the_first_pass() -> None:
    """Lose this and postcopy begins with no page on the destination, or a second time, which is an error."""
    source = ScriptedSource("1", "1", "2", "3", "4", "end")
    source.follow("postcopy")
    assert source.did == ["1", "1", "2", "3", "switch", "4", "end"]


def test_postcopy_waits_until_all_memory_was_sent_once() -> None:
    """Lose this and postcopy out of QEMU 11.1, which counts passes before that, begins too early."""
    source = ScriptedSource("1", "2", "3", "4", "5", "6", "end")
    source.unsent_until = 5
    source.follow("postcopy")
    assert source.did == ["1", "2", "3", "4", "5", "switch", "6", "end"]


def test_immediate_postcopy_does_not_wait_for_memory() -> None:
    """Lose this and the cells of immediate postcopy test the ordinary one."""
    source = ScriptedSource("1", "2", "3", "end")
    source.unsent_until = 3
    source.follow("postcopy-immediate")
    assert source.did == ["1", "switch", "2", "3", "end"]


def test_postcopy_out_of_a_source_that_loses_pages_does_not_wait_for_memory() -> None:
    """Lose this and a guest under TCG loses pages by chance, so that a good update is `flaky`."""
    source = ScriptedSource("1", "2", "3", "end")
    source.unsent_until = 3
    source.follow("postcopy", early=True)
    assert source.did == ["1", "2", "switch", "3", "end"]


def test_precopy_that_ends_before_all_memory_was_sent_is_an_error_of_the_suite() -> None:
    """Lose this and a busy host makes a good update unsafe."""
    source = ScriptedSource("1", "2", "3", "end")
    source.unsent_until = 9
    with pytest.raises(RigError, match="before the suite asked for postcopy"):
        source.follow("postcopy")


def test_immediate_postcopy_begins_with_the_first_pass() -> None:
    """Lose this and the cells of immediate postcopy test the ordinary one."""
    source = ScriptedSource("1", "2", "end")
    source.follow("postcopy-immediate")
    assert source.did == ["1", "switch", "2", "end"]


def test_passes_of_an_earlier_migration_do_not_count() -> None:
    """Lose this and a move after a cancelled one is switched to postcopy before its first pass."""
    source = ScriptedSource("1", "2", "3", "end")
    source.follow("postcopy", began=1.0)
    assert source.did == ["1", "2", "3", "end"]


def late() -> ScriptedSource:
    """A source whose precopy has stopped its guest when postcopy is asked for, and ends."""
    source = ScriptedSource("1", "stop", "2", "end")
    source.refuses = True
    return source


def test_precopy_that_ends_before_it_is_switched_is_an_error_of_the_suite() -> None:
    """Lose this and a busy host makes a good update unsafe."""
    with pytest.raises(RigError, match="before the suite asked for postcopy"):
        late().follow("postcopy")


def test_precopy_that_has_ended_in_its_second_pass_is_an_error_of_the_suite() -> None:
    """Lose this and a busy host on which the suite sees both at once makes a good update unsafe."""
    source = ScriptedSource("1", "end")
    second = DomainEvent(0.0, "x", "iteration", "2")
    source.events = lambda: [second] if source.job.done() else []  # type: ignore[method-assign]
    with pytest.raises(RigError, match="before the suite asked for postcopy"):
        source.follow("postcopy")


def test_refusal_to_start_postcopy_is_a_failure_of_the_builds() -> None:
    """Lose this and a libvirt that cannot start postcopy is excused by a busy host."""
    source = ScriptedSource("1", "2", "3")
    source.refuses = True
    with pytest.raises(libvirt.libvirtError):
        source.follow("postcopy")


def test_migration_that_ends_in_the_first_pass_was_no_postcopy() -> None:
    """Lose this and a build that sends nothing is excused by a busy host."""
    assert len(ScriptedSource("1", "end").follow("postcopy")) == 2


@pytest.mark.parametrize("mechanism", ["precopy", "multifd"])
def test_precopy_is_never_switched(mechanism: str) -> None:
    """Lose this and precopy cells test postcopy."""
    source = ScriptedSource("1", "2", "3", "end")
    source.follow(mechanism)
    assert source.did == ["1", "2", "3", "end"]


def test_each_look_becomes_a_sample() -> None:
    """Lose this and the timeline of a migration by libvirt is empty, or ends with its first gap."""
    assert ScriptedSource("1", "no job", "2", "end").follow("precopy") == [1, 3, 4]


def test_end_of_the_job_ends_the_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and what a move by libvirt takes is rounded up to the next sample."""
    monkeypatch.setattr(libvirt_watch, "SAMPLE_SECONDS", LONG)
    source = ScriptedSource()
    ending = threading.Thread(target=source.job.set_result, args=(None,))

    def events() -> list[DomainEvent]:
        if ending.ident is None:
            ending.start()  # Its news must wait for the lock, which only the wait gives away.
        return []

    monkeypatch.setattr(source, "events", events)
    begun = time.monotonic()
    source.follow("postcopy")
    assert time.monotonic() - begun < LONG / 2


def test_failed_job_raises_libvirts_own_error() -> None:
    """Lose this and a failed migration counts as completed."""
    source = ScriptedSource("1", "fail")
    with pytest.raises(libvirt.libvirtError) as failed:
        source.follow("precopy")
    assert failed.value is source.broke


def test_hanging_migration_is_a_failure_of_the_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a migration that never ends blocks the run, or counts as the rig's error."""
    monkeypatch.setattr(libvirt_watch, "MIGRATE_SECONDS", 0.05)
    said = r"did not end in 0\.1 s; source: it still runs"
    with stretched_by(2.0), pytest.raises(HotPatchFailure, match=said) as failed:
        ScriptedSource("1", "2", "3").follow("postcopy")
    assert failed.value.check == "hang"
