# SPDX-License-Identifier: Apache-2.0
"""Does KVM on POWER keep the processor that a guest was given: compatibility mode, MMU, threads of a core?

Guests of an emulated host have radix trees only, see :func:`fixtures.qualify.limits.demand_mmu`.
"""

from functools import partial

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.identity import Identity
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.power import PowerOptions
from fixtures.matrix.promises import promise

power = partial(promise, only="ppc64le", path="qmp", needs_kvm=True)
options = partial(GuestOptions, may_reboot=True)
THREADS = options(power=PowerOptions(threads=2))
POWER8, POWER9 = options(power=PowerOptions(compat="power8")), options(power=PowerOptions(compat="power9"))
RADIX, HASH = options(), options(power=PowerOptions(hash_mmu=True))
XIVE, XICS = options(power=PowerOptions(ic_mode="xive")), options(power=PowerOptions(ic_mode="xics"))


@power("kvm-threads", options=THREADS, mechanism="precopy", profile="busy", vcpus=2)
@power("kvm-threads", options=THREADS, mechanism="postcopy", vcpus=2)
@power("kvm-compat-power9", options=POWER9, mechanism="precopy", profile="busy")
@power("kvm-compat-power9", options=POWER9, mechanism="postcopy", vcpus=2)
@power("kvm-compat-power8", options=POWER8, mechanism="precopy")
@power("kvm-radix", options=RADIX, mechanism="precopy")
@power("kvm-radix", options=RADIX, mechanism="postcopy", profile="busy", vcpus=2)
@power("kvm-xive", options=XIVE, mechanism="precopy", profile="busy")
@power("kvm-xive", options=XIVE, mechanism="postcopy", vcpus=2)
@power("kvm-xive", options=XIVE, mechanism="postcopy-immediate")
@power("kvm-xive", options=XIVE, mechanism="multifd", profile="busy")
@power("kvm-xive", options=XIVE, mechanism="ignore-shared")
@power("kvm-xics", options=XICS, mechanism="precopy", profile="busy")
@power("kvm-xics", options=XICS, mechanism="postcopy", vcpus=2)
@power("kvm-hash", options=HASH, mechanism="precopy")
@power("kvm-hash", options=HASH, mechanism="postcopy", profile="busy", vcpus=2)
def test_power_guest_keeps_its_processor(guest: Guest, hot_patch: HotPatch, identity: Identity) -> None:
    """Lose this and an update gives POWER guests another processor under KVM, now or at their next boot."""
    identity.is_as_asked()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert guest.reboots()
    assert identity.is_the_same()
