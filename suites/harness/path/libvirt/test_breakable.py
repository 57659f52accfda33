# SPDX-License-Identifier: Apache-2.0
"""Moves by libvirt that the suite breaks: what it says if there is nothing left to break."""

from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.errors import HotPatchFailure, RigError, Unsupported
from fixtures.path.libvirt.breakable import LibvirtBreakableMove
from suites.harness.support.libvirt_errors import error_of


class ScriptedVersion:
    """A daemon of this version."""

    def __init__(self, name: str, version: int) -> None:
        self._name = name
        self.connection = SimpleNamespace(getLibVersion=lambda: version)

    def __str__(self) -> str:
        return self._name


def _refuses(_flags: int) -> None:
    raise libvirt.libvirtError("no domain with matching name")


def _move(state: str) -> Any:
    """A postcopy whose source is in this state, and does not take the order to interrupt it."""
    move: Any = LibvirtBreakableMove.__new__(LibvirtBreakableMove)
    move.source = SimpleNamespace(
        state=lambda: state,
        bounded=lambda call, *_: call(),
        handle=SimpleNamespace(abortJobFlags=_refuses),
    )
    return move


def test_postcopy_that_ended_before_it_was_interrupted_is_an_error_of_the_suite() -> None:
    """Lose this and a busy host makes a cell of faults fail, and a build is blamed."""
    with pytest.raises(RigError, match="ended before the suite broke it"):
        _move("gone").pause_both()


@pytest.mark.parametrize("act", ["recover", "source_pauses", "destination_pauses"])
def test_postcopy_that_ended_before_it_was_broken_is_an_error_of_the_suite(act: str) -> None:
    """Lose this and a busy host makes a guest that has arrived one that nobody can recover."""
    move = _move("gone")
    move._journey = SimpleNamespace(job=SimpleNamespace(result=lambda _seconds: None))
    move.destination = SimpleNamespace(state=lambda: "running migrated")
    with pytest.raises(RigError, match="ended before the suite broke it"):
        getattr(move, act)()


@pytest.mark.parametrize(
    "here, there, old", [(7000000, 9000000, "source"), (9000000, 7000000, "destination")]
)
def test_libvirt_that_knows_no_recovery_is_unsupported(here: int, there: int, old: str) -> None:
    """Lose this and each update of Debian 11 has a defect that nobody promised to be absent."""
    move = _move("running unpaused")
    for side, version in ((here, "source"), (there, "destination")):
        daemon = ScriptedVersion(version, side)
        setattr(move, version, SimpleNamespace(daemon=daemon))
    with pytest.raises(Unsupported, match=f"{old}: libvirt before 8.5 cannot recover"):
        move.may_recover()


def test_libvirts_that_know_recovery_are_asked_for_it() -> None:
    """Lose this and no postcopy is recovered by libvirt."""
    move = _move("running unpaused")
    move.source = move.destination = SimpleNamespace(daemon=ScriptedVersion("both", 8005000))
    move.may_recover()


def test_abort_that_libvirt_gives_up_is_one_that_it_does_not_answer() -> None:
    """Lose this and chance decides which of two defects a source has that stands still."""

    def gives_up() -> None:
        raise error_of(libvirt.VIR_ERR_OPERATION_TIMEOUT, "cannot acquire state change lock")

    move = _move("running unpaused")
    move.source.handle.abortJob = gives_up
    with pytest.raises(HotPatchFailure, match="cannot acquire") as failure:
        move.cancel()
    assert failure.value.check == "hang"


def test_source_that_does_not_let_a_postcopy_be_interrupted_fails() -> None:
    """Lose this and a libvirt without that order passes."""
    with pytest.raises(libvirt.libvirtError, match="no domain"):
        _move("paused postcopy").pause_both()


@pytest.mark.parametrize(
    "over,error,said",
    [(True, RigError, "completed before its switchover"), (False, HotPatchFailure, "QEMU sends nothing")],
)
def test_switchover_that_is_over_before_it_is_broken_is_an_error_of_the_suite(
    over: bool, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a busy host that is late makes QEMU send nothing in its switchover."""
    monkeypatch.setattr("fixtures.path.libvirt.breakable.sends_rest", lambda _relay: False)
    move: Any = LibvirtBreakableMove.__new__(LibvirtBreakableMove)
    move.until_switchover = lambda: None
    move.relay = None
    move._journey = SimpleNamespace(job=SimpleNamespace(done=lambda: over, result=lambda: None))
    with pytest.raises(error, match=said):
        move.until_rest_is_sent()


def test_destination_that_tells_only_its_daemon_why_has_said_it() -> None:
    """Lose this and a QEMU that leaves the cause to libvirt fails, though whoever looks finds it."""
    log = "5: error : qemuMigrationJobCheckStatus:2042 : load of migration failed\n6: info : libvirt\n"
    move: Any = LibvirtBreakableMove.__new__(LibvirtBreakableMove)
    daemon = SimpleNamespace(log=lambda since: log[since:])
    move.destination = SimpleNamespace(daemon=daemon, last_words=lambda: "QEMU is gone; an error")
    move.logged_there = 0
    said = "QEMU is gone; an error / 5: error : qemuMigrationJobCheckStatus:2042 : load of migration failed"
    assert move.why_not_loaded() == said
