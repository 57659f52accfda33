# SPDX-License-Identifier: Apache-2.0
"""When the operator's command moves a guest by postcopy, and what it says of a postcopy that goes wrong."""

import libvirt
import pytest

from fixtures.operator import moves, settle
from suites.harness.operator.conftest import ScriptedHost, squeezed
from suites.harness.support.scripted_daemons import Migration, ScriptedGuest


def test_without_userfaultfd_such_a_guest_stays(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a postcopy begins that cannot end."""
    (host.root / "proc/sys/vm/unprivileged_userfaultfd").write_text("0\n")
    host.home.migrations = [Migration(needs_postcopy=True)]
    status, output = host.go(seconds=0.3)
    assert status == 1
    assert "no postcopy: /proc/sys/vm/unprivileged_userfaultfd is 0" in output
    assert "precopy did not end within 0.3 s, and there is no postcopy: /proc/sys/vm/unpriv" in output
    assert set(host.home.active) == {web.uuid}
    assert not host.home.flags[0] & libvirt.VIR_MIGRATE_POSTCOPY


def test_postcopy_is_only_made_if_it_is_asked_for(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and a guest is lost to a QEMU that refuses it, which a precopy survives."""
    host.postcopy = False
    host.home.migrations = [Migration(needs_postcopy=True)]
    status, output = host.go(seconds=0.3)
    assert status == 1
    assert "there is no postcopy: it was not asked for (--postcopy)" in output
    assert set(host.home.active) == {web.uuid}
    assert not host.home.flags[0] & libvirt.VIR_MIGRATE_POSTCOPY


def test_guest_that_a_postcopy_tore_is_called_lost(host: ScriptedHost, web: ScriptedGuest) -> None:
    """Lose this and an operator waits for a guest that never goes on, and moves the next one the same way."""

    def tears() -> None:
        web.state, web.reason = libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED

    host.home.migrations = [Migration(needs_postcopy=True, switches=tears, fails="loadvm failed")]
    status, output = host.go(seconds=0.1)
    assert status == 1
    assert "loadvm failed" in output
    assert ". The guest is paused at the host's own daemon for good: " in output
    assert "End it and start it again; move no other guest by postcopy" in output


def test_guest_that_is_paused_for_another_reason_is_not_called_lost(
    host: ScriptedHost, web: ScriptedGuest
) -> None:
    """Lose this and an operator ends a guest that `virsh resume` would let go on."""

    def pauses() -> None:
        web.state, web.reason = libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR

    host.home.migrations = [Migration(needs_postcopy=True, switches=pauses, fails="no")]
    status, output = host.go(seconds=0.1)
    assert status == 1
    assert "for good" not in output


def test_postcopy_that_does_not_begin_is_no_refusal_of_the_new_qemu(
    host: ScriptedHost, web: ScriptedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the precopy goes on without a limit, and the new QEMU is said to have refused it."""
    monkeypatch.setattr(moves, "BEGIN_SECONDS", 0.3)
    host.home.migrations = [Migration(needs_postcopy=True, refuses_postcopy=True)]
    status, output = host.go(seconds=0.1)
    assert status == 1
    assert "no postcopy began: post-copy is not possible now" in output
    assert "was aborted" in output
    assert set(host.home.active) == {web.uuid}


@pytest.mark.parametrize("reason", moves.IN_POSTCOPY)
@pytest.mark.parametrize("source_runs", [False, True])
def test_guest_in_a_postcopy_is_not_called_refused(
    reason: int, source_runs: bool, host: ScriptedHost, web: ScriptedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the command advises to end the source of a postcopy, which loses the guest."""
    monkeypatch.setattr(settle, "SETTLE_SECONDS", 0.1)
    host.away.migrations = [Migration(fails="no")]
    host.go()
    paused = ScriptedGuest(state=libvirt.VIR_DOMAIN_PAUSED, reason=reason, moves_out=not source_runs)
    host.home.runs(paused)
    host.away.active[web.uuid].moves_out = source_runs
    output = host.go()[1]
    assert "both daemons have web, so neither is touched: a move is under way" in output


def test_postcopy_that_the_new_qemu_refuses_is_noticed(
    host: ScriptedHost, web: ScriptedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the command waits an hour for a move that libvirt never ends."""
    monkeypatch.setattr(moves, "NOT_BEGUN_SECONDS", 0.3)
    host.home.migrations = [migration := Migration(needs_postcopy=True, waits_in_vain=True)]
    status, output = host.go(seconds=0.1)
    assert status == 1
    assert "the guest still runs at the host's own daemon 0.3 s after the postcopy" in output
    assert "the host's own daemon and the second daemon running" in squeezed(output)
    assert set(host.home.active) == {web.uuid}
    monkeypatch.setattr(settle, "SETTLE_SECONDS", 0.1)
    assert "which runs, so neither is touched: the new QEMU has probably refused it" in host.go()[1]
    migration.aborted.set()
