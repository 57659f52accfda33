# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in what guests and moves take of the host's memory, found by suites/memory."""

from __future__ import annotations

from dataclasses import replace

from suites.harness.support.seeds import AFTERWARDS, COST, LOADS, OTHER_MEMORY, TABLES, Seed, SeededBuild
from suites.harness.support.seeds_of_life import DEFLATE
from suites.harness.support.stream_seeds import build, pages, seed
from suites.harness.support.tamper.rules import PageRule
from suites.harness.support.wrong_builds import GUEST_RUNS, MEMORY, RECEIVES, Wrong, does

BALLOON = "postcopy-idle-virtio-1vcpu-balloon"
REPORTS = "precopy-idle-virtio-1vcpu-page-reporting"
MEMFD = "precopy-idle-bare-1vcpu-memfd"
UNTOUCHED = "precopy-idle-bare-1vcpu-untouched"
HUGE = "multifd-idle-bare-1vcpu-hugepages"
NODES = "precopy-idle-bare-2vcpu-two-nodes-rebooted"
RELEASED = "postcopy-immediate-idle-bare-1vcpu-release-ram"
ABOVE_THE_KERNEL = 0x4000
"""Number of a page in an x86_64 guest's RAM. Pages of zeros below it are data of the kernel."""
POLLED = '"property":"guest-stats-polling-interval","value":'
RELEASE = '"capability":"release-ram"'


def memory(*cells: str) -> tuple[str, ...]:
    """Arguments that select these cells of x86_64 guests."""
    chosen = " or ".join(f"{cell}]" for cell in cells)
    return ("suites/memory", "--arch=x86_64", "-m", "slow or not slow", "-k", chosen)


def _one(
    name: str, what: str, wrong: Wrong, cell: str, *words: str, outcome: str = "defect-new", harm: str = ""
) -> SeededBuild:
    """A build with one defect: the old one, if the old build is to be blamed."""
    found = Seed(what, wrong, f"qmp-{cell}", outcome, words, harm=harm)
    role = "old" if outcome == "defect-old" else "new"
    return SeededBuild(name, role, memory(f"qmp-{cell}"), (found,), slow=True)  # type: ignore[arg-type]


OF_BALLOONS = (
    _one(
        "forgets-an-inflated-balloon",
        "the balloon is empty after a postcopy",
        does("on-message", GUEST_RUNS, DEFLATE, when=RECEIVES),
        BALLOON,
        "balloon-kept: the balloon holds 0 MiB by QEMU",
        harm="changed",
    ),
    _one(
        "never-polls-again",
        "the balloon's statistics never come again",
        does("replace-in-command", f"{POLLED}1", f"{POLLED}0", when=RECEIVES),
        BALLOON,
        "balloon-stats: ",
        "statistics came",
        harm="changed",
    ),
)
OF_THE_HOSTS_MEMORY = (
    _one(
        "keeps-what-the-guest-frees",
        "memory that the guest frees stays with QEMU",
        does("preload", MEMORY, when=RECEIVES),
        REPORTS,
        "page-reporting: the guest freed ",
        "QEMU gave 0 MiB back to the host",
    ),
    replace(
        _one(
            "takes-ordinary-pages",
            "RAM of huge pages becomes one of ordinary pages",
            does("replace-in-argument", "hugetlb=on,hugetlbsize=2M", "hugetlb=off", when=RECEIVES),
            HUGE,
            "huge-pages: 0 of ",
            harm="changed",
        ),
        huge_pages=256,
    ),
    _one(
        "doubles-the-memory-of-a-move",
        "a move takes the memory of a guest twice more",
        does("on-message", LOADS, "memory 600", when=RECEIVES),
        MEMFD,
        "cost: ",
        "memory of both MiB",
        "wrong → itself costs as much",
        harm="slow",
    ),
    _one(
        "touches-all-memory",
        "a move makes all memory resident that the guest never touched",
        does("append-argument", "-mem-prealloc", when=RECEIVES),
        UNTOUCHED,
        "cost: ",
        "memory of both MiB",
        "wrong → itself costs as much",
        harm="slow",
    ),
    _one(
        "keeps-the-ram-that-it-sent",
        "the source keeps the RAM that it has sent",
        does("replace-in-command", RELEASE, '"capability":"late-block-activate"'),
        RELEASED,
        "release-ram: of ",
        "are left at the source",
        outcome="defect-old",
    ),
)
DAMAGED = (
    build(
        "stream-memory-in-a-memfd",
        seed(
            OTHER_MEMORY,
            "pages of zeros in a memfd",
            MEMFD,
            pages(PageRule("flip", "zero", first=ABOVE_THE_KERNEL, one_in=8)),
            "memory: ",
            "damaged; first",
        ),
        suite="suites/memory",
    ),
)
# Linux numbers the nodes by their vCPUs. So it sees their memory change places, whose sizes differ by the
# hole below 1 MiB.
OF_NUMA_NODES = _one(
    "swaps-the-vcpus-of-nodes",
    "the vCPUs of two NUMA nodes change places",
    does("replace-in-argument", "nodeid=0,cpus=0,", "nodeid=0,cpus=1,", when=RECEIVES)
    + does("replace-in-argument", "nodeid=1,cpus=1,", "nodeid=1,cpus=0,", when=RECEIVES),
    NODES,
    "numa-nodes: the guest found node 0 with vCPUs 0, distances 10,20 and ",
    "and after its reboot node 0 with vCPUs 0, ",
    harm="changed",
)

OF_HOST_MEMORY = (
    *(each.of_kind(AFTERWARDS) for each in OF_BALLOONS),
    *(each.of_kind(COST) for each in OF_THE_HOSTS_MEMORY),
    OF_NUMA_NODES.of_kind(TABLES),
    *DAMAGED,
)
