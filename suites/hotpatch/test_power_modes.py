# SPDX-License-Identifier: Apache-2.0
"""Does a POWER guest survive in older modes: hash page tables, XICS, POWER8, and `vsmt` given by hand?

QEMU sends a hash page table (`spapr/htab`) and the state of XICS (`icp/server`, `ics`) as sections of their
own. The usual guests, with radix trees and XIVE, do without them. A guest with `vsmt=8` has larger tables of
XIVE; one with `ic-mode=dual` whose Linux is older than XIVE uses XICS, and QEMU sends both controllers.
"""

from functools import partial

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.identity import Identity
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.power import PowerOptions
from fixtures.matrix.promises import promise

power = partial(promise, only="ppc64le", path="qmp")
options = partial(GuestOptions, may_reboot=True)
HASH, POWER8 = options(power=PowerOptions(hash_mmu=True)), options(power=PowerOptions(compat="power8"))
XICS = options(power=PowerOptions(ic_mode="xics"))
VSMT_8 = options(power=PowerOptions(vsmt=8))
DUAL = options(power=PowerOptions(ic_mode="dual", legacy_interrupts=True))
nightly = partial(power, default_on=(), nightly_on=("ppc64le",))


@power("hash", options=HASH, mechanism="precopy", profile="busy")
@power("hash", options=HASH, mechanism="postcopy-immediate")
@power("compat-power8", options=POWER8, mechanism="postcopy-immediate", profile="busy")
@power("compat-power8", options=POWER8, mechanism="ignore-shared")
@power("xics", options=XICS, mechanism="precopy", profile="busy")
@power("xics", options=XICS, mechanism="ignore-shared")
@nightly("vsmt-8", options=VSMT_8, mechanism="postcopy-immediate", profile="busy")
@nightly("vsmt-8", options=VSMT_8, mechanism="ignore-shared")
@nightly("dual", options=DUAL, mechanism="postcopy-immediate", profile="busy")
@nightly("dual", options=DUAL, mechanism="ignore-shared")
def test_power_guest_keeps_its_modes(guest: Guest, hot_patch: HotPatch, identity: Identity) -> None:
    """Lose this and an update loses page tables or interrupts of guests that run as an older processor."""
    identity.is_as_asked()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert guest.reboots()
    assert identity.is_the_same()
