# SPDX-License-Identifier: Apache-2.0
"""Seeded defects: a build forgets what a vCPU has in its registers. The guest lives on."""

from __future__ import annotations

from suites.harness.support.seeds import CPU, Seed, SeededBuild, hotpatch
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.tamper.fields import Change
from suites.harness.support.tamper.rules import Tampering
from suites.harness.support.wrong_builds import RECEIVES, does

KERNELS = build(
    "forgets-registers",
    seed(CPU, "PAT of vCPU 0", "multifd-idle-virtio-2vcpu", field("cpu", "env.pat"), "msr: PAT of vCPU 0"),
    seed(
        CPU,
        "TSC_AUX of vCPU 1",
        "precopy-busy-bare-2vcpu",
        field("cpu#1", "env.tsc_aux", "invert"),
        "msr: TSC_AUX of vCPU 1",
    ),
    seed(
        CPU,
        "debug registers of vCPU 0",
        "precopy-busy-virtio-2vcpu",
        field("cpu", "env.dr"),
        "breakpoint: debug registers of vCPU 0",
    ),
)
"""Registers of x86_64 that the kernel sets."""

PAUSED = build(
    "forgets-paused-registers",
    seed(
        CPU,
        "x87 control word of a paused guest",
        "precopy-idle-bare-1vcpu-paused",
        field("cpu", "env.fpuc"),
        "registers: ",
    ),
    suite="suites/life",
)
"""Registers that only the running thread holds: in a guest that runs, another may be next on its vCPU."""

VECTORS = build(
    "forgets-vectors",
    seed(
        CPU,
        "XMM registers of vCPU 0",
        "precopy-idle-bare-2vcpu",
        field("cpu", "env.xmm_regs*", "invert"),
        "registers: xmm0 of vCPU 0",
    ),
    seed(
        CPU,
        "MXCSR of vCPU 1",
        "multifd-idle-bare-2vcpu",
        field("cpu#1", "env.mxcsr", "replace", "00001f80"),
        "registers: mxcsr of vCPU 1",
    ),
    seed(
        CPU,
        "CSTAR of vCPU 1",
        "precopy-idle-virtio-2vcpu",
        field("cpu#1", "env.cstar", "invert"),
        "msr: CSTAR of vCPU 1",
    ),
    seed(
        CPU,
        "AVX registers of vCPU 0",
        "precopy-idle-bare-2vcpu-avx",
        field("cpu", "env.xmm_regs[1]*", "invert"),
        "registers: ymm-high0 of vCPU 0",
    ),
    seed(
        CPU,
        "x87 registers of vCPU 0 under a writer",
        "precopy-busy-bare-2vcpu",
        field("cpu", "env.fpregs/tmp/tmp_mant", "invert"),
        "registers: st0 of vCPU 0",
    ),
)
"""Registers of x86_64 that programs use, while the guest runs."""

LEAVES = SeededBuild(
    "forgets-a-feature",
    "new",
    hotpatch("multifd-idle-bare-1vcpu"),
    (
        Seed(
            "SSE3 is gone from CPUID",
            does("append-argument", "-cpu", when=RECEIVES)
            + does("append-argument", "qemu64,-pni", when=RECEIVES),
            "multifd-idle-bare-1vcpu",
            "defect-new",
            ("cpuid: leaf 0x1.0 of vCPU 0",),
            CPU,
        ),
    ),
    slow=True,
)


MODE = SeededBuild(
    "forgets-power8",
    "new",
    hotpatch("idle-bare-1vcpu-compat-power8", arch="ppc64le"),
    (
        Seed(
            "POWER8 mode is lost at the next boot",
            does("replace-in-argument", "max-cpu-compat=power8", "max-cpu-compat=power9", when=RECEIVES),
            "ignore-shared-idle-bare-1vcpu-compat-power8",
            "defect-new",
            ("identity: cpu was POWER8",),
            CPU,
        ),
    ),
    slow=True,
)


INTERRUPTS = SeededBuild(
    "forgets-power-options",
    "new",
    hotpatch("idle-bare-1vcpu-vsmt-8", "idle-bare-1vcpu-dual", arch="ppc64le"),
    (
        Seed(
            "ids of cores have another distance",
            does("replace-in-argument", "vsmt=8", "vsmt=1", when=RECEIVES),
            "ignore-shared-idle-bare-1vcpu-vsmt-8",
            "defect-new",
            ("migrate: ",),
            CPU,
        ),
        Seed(
            "one interrupt controller of two",
            does("replace-in-argument", "ic-mode=dual", "ic-mode=xive", when=RECEIVES),
            "ignore-shared-idle-bare-1vcpu-dual",
            "defect-new",
            ("migrate: ",),
            CPU,
        ),
    ),
    slow=True,
)
"""What a manager says of a POWER machine, and the new build forgets."""


def power(register: str, way: str, path: str, words: str, element: int | None = None) -> Seed:
    """A register of POWER that is lost; `element` is the number of a special-purpose register.

    Its guest is moved three times, because a move shows the loss only if a value was in the vCPU.
    """
    lost = Tampering((Change("cpu", path, "invert", element=element),))
    cell = f"pseries-vof.newest-old-qmp-{way}-bare-1vcpu-registers"
    return seed(CPU, register, cell, lost, "registers: ", f"{words} of vCPU 0")


IDLE, MULTIFD, BUSY = "precopy-idle", "multifd-idle", "precopy-busy"
POWER = tuple(
    build(f"forgets-power-{name}", *seeds, suite="suites/life", arch="ppc64le")
    for name, seeds in {
        "vectors": (
            power("FPSCR", IDLE, "<cpu/fpu>/env.fpscr", "fpscr"),
            power("VSR 0 to 31", MULTIFD, "<cpu/vsx>/*", "vsr0"),
            power("VSR 32 to 63", BUSY, "<cpu/altivec>/*vsr*", "vsr32"),
        ),
        "specials": (
            power("VRSAVE", IDLE, "env.spr", "vrsave", 256),
            power("DSCR", MULTIFD, "env.spr", "dscr", 17),
            power("TAR", BUSY, "env.spr", "tar", 815),
        ),
        "others": (
            power("VSCR", IDLE, "<cpu/altivec>/*vscr*", "vscr"),
            power("CTR", MULTIFD, "env.spr", "ctr", 9),
        ),
    }.items()
)
"""Registers of POWER. There is a cell for three of them at a time."""

NUMBERS = build(
    "stream-power-sprs",
    seed(
        CPU,
        "SPRG3",
        "pseries-vof.newest-old-qmp-precopy-idle-bare-1vcpu",
        Tampering((Change("cpu", "env.spr", "plus", element=275),)),
        "spr: SPRG3 of vCPU 0",
    ),
    arch="ppc64le",
)
"""Programs read there, as register 259, on which vCPU they run."""

OF_VCPUS = (KERNELS, PAUSED, VECTORS, LEAVES, MODE, INTERRUPTS, *POWER, NUMBERS)
