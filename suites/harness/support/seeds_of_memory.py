# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in the memory of a booted guest: under a running writer, in the kernel, in unused pages."""

from __future__ import annotations

from suites.harness.support.guest_ram import STILL, TMPFS
from suites.harness.support.seeds import BUSY_MEMORY, OTHER_MEMORY, Seed, SeededBuild, hotpatch
from suites.harness.support.seeds_under_guests import PRECOPY
from suites.harness.support.stream_seeds import build, pages, seed
from suites.harness.support.tamper.rules import PageRule
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, does

BUSY = "postcopy-busy-bare-2vcpu"
CODE, DATA, POWER_DATA = 0x1780, 0x248A, 0x1110
CHANGING_DATA = 0x2C58
"""Page numbers in a guest's RAM. On x86_64 the kernel's code begins at 16 MiB, its read-only data at 32 MiB;
on ppc64le the kernel begins at 0. The pages of read-only data have names of exported symbols;
a guest does not need the page of data that may change."""
PSERIES = "pseries-vof.newest-old-qmp"


def _only(number: int) -> PageRule:
    return PageRule("flip", "other", first=number, last=number)


ELSEWHERE = build(
    "stream-memory-elsewhere",
    seed(
        OTHER_MEMORY,
        "a bit of the kernel's read-only data",
        "precopy-idle-virtio-1vcpu",
        pages(_only(DATA)),
        "memory: 1 of ",
        "first the kernel at 0xffffffff8248a000: expected checksum",
    ),
    seed(
        OTHER_MEMORY,
        "a bit of the kernel's code (multifd)",
        "multifd-idle-bare-1vcpu",
        pages(_only(CODE)),
        "memory: 1 of ",
        "first the kernel at 0xffffffff81780000: expected checksum",
    ),
    seed(
        OTHER_MEMORY,
        "a page of the kernel's data",
        "precopy-idle-bare-1vcpu",
        pages(PageRule("zero", "other", first=CHANGING_DATA, last=CHANGING_DATA)),
        "memory: 1 of ",
        "pages of the kernel's data are all zero; first at the physical address 0x2c58000",
    ),
    seed(
        OTHER_MEMORY,
        "pages that are never written again (postcopy)",
        "postcopy-idle-bare-1vcpu",
        pages(PageRule("zero", "still", one_in=100)),
        "memory: ",
        "still pages damaged; first",
    ),
)

UNDER_WRITERS = build(
    "stream-memory-under-writers",
    seed(
        BUSY_MEMORY,
        "dirty pages lost under a writer",
        "precopy-busy-virtio-1vcpu",
        pages(PageRule("drop", "area", part="last", one_in=4)),
        "memory: ",
        ": wrong ",
    ),
    seed(
        BUSY_MEMORY,
        "bits flipped under a writer (multifd)",
        "multifd-busy-virtio-1vcpu",
        pages(PageRule("flip", "area", one_in=4)),
        "memory: ",
        "pages were damaged when overwritten; first",
    ),
)

ON_POWER = build(
    "stream-memory-power",
    seed(
        OTHER_MEMORY,
        "a bit of POWER's kernel",
        f"{PSERIES}-precopy-idle-bare-1vcpu",
        pages(_only(POWER_DATA)),
        "memory: 1 of ",
        "first the kernel at 0xc000000001110000: expected checksum",
    ),
    seed(
        OTHER_MEMORY,
        "pages that POWER never writes again (postcopy)",
        f"{PSERIES}-postcopy-idle-bare-1vcpu",
        pages(PageRule("zero", "still", one_in=100)),
        "memory: ",
        "still pages damaged; first",
    ),
    seed(
        BUSY_MEMORY,
        "pages out of date under POWER's writer (multifd)",
        f"{PSERIES}-multifd-busy-bare-1vcpu",
        pages(PageRule("delay", "area", one_in=10)),
        "memory: ",
        ": wrong ",
    ),
    arch="ppc64le",
)


def _loses(name: str, cell: str, page: int, *words: str) -> SeededBuild:
    """A destination that zeroes one page of the guest's memory when it resumes the guest."""
    wrong = does("on-message", GUEST_RUNS, f"zero {page}", when=RECEIVES)
    lost = Seed(name.replace("-", " "), wrong, cell, "defect-new", ("memory: 1 ", *words))
    return SeededBuild(name, "new", hotpatch(f"{cell}]"), (lost,), slow=True)


OF_MEMORY = (
    ELSEWHERE,
    UNDER_WRITERS,
    ON_POWER,
    _loses("loses-a-page-under-a-writer", BUSY, 4000, "first 4000: wrong index in lap "),
    _loses("loses-a-still-page", PRECOPY, STILL + 3, "still pages damaged; first 3: wrong index"),
    _loses("loses-a-page-of-a-file", PRECOPY, TMPFS + 4, "a file in a tmpfs damaged; first 4: wrong index"),
)
