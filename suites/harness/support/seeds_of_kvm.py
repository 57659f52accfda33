# SPDX-License-Identifier: Apache-2.0
"""Seeded defects for the checks that only cells about KVM make: a build that does not use what KVM offers."""

from __future__ import annotations

from typing import Literal

from suites.harness.support.seeds import BUILD, TIME, Seed, SeededBuild
from suites.harness.support.seeds_on_emulated_hosts import EMULATED
from suites.harness.support.seeds_read_back import THREE_SECONDS_NS
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does, sets

IRQCHIP = "qmp-precopy-idle-bare-1vcpu-kvm-timers"
RING = "qmp-precopy-busy-bare-1vcpu-kvm-dirty-ring"
CLOCK = "qmp-precopy-idle-bare-1vcpu-kvm-clock"
BY_DEFAULT = "qmp-postcopy-busy-bare-1vcpu-kvm-clock"
"""The one cell under KVM of the default run."""
LIBVIRT = "libvirt-precopy-idle-bare-1vcpu-kvm-cpu-"
LIBVIRT_LIBRARY = "usr/lib/*/libvirt.so.0.*"


def _seed(name: str, wrong: Wrong, cell: str, outcome: str, word: str, kind: str = BUILD) -> Seed:
    return Seed(name, wrong, f"-{cell}", outcome, (word,), kind)


def _one(role: Literal["old", "new"], name: str, found: Seed) -> SeededBuild:
    """A build with one defect: with its controls, a cell takes four minutes there if the host is busy."""
    cell = found.subject.removeprefix("-")
    select = ("suites/kvm", "--arch=x86_64", "-m", "slow or not slow", "-k", f"{cell}]", *EMULATED)
    return SeededBuild(name, role, select, (found,), slow=True)


# With the I/O APIC in QEMU KVM shows one more feature, by which `cpuid` would find the defect first.
IRQCHIP_OF_QEMU = _one(
    "new",
    "kvm-without-irqchip",
    _seed(
        "the I/O APIC and the PICs are no longer KVM's",
        does("replace-in-argument", "accel=kvm", "accel=kvm,kernel_irqchip=split", when=RECEIVES)
        + does("append-argument", "-global", when=RECEIVES)
        + does("append-argument", "x86_64-cpu.kvm-msi-ext-dest-id=off", when=RECEIVES),
        IRQCHIP,
        "defect-new",
        "irqchip: KVM's: none",
    ),
)
NO_RING = _one(
    "new",
    "kvm-without-ring",
    _seed(
        "no dirty ring at the destination",
        does("replace-in-argument", "dirty-ring-size=4096", "dirty-ring-size=0", when=RECEIVES),
        RING,
        "defect-new",
        "dirty-ring: QEMU says: ",
    ),
)
NO_CLOCK = _one(
    "old",
    "kvm-without-clock",
    _seed(
        "the guest has no kvm-clock",
        sets("x86_64-cpu", "kvmclock", "off"),
        BY_DEFAULT,
        "error",
        "before the hot patch, on wrong: clock-source: the guest's clock source is ",
        TIME,
    ),
)
CLOCK_AHEAD = build(
    "stream-kvm-clock",
    seed(
        TIME,
        "kvm-clock is 3 s ahead",
        CLOCK.removeprefix("qmp-"),
        field("kvmclock", "clock", "plus", THREE_SECONDS_NS),
        "clock-jump: ",
    ),
    suite="suites/kvm",
    more=EMULATED,
)
FAULTS_NOT_COUNTED = _one(
    "old",
    "kvm-without-faults",
    _seed(
        "requested pages are not counted",
        does("replace-in-output", '"postcopy-requests": ', '"postcopy-requests": 0, "postcopy-asked": '),
        BY_DEFAULT,
        "defect-old",
        "page-faults: 0 pages were requested by faults",
    ),
)
KNOWS_LESS_OF_THE_HOST = _one(
    "new",
    "kvm-knows-less-of-the-host",
    _seed(
        "QEMU no longer knows a feature of the host's CPU",
        sets("max-x86_64-cpu", "aes", "off"),
        f"{LIBVIRT}host-model",
        "regression",
        "cpu-accepted: the CPU is incompatible with host CPU",
    ),
)
FORGETS_HOW_TO_CHECK = _one(
    "new",
    "kvm-forgets-how-to-check",
    _seed(
        "libvirt loses how the CPU is checked",
        Wrong(reworded=((LIBVIRT_LIBRARY, b" check='%s'", b" other='%s'"),)),
        f"{LIBVIRT}host-passthrough",
        "regression",
        "cpu-definition: check none became nothing",
    ),
)

OF_KVM = (
    IRQCHIP_OF_QEMU,
    NO_RING,
    NO_CLOCK,
    CLOCK_AHEAD,
    FAULTS_NOT_COUNTED,
    KNOWS_LESS_OF_THE_HOST,
    FORGETS_HOW_TO_CHECK,
)
