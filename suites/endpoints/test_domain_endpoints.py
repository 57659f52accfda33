# SPDX-License-Identifier: Apache-2.0
"""Is what libvirt has QEMU offer at an address of the host reachable after a move on one host?"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.domain_endpoint import Offered
from fixtures.guest.guest import Guest
from fixtures.matrix.domain_endpoints import DOMAIN_ENDPOINTS
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

OPTIONS = {endpoint.name: GuestOptions(endpoint=endpoint.name) for endpoint in DOMAIN_ENDPOINTS}


@promise("vnc-port", path="libvirt", mechanism="precopy", options=OPTIONS["vnc-port"], nightly_on=("x86_64",))
@promise("vnc-autoport", path="libvirt", mechanism="precopy", options=OPTIONS["vnc-autoport"])
@promise("vnc-socket", path="libvirt", mechanism="precopy", options=OPTIONS["vnc-socket"], slow=True)
@promise("spice-port", path="libvirt", mechanism="precopy", options=OPTIONS["spice-port"], slow=True)
@promise("spice-autoport", path="libvirt", mechanism="precopy", options=OPTIONS["spice-autoport"], slow=True)
@promise(
    "channel-path",
    path="libvirt",
    mechanism="precopy",
    hardware="virtio",
    options=OPTIONS["channel-path"],
    nightly_on=("x86_64",),
)
@promise(
    "channel-auto",
    path="libvirt",
    mechanism="precopy",
    hardware="virtio",
    options=OPTIONS["channel-auto"],
    slow=True,
)
def test_offered_address_is_reachable_after_the_move(
    guest: Guest, hot_patch: HotPatch, offered: Offered
) -> None:
    """Lose this and nobody sees the screen of a domain that moved, or reaches its agent."""
    guest.works()
    offered.works()
    assert hot_patch().runs_on_new_build
    assert offered.is_reachable()
