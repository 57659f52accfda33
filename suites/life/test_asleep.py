# SPDX-License-Identifier: Apache-2.0
"""Does a guest that sleeps while it is moved wake again?"""

from fixtures.attempt.asleep import Asleep
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import promise

SLEEPS = GuestOptions(sleeps=True)


@promise(
    "asleep",
    path="qmp",
    mechanism="precopy",
    hardware="virtio",
    only="x86_64",
    slow=True,
    options=SLEEPS,
)
@promise(
    "asleep",
    path="libvirt",
    mechanism="precopy",
    hardware="virtio",
    only="x86_64",
    slow=True,
    options=SLEEPS,
)
@promise(
    "asleep",
    path="qmp",
    mechanism="precopy",
    profile="busy",
    hardware="virtio",
    vcpus=2,
    only="x86_64",
    nightly_on=("x86_64",),
    options=SLEEPS,
)
def test_guest_that_sleeps_wakes_after_its_move(guest: Guest, asleep: Asleep) -> None:
    """Lose this and a guest whose owner has suspended it never wakes again, because QEMU was updated."""
    guest.works()
    asleep.falls_asleep()
    assert asleep.hot_patch()
    assert asleep.wakes()
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.devices_work()
    assert guest.kernel_log_is_clean()
