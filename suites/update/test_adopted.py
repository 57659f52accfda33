# SPDX-License-Identifier: Apache-2.0
"""Can the libvirt of an updated host move the guests that the old libvirt has started?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.updated_host import UpdatedHost
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise


@promise("adopted", path="libvirt", mechanism="precopy", nightly_on=("ppc64le",))
@promise("adopted", path="libvirt", mechanism="postcopy", profile="busy", hardware="virtio", vcpus=2)
def test_updated_libvirt_moves_the_guests_it_takes_over(
    guest: Guest, updated_host: UpdatedHost, hot_patch: HotPatch
) -> None:
    """Lose this and no guest can leave the old QEMU once the packages of its host are replaced."""
    guest.works()
    assert updated_host.update()
    assert hot_patch().runs_on_new_build
    assert updated_host.home().runs_on_its_destination
    assert updated_host.keeps_the_guest()
    assert guest.memory_is_intact()
