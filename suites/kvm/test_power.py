# SPDX-License-Identifier: Apache-2.0
"""Does KVM on POWER keep the processor that a guest was given: compatibility mode, MMU, threads of a core?

Guests of an emulated host have radix trees only, see :func:`fixtures.qualify.limits.demand_mmu`.
"""

from functools import partial

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.identity import Identity
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.power import PLAIN, PowerOptions
from fixtures.matrix.promises import promise

power = partial(promise, only="ppc64le", path="qmp", needs_kvm=True, may_reboot=True)
THREADS = PowerOptions(threads=2)
POWER8, POWER9 = PowerOptions(compat="power8"), PowerOptions(compat="power9")
HASH = PowerOptions(hash_mmu=True)
XIVE, XICS = PowerOptions(ic_mode="xive"), PowerOptions(ic_mode="xics")


@power("kvm-threads", power=THREADS, mechanism="precopy", profile="busy", vcpus=2)
@power("kvm-threads", power=THREADS, mechanism="postcopy", vcpus=2)
@power("kvm-compat-power9", power=POWER9, mechanism="precopy", profile="busy")
@power("kvm-compat-power9", power=POWER9, mechanism="postcopy", vcpus=2)
@power("kvm-compat-power8", power=POWER8, mechanism="precopy")
@power("kvm-radix", power=PLAIN, mechanism="precopy")
@power("kvm-radix", power=PLAIN, mechanism="postcopy", profile="busy", vcpus=2)
@power("kvm-xive", power=XIVE, mechanism="precopy", profile="busy")
@power("kvm-xive", power=XIVE, mechanism="postcopy", vcpus=2)
@power("kvm-xics", power=XICS, mechanism="precopy", profile="busy")
@power("kvm-xics", power=XICS, mechanism="postcopy", vcpus=2)
@power("kvm-hash", power=HASH, mechanism="precopy")
@power("kvm-hash", power=HASH, mechanism="postcopy", profile="busy", vcpus=2)
def test_power_guest_keeps_its_processor(guest: Guest, hot_patch: HotPatch, identity: Identity) -> None:
    """Lose this and an update gives POWER guests another processor under KVM, now or at their next boot."""
    identity.is_as_asked()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert guest.reboots()
    assert identity.is_the_same()
