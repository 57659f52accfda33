# SPDX-License-Identifier: Apache-2.0
"""A guest keeps the CPU that libvirt gave it. "Missing features" and "extra features" are frequent reports.

That the guest's CPUID is as before is part of every hot patch.
"""

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.libvirt_cpu import LibvirtCpu
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import CpuDefinition
from fixtures.matrix.promises import Promise, promise


def about(cpu: CpuDefinition) -> Promise:
    """A guest under KVM whose CPU is defined so."""
    return promise(
        f"kvm-cpu-{cpu}",
        path="libvirt",
        mechanism="precopy",
        needs_kvm=True,
        only="x86_64",
        options=GuestOptions(cpu=cpu),
        slow=True,
    )


@about("host-passthrough")
@about("host-model")
@about("check-full")
def test_cpu_is_the_same_after_the_move(guest: Guest, hot_patch: HotPatch, libvirt_cpu: LibvirtCpu) -> None:
    """Lose this and a guest loses instructions that it uses, or cannot be moved or started again."""
    guest.works()
    cpu = libvirt_cpu.now()
    assert libvirt_cpu.accepted(cpu)
    assert hot_patch().runs_on_new_build
    assert libvirt_cpu.kept(cpu)
