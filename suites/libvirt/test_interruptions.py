# SPDX-License-Identifier: Apache-2.0
"""Moves that are aborted, or that go by way of a file."""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.libvirt_moves import LibvirtMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise


@promise("abort-of-precopy", path="libvirt", mechanism="precopy", profile="busy", letter="B")
def test_aborted_precopy_can_be_repeated(guest: Guest, hot_patch: HotPatch, libvirt: LibvirtMoves) -> None:
    """Lose this and giving up a hopeless move costs the guest."""
    guest.works()
    assert libvirt.aborts_precopy()
    assert guest.goes_on()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promise("abort-of-postcopy-refused", path="libvirt", mechanism="postcopy", profile="busy", letter="N")
def test_postcopy_is_not_aborted(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and an abort kills a guest whose memory is split between both sides."""
    guest.works()
    assert libvirt.hot_patch_by(libvirt.refusing_abort_of_postcopy).runs_on_new_build
    assert guest.memory_is_intact()


@promise("managed-save", path="libvirt", mechanism="precopy", profile="busy")
def test_managed_save_of_the_old_build_restores_on_the_new(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and guests that were saved when the host was shut down are lost to the update."""
    guest.works()
    assert libvirt.hot_patch_by(libvirt.save_and_restore).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
