# SPDX-License-Identifier: Apache-2.0
"""Each check of a libvirt promise fails if the promise is broken on purpose, with real guests."""

import dataclasses
import re

import libvirt as api
import pytest

from fixtures.attempt import virsh
from fixtures.attempt.attempt import Attempt, Boot
from fixtures.attempt.libvirt_moves import POSTCOPY_EVENTS, PRECOPY_EVENTS, LibvirtMoves
from fixtures.errors import HotPatchFailure
from fixtures.evidence.timeline import Sample
from fixtures.machine.probe import probed
from fixtures.path.libvirt.domain import Domain

pytestmark = pytest.mark.x86_64


DOMAIN = {"arch": "x86_64", "profile": "idle", "vcpus": 1, "path": "libvirt"}
"""An idle guest that is a domain of the old build's daemon."""


@pytest.fixture
def booted(boot: Boot) -> Attempt:
    """A domain for one test."""
    attempt = boot(**DOMAIN)
    attempt.guest.works()
    return attempt


@pytest.fixture
def moves(booted: Attempt) -> LibvirtMoves:
    """The same guest as the tests of suites/libvirt see it."""
    return LibvirtMoves(booted)


@pytest.fixture(scope="module")
def shared_moves(booted_once: Boot) -> LibvirtMoves:
    """Those of a domain that several tests use, as it stays where and how it is."""
    return LibvirtMoves(booted_once(works=True, **DOMAIN))


@pytest.mark.slow
@pytest.mark.parametrize("change", [None, ("<on_crash>destroy", "<on_crash>preserve")])
def test_migration_that_is_not_refused(moves: LibvirtMoves, change: tuple[str, str] | None) -> None:
    """Lose this and a libvirt that no longer refuses the same host or a different board goes unnoticed."""
    assert not moves.refuses("same host|does not match", change=change)


def test_refusal_in_other_words(shared_moves: LibvirtMoves) -> None:
    """Lose this and any error counts as the promised refusal."""
    assert not shared_moves.refuses("does not match", to=shared_moves.domain.daemon)


@pytest.mark.slow
def test_events_statistics_and_definition(booted: Attempt, moves: LibvirtMoves) -> None:
    """Lose this and wrong information for a management layer goes unnoticed."""
    source = moves.domain
    moves.define()
    patched = moves.hot_patch()
    assert moves.announced(patched, *PRECOPY_EVENTS)
    assert not moves.announced(patched, *POSTCOPY_EVENTS)
    assert moves.defined(source, here="persistent", there="transient")
    assert not moves.defined(source, here="none", there="persistent")
    assert not moves.channel_connected()
    shorter = dataclasses.replace(patched.move, ended=patched.move.started)
    assert not moves.statistics_agree(dataclasses.replace(patched, move=shorter))


def test_machine_type_that_changes_with_a_restart(moves: LibvirtMoves) -> None:
    """Lose this and a restart that changes a guest's machine type goes unnoticed."""
    connection, handle = moves.domain.daemon.connection, moves.domain.handle
    xml = handle.XMLDesc(api.VIR_DOMAIN_XML_INACTIVE)
    connection.defineXML(re.sub(r"machine='pc-q35-[\d.]+'", "machine='pc-q35-4.2'", xml))
    assert not moves.restart()


def test_build_that_is_not_the_new_one(shared_moves: LibvirtMoves, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that is still in the old QEMU counts as updated."""
    other = probed(shared_moves.domain.build, "ppc64le")
    monkeypatch.setattr("fixtures.path.libvirt.domain.probed", lambda _build, _arch: other)
    assert not shared_moves.runs_new_build()


def test_abort_that_comes_too_early_for_postcopy(booted: Attempt, moves: LibvirtMoves) -> None:
    """Lose this and a libvirt that aborts postcopy, and with it the guest, passes."""
    postcopy = dataclasses.replace(booted.setting.plan, mechanism="postcopy", postcopy=True)
    booted.setting = dataclasses.replace(booted.setting, plan=postcopy)

    def aborting(there: Domain) -> list[Sample]:
        return moves.refusing_abort_of_postcopy(there, in_postcopy=False)

    with pytest.raises(HotPatchFailure, match="was not refused"):
        moves.hot_patch_by(aborting)


@pytest.mark.slow
def test_abort_that_comes_too_late(moves: LibvirtMoves) -> None:
    """Lose this and a migration that cannot be aborted passes."""
    assert not moves.aborts_precopy(bandwidth=1 << 30, after="stopped migrated")


def test_guest_that_is_not_restored(moves: LibvirtMoves) -> None:
    """Lose this and a managed save that the new build cannot read passes."""

    def saved_only(_there: Domain) -> list[Sample]:
        moves.define()
        moves.domain.handle.managedSave(0)
        return []

    with pytest.raises(HotPatchFailure):
        moves.hot_patch_by(saved_only)


def test_virsh_that_fails(shared_moves: LibvirtMoves) -> None:
    """Lose this and a recipe with a command that does not exist passes."""
    with pytest.raises(HotPatchFailure, match="support option --hot-patch"):
        shared_moves.hot_patch_by(virsh.migrates(shared_moves, "--hot-patch"))
