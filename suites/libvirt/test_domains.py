# SPDX-License-Identifier: Apache-2.0
"""What libvirt knows of a domain during its move and after it."""

import libvirt as api

from fixtures.attempt.attempt import HotPatch, HotPatched
from fixtures.attempt.libvirt_moves import POSTCOPY_EVENTS, PRECOPY_EVENTS, LibvirtMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise


@promise("events", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_precopy_is_announced_on_both_sides(guest: Guest, hot_patch: HotPatch, libvirt: LibvirtMoves) -> None:
    """Lose this and a management layer believes that a guest crashed when it moved."""
    guest.works()
    assert libvirt.announced(hot_patch(), *PRECOPY_EVENTS)


@promise("events-of-postcopy", path="libvirt", mechanism="postcopy")
def test_postcopy_is_announced_on_both_sides(
    guest: Guest, hot_patch: HotPatch, libvirt: LibvirtMoves
) -> None:
    """Lose this and a management layer does not learn that the guest now depends on both sides."""
    guest.works()
    assert libvirt.announced(hot_patch(), *POSTCOPY_EVENTS)


@promise("job-statistics", path="libvirt", mechanism="precopy", profile="busy")
def test_statistics_agree_with_what_the_guest_saw(
    guest: Guest, hot_patch: HotPatch, libvirt: LibvirtMoves
) -> None:
    """Lose this and `domjobinfo` shows an administrator wrong figures."""
    guest.works()
    assert libvirt.statistics_agree(hot_patch())


@promise("transient", path="libvirt", mechanism="precopy")
def test_transient_domain_leaves_nothing_behind(
    guest: Guest, hot_patch: HotPatch, libvirt: LibvirtMoves
) -> None:
    """Lose this and a guest that moved is still there to be started a second time."""
    guest.works()
    source = libvirt.domain
    hot_patch()
    assert libvirt.defined(source, here="none", there="transient")


@promise("persistent-moves", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_definition_moves_with_the_domain(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a guest is gone for good the next time it is shut down."""
    guest.works()
    source = libvirt.domain
    libvirt.define()
    libvirt.hot_patch(flags=api.VIR_MIGRATE_PERSIST_DEST | api.VIR_MIGRATE_UNDEFINE_SOURCE)
    assert libvirt.defined(source, here="none", there="persistent")


@promise("persistent-stays-defined", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_definition_stays_where_nobody_asked_to_move_it(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a move that was meant to be for a while takes the definition away."""
    guest.works()
    source = libvirt.domain
    libvirt.define()
    libvirt.hot_patch()
    assert libvirt.defined(source, here="persistent", there="transient")


@promise("restart-keeps-machine-type", path="libvirt", mechanism="precopy")
def test_restarted_domain_runs_the_new_build_on_the_old_machine_type(
    guest: Guest, libvirt: LibvirtMoves
) -> None:
    """Lose this and a guest's hardware changes the first time it is restarted after the update."""
    guest.works()
    libvirt.define()
    libvirt.hot_patch(flags=api.VIR_MIGRATE_PERSIST_DEST | api.VIR_MIGRATE_UNDEFINE_SOURCE)
    assert libvirt.restart()
    assert libvirt.runs_new_build()


@promise("channels", path="libvirt", mechanism="precopy", profile="busy", hardware="virtio", vcpus=2)
def test_channel_and_console_work_after_the_move(
    guest: Guest, hot_patch: HotPatch, libvirt: LibvirtMoves
) -> None:
    """Lose this and the guest agent of every moved guest no longer answers."""
    guest.works()
    patched: HotPatched = hot_patch()
    assert patched.runs_on_new_build
    assert libvirt.channel_connected()
    assert guest.devices_work()
    assert guest.kernel_log_is_clean()
