# SPDX-License-Identifier: Apache-2.0
"""Does a guest on a bridge stay in touch with its network while it is moved, as it is on a host of libvirt?

Source and destination have a tap on one bridge each, with the same address, and both are up during the move.
"""

from functools import partial

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.network import NetworkUnderMove
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.nics import E1000, E1000E, GIVEN, MULTIQUEUE, RTL8139, SPAPR_VLAN, VHOST, VIRTIO, Nic
from fixtures.matrix.promises import Promise


def tap(aspect: str, nic: Nic, *, newer_kernel: bool = False, **more: object) -> Promise:
    """A guest that has this card on a tap. `newer_kernel`: its driver knows USO, since Linux 6.2."""
    usual = {"path": "qmp", "mechanism": "precopy", "profile": "busy", "vcpus": 2, "version": "newest-old"}
    more = {**usual, "slow": True, **more}
    options = GuestOptions(nic=nic, newer_kernel=newer_kernel)
    return Promise(aspect, options=options, **more)  # type: ignore[arg-type]


x86 = partial(tap, only="x86_64")
X86, POWER = ("x86_64",), ("ppc64le",)


@x86("tap-virtio", VIRTIO, slow=False)
@x86("tap-virtio", VIRTIO, mechanism="postcopy")
@x86("tap-virtio", VIRTIO, mechanism="multifd")
@x86("tap-virtio-uso", VIRTIO, newer_kernel=True, nightly_on=X86)
@x86("tap-virtio-2-queues", MULTIQUEUE, nightly_on=X86)
@x86("tap-virtio-2-queues", MULTIQUEUE, mechanism="postcopy")
@x86("tap-virtio-vhost", VHOST)
@x86("tap-e1000", E1000, nightly_on=X86)
@x86("tap-e1000", E1000, mechanism="postcopy")
@x86("tap-e1000e", E1000E, nightly_on=X86)
@x86("tap-rtl8139", RTL8139, nightly_on=X86)
@x86("tap-virtio", VIRTIO, path="libvirt", nightly_on=X86)
@x86("tap-virtio", VIRTIO, path="libvirt", mechanism="postcopy")
@x86("tap-virtio-given", GIVEN, path="libvirt")
@tap("tap-virtio", VIRTIO, only="ppc64le", mechanism="postcopy-immediate", profile="idle", vcpus=1)
@tap(
    "tap-spapr-vlan",
    SPAPR_VLAN,
    only="ppc64le",
    mechanism="postcopy-immediate",
    profile="idle",
    vcpus=1,
    nightly_on=POWER,
)
def test_guest_stays_in_touch_with_its_network(
    guest: Guest, hot_patch: HotPatch, network: NetworkUnderMove
) -> None:
    """Lose this and an update takes guests from their network, or slows it down, and nobody notices."""
    guest.works()
    network.is_used()
    assert hot_patch().runs_on_new_build
    for check in network.checks():
        assert check
    assert examined(guest)
