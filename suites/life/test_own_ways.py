# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest that reboots, powers off or panics while it is moved?

What QEMU and libvirt promise for each, with sources, is in fixtures/attempt/own_ways.py.
"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.own_ways import OwnWays
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

REBOOTS = GuestOptions(may_reboot=True)
PANICS = GuestOptions(may_reboot=True, reports_panics=True)
ENDS = GuestOptions(may_power_off=True)


@promise("reboots-meanwhile", path="qmp", mechanism="precopy", nightly_on=("x86_64",), options=REBOOTS)
@promise("reboots-meanwhile", path="libvirt", mechanism="precopy", nightly_on=("x86_64",), options=REBOOTS)
def test_guest_that_reboots_while_it_is_moved_starts_again(guest: Guest, own_ways: OwnWays) -> None:
    """Lose this and a guest whose owner installs a new kernel during the update never comes back."""
    guest.works()
    assert own_ways.reboots().runs_on_new_build
    guest.works()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise("powers-off-meanwhile", path="qmp", mechanism="precopy", nightly_on=("x86_64",), options=ENDS)
@promise("powers-off-meanwhile", path="libvirt", mechanism="precopy", nightly_on=("x86_64",), options=ENDS)
def test_guest_that_powers_off_while_it_is_moved_is_off(guest: Guest, own_ways: OwnWays) -> None:
    """Lose this and a guest that was shut down runs again on the other side, or half of it is left there."""
    guest.works()
    assert own_ways.powers_off()


@promise("panics-meanwhile", path="qmp", mechanism="precopy", nightly_on=("x86_64",), options=PANICS)
def test_guest_that_panics_while_it_is_moved_is_seen_to(guest: Guest, own_ways: OwnWays) -> None:
    """Lose this and nobody hears of a panic during an update, or its guest never starts again."""
    guest.works()
    assert own_ways.panics().runs_on_new_build
    guest.works()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise("panics-meanwhile", path="libvirt", mechanism="precopy", nightly_on=("x86_64",), options=PANICS)
def test_panic_while_libvirt_moves_a_guest_is_reported(guest: Guest, own_ways: OwnWays) -> None:
    """Lose this and nobody restarts a guest that panicked during the update."""
    guest.works()
    assert own_ways.panics_by_libvirt()


@promise("panics-later", path="qmp", mechanism="precopy", nightly_on=("x86_64",), options=PANICS)
@promise("panics-later", path="libvirt", mechanism="precopy", nightly_on=("x86_64",), options=PANICS)
def test_panic_after_the_move_is_reported(guest: Guest, hot_patch: HotPatch, own_ways: OwnWays) -> None:
    """Lose this and nobody hears of any panic of a guest that was moved to the new build."""
    guest.works()
    assert hot_patch().runs_on_new_build
    guest.works()
    assert own_ways.panics_later()
