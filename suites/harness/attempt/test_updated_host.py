# SPDX-License-Identifier: Apache-2.0
"""A libvirt that takes over the guests of another one, scripted: what it gets wrong is a failed check."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock, create_autospec

import pytest

from fixtures.attempt.updated_host import UpdatedHost
from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import HotPatchFailure, RigError, Unsupported
from fixtures.evidence.checks import Check
from fixtures.path.libvirt.daemon import Daemon
from fixtures.path.libvirt.path import LibvirtPath

NEW = Build("new", Sandbox(Path("/")), {})
RUNS, SHUT_OFF = "running booted", "shutoff unknown"


def demand(check: Check) -> None:
    """As an attempt does."""
    if not check:
        raise HotPatchFailure(check.name, check.detail)


def failure(attempt: Mock) -> tuple[str, str]:
    """The check by which the update fails, and what it says."""
    with pytest.raises(HotPatchFailure) as failed:
        UpdatedHost(attempt).update()
    return failed.value.check, str(failed.value)


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """An attempt whose guest is a domain of a daemon that does as it should."""
    path = create_autospec(LibvirtPath, instance=True)
    path.source = Mock(daemon=create_autospec(Daemon, instance=True))
    path.source.state.return_value = RUNS
    monkeypatch.setattr("fixtures.attempt.updated_host.definition", lambda domain: domain.facts())
    monkeypatch.setattr("fixtures.attempt.updated_host.program_of", lambda _build: "/usr/sbin/libvirtd")
    path.source.facts.return_value = {"domain/vcpu": "2"}
    attempt = Mock(path=path, record=lambda check: check, demand=demand, began=False)
    attempt.setting.new, attempt.setting.host.programs.kind = NEW, "local"
    attempt.guest.goes_on.return_value = Check("alive", True, "")
    return attempt


def test_guest_that_is_as_before_passes(attempt: Mock) -> None:
    """Lose this and the check of a definition cannot hold."""
    assert UpdatedHost(attempt).update()
    assert attempt.began
    attempt.path.source.define.assert_called_once_with()
    attempt.path.source.daemon.leave.assert_called_once_with()
    attempt.path.source.daemon.take_over.assert_called_once_with(NEW)


def test_daemon_that_forgets_the_guest_fails(attempt: Mock) -> None:
    """Lose this and a guest that libvirt lost counts as updated."""
    attempt.path.source.state.side_effect = [RUNS, SHUT_OFF]
    assert failure(attempt) == ("adopted", "was running booted, is shutoff unknown")


def test_daemon_that_forgets_a_part_fails(attempt: Mock) -> None:
    """Lose this and a guest loses a part of its hardware unseen, at its next start."""
    attempt.path.source.facts.side_effect = [{"domain/vcpu": "2"}, {}]
    assert failure(attempt) == ("adopted-definition", "domain/vcpu '2' is lost")


@pytest.mark.parametrize("step", ["leave", "take_over"])
def test_daemon_that_does_not_end_or_start_is_the_failure_of_a_build(step: str, attempt: Mock) -> None:
    """Lose this and a libvirt that cannot start beside a running guest is called a mistake of the suite."""
    getattr(attempt.path.source.daemon, step).side_effect = RigError("libvirt of new did not come up again")
    assert failure(attempt) == ("adopted", "libvirt of new did not come up again")
    assert attempt.began


def test_two_troubles_of_daemons_are_two_defects(attempt: Mock) -> None:
    """Lose this and an old daemon that does not end excuses a new one that does not start."""
    causes = []
    for step in ("take_over", "leave"):
        getattr(attempt.path.source.daemon, step).side_effect = RigError("no")
        with pytest.raises(HotPatchFailure) as failed:
            UpdatedHost(attempt).update()
        causes.append(failed.value.cause)
    assert causes == ["the new daemon does not start", "the old daemon does not end"]


def test_daemon_that_cannot_end_alone_is_unsupported(attempt: Mock) -> None:
    """Lose this and a host on which no daemon can end alone gives a failure that says nothing of builds."""
    attempt.path.source.daemon.leave.side_effect = Unsupported("only root")
    with pytest.raises(Unsupported, match="only root"):
        UpdatedHost(attempt).update()


def test_build_without_libvirt_is_unsupported_before_anything_happens(
    attempt: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest loses its daemon for nothing."""
    monkeypatch.setattr("fixtures.attempt.updated_host.program_of", Mock(side_effect=Unsupported("none")))
    with pytest.raises(Unsupported, match="none"):
        UpdatedHost(attempt).update()
    attempt.path.source.daemon.leave.assert_not_called()


def test_guest_without_a_definition_fails(attempt: Mock) -> None:
    """Lose this and a guest that came home is gone once it shuts down."""
    host = UpdatedHost(attempt)
    attempt.path.source.handle.isPersistent.side_effect = [1, 0]
    assert host.keeps_the_guest()
    assert not host.keeps_the_guest()
