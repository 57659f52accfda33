# SPDX-License-Identifier: Apache-2.0
"""What a failure did to a guest, with scripted answers of the guest and of both sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.attempt import harm
from fixtures.attempt.attempt import Attempt
from fixtures.attempt.failed import Failed, failed_check
from fixtures.attempt.harm import measured
from fixtures.errors import HotPatchFailure, Refused, RigError, Unsupported
from fixtures.evidence.beats import REPEATED, STARTED_ANEW
from fixtures.evidence.checks import Check, CheckRecord
from fixtures.evidence.harm import Harm
from fixtures.machine.monitor import CommandRefused, MonitorClosed, MonitorSilent
from fixtures.path.interface import Resumption, Whereabouts
from fixtures.waiting import Late

ALIVE = Check("vcpus", True, "all 2 vCPUs work")
DEAD = Check("alive", False, "waited 6 s for a beat; hangs")
RUNS_ON = Resumption(True, "which ran on by itself")
ENDED = Resumption(False, "the source has ended: exit status 134")
MIGRATE = Failed("migrate", "source failed")
INTACT = dict.fromkeys(("rewrite_bad", "bad", "beat_bad", "data_bad"), "0")
INTACT |= dict.fromkeys(("pages", "data_pages", "beat_pages", "expected", "found", "first"), "1")


@dataclass
class Sides:
    """Both sides of a move that has failed."""

    where: Whereabouts = "source"
    source: Resumption = RUNS_ON
    destination: Any = field(default_factory=lambda: machine("debian-13"))
    ended: bool = False

    def whereabouts(self) -> Whereabouts:
        """As scripted."""
        return self.where

    def end_destination(self) -> None:
        """Remember it."""
        self.ended = True

    def have_source_run(self) -> Resumption:
        """As scripted; the destination must be gone, because it may hold the locks of the guest's disks."""
        assert self.ended
        return self.source


def machine(build: str) -> Any:
    """A QEMU of this build."""
    return SimpleNamespace(build=SimpleNamespace(name=build), last_words=lambda: "exit status 1")


def harm_of(
    failed: Failed,
    monkeypatch: pytest.MonkeyPatch,
    *,
    sides: Sides | None = None,
    alive: Check | Exception = ALIVE,
    memory: dict[str, str] = INTACT,
) -> Harm | None:
    """The harm of this failure, if the guest then answers so."""

    def goes_on(*_: object, anew: bool) -> Check:
        assert anew
        if isinstance(alive, Exception):
            raise alive
        return alive

    monkeypatch.setattr(harm, "goes_on", goes_on)
    agent = SimpleNamespace(ask=lambda _command: memory)
    checked = SimpleNamespace(kernel=1)
    guest: Any = SimpleNamespace(machine=machine("debian-12"), spec=None, agent=agent, checked=checked)
    guest.stands_still = guest.asleep = guest.ended = False
    guest.machines = [guest.machine]
    path: Any = SimpleNamespace(unfinished=sides)
    found = measured(failed, guest, path)
    return found.harm if found is not None else None


def test_guest_that_was_stopped_on_purpose_runs_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that the suite has stopped is reported as lost, whatever check failed."""
    there = machine("debian-13")
    there.beats = False
    scripted = SimpleNamespace(resume=lambda: setattr(there, "beats", True))
    monkeypatch.setattr(harm, "management_of", lambda _machine: scripted)
    monkeypatch.setattr(harm, "goes_on", lambda machine, *_, **_new: ALIVE if machine.beats else DEAD)
    guest: Any = SimpleNamespace(machine=there, spec=None, stands_still=True, asleep=False, ended=False)
    found = measured(Failed("old-exits", "still there"), guest, SimpleNamespace(unfinished=None))
    assert found is not None
    assert found.harm is Harm.CHANGED


def test_proof_names_no_move_that_was_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a reader looks for a failed move where none began."""
    monkeypatch.setattr(harm, "goes_on", lambda *_, **_new: ALIVE)
    checked = SimpleNamespace(kernel=0)
    guest: Any = SimpleNamespace(
        machine=machine("debian-12"), spec=None, checked=checked, asleep=False, ended=False
    )
    found = measured(Failed("cpu-accepted", "no avx"), guest, SimpleNamespace(unfinished=None))
    assert found is not None
    assert found.proof == "it beats on at the source, since no move could begin"


@pytest.mark.parametrize("source,expected", [(RUNS_ON, Harm.STRANDED), (ENDED, Harm.LOST)], ids=["on", "end"])
def test_source_is_asked_after_a_failed_move(
    source: Resumption, expected: Harm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a lost guest is reported like one that runs on under the old build."""
    assert harm_of(MIGRATE, monkeypatch, sides=Sides(source=source)) is expected


@pytest.mark.parametrize("alive", [DEAD, HotPatchFailure("panic", "Kernel panic")], ids=["hangs", "panics"])
def test_guest_must_beat_at_the_source(alive: Check | Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a source that says `running` is believed while its guest hangs."""
    assert harm_of(MIGRATE, monkeypatch, sides=Sides(), alive=alive) is Harm.LOST


def test_memory_must_be_intact_at_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest whose shared RAM the destination has overwritten counts as one that runs on."""
    assert harm_of(MIGRATE, monkeypatch, sides=Sides(), memory=INTACT | {"bad": "3"}) is Harm.LOST


def test_guest_that_has_run_at_both_sides_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that is torn in postcopy is `stranded`, since the source could be continued."""
    assert harm_of(MIGRATE, monkeypatch, sides=Sides(where="torn")) is Harm.LOST


HANG = Failed("hang", "the end of the migration did not come in 90 s")


@pytest.mark.parametrize("alive,expected", [(ALIVE, Harm.SLOW), (DEAD, Harm.LOST)], ids=["lives", "dead"])
def test_postcopy_that_does_not_end_is_slow_while_the_guest_lives(
    alive: Check, expected: Harm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that waits for its pages counts as lost, or a lost one as slow."""
    assert harm_of(HANG, monkeypatch, sides=Sides(where="torn"), alive=alive) is expected


def test_move_that_was_to_be_refused_has_changed_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that moved although libvirt was to refuse it is reported as lost."""
    refused = Failed("refused", "it was not refused: the guest has moved")
    assert harm_of(refused, monkeypatch, sides=Sides(where="destination")) is Harm.CHANGED


def test_new_libvirt_that_refuses_a_cpu_strands_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and guests whose move cannot begin are reported as moved and changed."""
    assert harm_of(Failed("cpu-accepted", "no avx"), monkeypatch) is Harm.STRANDED


AFTER_ITS_MOVE = {
    "memory": ("", Harm.LOST),
    "alive": ("hangs", Harm.LOST),
    "wake": ("its own timer", Harm.LOST),
    "never-both": ("", Harm.LOST),
    "disk-data": ("", Harm.LOST),
    "disk-requests": ("", Harm.LOST),
    "dirty-bitmap": ("", Harm.CHANGED),
    "beats": (STARTED_ANEW, Harm.LOST),
    "kernel-log": ("oops", Harm.LOST),
    "devices": ("net", Harm.CHANGED),
    "cpuid": ("", Harm.CHANGED),
    "acpi-tables": ("", Harm.CHANGED),
    "exit-status": ("source", Harm.CHANGED),
    "bounded": ("", Harm.SLOW),
    "throttle": ("", Harm.SLOW),
    "stands-still": ("too long", Harm.SLOW),
    "destination-ends": ("", Harm.CHANGED),
}


@pytest.mark.parametrize("name", AFTER_ITS_MOVE)
def test_check_of_a_moved_guest_has_its_harm(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest with damaged memory is reported as one that sees another ACPI table."""
    what, expected = AFTER_ITS_MOVE[name]
    assert harm_of(Failed(name, "seen", what), monkeypatch) is expected


@pytest.mark.parametrize("name", ["devices", "cpuid", "bounded", "exit-status"])
def test_moved_guest_that_does_not_go_on_is_lost(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the harm follows from the failed check alone, whatever became of the guest."""
    assert harm_of(Failed(name, "seen", "net"), monkeypatch, alive=DEAD) is Harm.LOST


@pytest.mark.parametrize(
    "name,what,expected",
    [
        ("beats", REPEATED, Harm.LOST),
        ("beats", "a beat is missing", Harm.CHANGED),
        ("kernel-log", "stall", Harm.CHANGED),
    ],
)
def test_part_of_a_check_decides(
    name: str, what: str, expected: Harm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that went back in time is reported like a serial port that lost a line."""
    assert harm_of(Failed(name, "seen", what), monkeypatch) is expected


def test_guest_that_was_ended_on_purpose_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a QEMU that ends with status 1 at the end of a test counts as a lost guest."""
    assert harm_of(Failed("exit-status", "1", "last"), monkeypatch, alive=DEAD) is Harm.CHANGED


@pytest.mark.parametrize("error", [MonitorClosed("it", "closed"), Late("waited 6 s")], ids=["dies", "late"])
def test_qemu_that_dies_while_it_is_asked_has_lost_its_guest(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the failure of a source that dies late has no harm, or another reason."""
    assert harm_of(MIGRATE, monkeypatch, sides=Sides(), alive=error) is Harm.LOST


@pytest.mark.parametrize("error", [RigError("the host is gone"), OSError("no space")])
def test_harm_is_not_guessed(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a host that fails while the guest is asked makes its harm `lost`."""
    assert harm_of(MIGRATE, monkeypatch, sides=Sides(), alive=error) is None


FAILED = {
    "failure": (HotPatchFailure("memory", "7 pages"), "memory"),
    "assertion": (AssertionError("devices"), "devices"),
    "closed": (MonitorClosed("it", "closed"), "hang"),
    "silent": (MonitorSilent("it", "silent"), "hang"),
    "command": (CommandRefused("cont", "", "no"), "hang"),
    "late": (TimeoutError(), "hang"),
    "libvirt": (libvirt.libvirtError("no"), "libvirt"),
    "refused": (Refused("blocked"), None),
    "unsupported": (Unsupported("it lacks"), None),
    "rig": (RigError("no host"), None),
    "suite": (KeyError("x"), None),
}


@pytest.mark.parametrize("case", FAILED)
def test_only_failures_of_the_builds_have_harm(case: str) -> None:
    """Lose this and an error of the suite reports a lost guest, or a failure reports nothing."""
    error, expected = FAILED[case]
    check = failed_check(error, CheckRecord([Check("devices", False, "net")]))
    assert (check.name if check is not None else None) == expected


@pytest.mark.parametrize("began", [True, False])
def test_failure_before_any_move_has_no_harm(began: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that fails while it boots counts as lost by the update."""
    monkeypatch.setattr("fixtures.attempt.attempt.measured", lambda *_: "measured")
    attempt: Any = Attempt(setting=None, began=began)  # type: ignore[arg-type]
    attempt.guest, attempt.path = SimpleNamespace(machines=[None]), None
    attempt._measure_harm(None, HotPatchFailure("memory", "7 pages"), None)
    assert (attempt.harmed is not None) == began


@pytest.mark.parametrize("failed, expected", [("old-exits", Harm.CHANGED), ("launch", Harm.STRANDED)])
def test_guest_that_sleeps_is_woken_before_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, failed: str, expected: Harm
) -> None:
    """Lose this and a guest that sleeps well is reported as lost, whatever check failed."""
    there = machine("debian-13")
    there.beats = False
    wakes = SimpleNamespace(is_asleep=lambda: True, wake=lambda: setattr(there, "beats", True))
    monkeypatch.setattr(harm, "management_of", lambda _machine: wakes)
    monkeypatch.setattr(harm, "goes_on", lambda machine, *_, **_new: ALIVE if machine.beats else DEAD)
    checked = SimpleNamespace(kernel=0)
    guest: Any = SimpleNamespace(
        machine=there, spec=None, stands_still=False, asleep=True, ended=False, checked=checked
    )
    found = measured(Failed(failed, "it failed"), guest, SimpleNamespace(unfinished=None))
    assert found is not None
    assert found.harm is expected


@pytest.mark.parametrize("name,expected", [("destination-ends", Harm.CHANGED), ("never-both", Harm.LOST)])
def test_guest_that_the_suite_has_ended_is_not_lost_by_the_build(name: str, expected: Harm) -> None:
    """Lose this and a QEMU that stays behind is as bad as a guest that runs in two places."""
    guest: Any = SimpleNamespace(machine=machine("debian-12"), ended=True, stands_still=False, asleep=False)
    guest.machines = [guest.machine]
    found = measured(Failed(name, "seen"), guest, SimpleNamespace(unfinished=None))
    assert found is not None
    assert found.harm is expected
