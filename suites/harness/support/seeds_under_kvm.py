# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that only the sweeps under KVM find: of sections and properties that TCG does not have.

Each run makes the same sweep under TCG too, which must find nothing.
"""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild, compat
from suites.harness.support.wrong_builds import Wrong, sets

BOTH = ("-m", "slow or not slow")

OTHER_KVMCLOCK = SeededBuild(
    "kvm-other-clock",
    "new",
    (*compat("machines", "pc-q35-6.2/machine"), *BOTH),
    (
        Seed(
            "section kvmclock of the next version",
            Wrong(newer_sections=("kvmclock",)),
            "-kvm-pc-q35-6.2-qmp-precopy-machine",
            "regression",
            ("migrate: ", "kvmclock", "both controls pass"),
        ),
    ),
    slow=True,
)

OTHER_KVM_FEATURES = SeededBuild(
    "kvm-other-features",
    "new",
    (*compat("properties", "q35/cpu-features:Nehalem"), *BOTH),
    (
        Seed(
            "KVM's end-of-interrupt shortcut off",
            sets("Nehalem-x86_64-cpu", "kvm-pv-eoi", "off"),
            "-kvm-q35-qmp-compare-cpu-features:Nehalem",
            "regression",
            ("kvm-pv-eoi was on and is off", "machine types"),
        ),
    ),
    slow=True,
)

UNDER_KVM = (OTHER_KVMCLOCK, OTHER_KVM_FEATURES)
