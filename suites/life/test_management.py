# SPDX-License-Identifier: Apache-2.0
"""Does a guest that has moved still obey the management layer, and see what it does?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.guest.managed import Managed
from fixtures.matrix.promises import promise


@promise("management", path="qmp", mechanism="precopy", hardware="managed", version="newest-old")
@promise("management", path="libvirt", mechanism="precopy", hardware="managed", nightly_on=("x86_64",))
@promise("management", path="qmp", mechanism="postcopy", hardware="managed", version="newest-old", slow=True)
def test_guest_obeys_after_its_move(guest: Guest, hot_patch: HotPatch, managed: Managed) -> None:
    """Lose this and a guest that moved well can no longer be paused, resized, replugged or shut down."""
    guest.works()
    managed.prepares()
    assert hot_patch().runs_on_new_build
    for check in managed.keeps_what_it_had():
        assert check
    assert examined(guest)
    for check in managed.obeys():
        assert check
    assert guest.devices_work()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()
    assert managed.has_an_armed_watchdog()
    assert managed.sees_the_power_button()
    assert managed.powers_off()


@promise("paused", path="qmp", mechanism="precopy")
@promise("paused", path="libvirt", mechanism="precopy", slow=True)
def test_paused_guest_stays_paused(guest: Guest, paused_hot_patch: HotPatch) -> None:
    """Lose this and a guest that its owner has paused runs again, because QEMU was updated under it."""
    guest.works()
    assert paused_hot_patch().runs_on_new_build
    assert examined(guest)


@promise("paused-twice", path="qmp", mechanism="precopy", nightly_on=("x86_64",))
@promise("paused-twice", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_guest_that_is_moved_twice_while_it_is_paused_goes_on(
    guest: Guest, paused_hot_patches: HotPatch
) -> None:
    """Lose this and the second update under a guest that its owner has paused loses or wakes it."""
    guest.works()
    assert paused_hot_patches().runs_on_new_build
    assert examined(guest)
