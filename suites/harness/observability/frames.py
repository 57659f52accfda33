# SPDX-License-Identifier: Apache-2.0
"""What a guest uses a page of its RAM for, by its kernel's own account.

The kernel shows the flags of each frame in `/proc/kpageflags`; their numbers are those of Linux
`include/uapi/linux/kernel-page-flags.h`. A kernel with 64 KiB pages has one frame for 16 pages of QEMU.
"""

from __future__ import annotations

from fixtures.guest.agent import AgentError
from fixtures.guest.guest import Guest
from fixtures.still.ram import PAGE_BYTES, Page

MAIN_RAM = ("pc.ram", "ppc_spapr.ram")
"""RAM blocks that begin at physical address 0. The part of `pc.ram` below 2 GiB is there as a whole."""
NO_FRAME = "memory that Linux does not manage"
UNNAMED = "the kernel's own: allocated in whole pages"
USES = (
    (10, "free"),
    (7, "the kernel's own: a slab"),
    (26, "page tables"),
    (32, "reserved when the kernel boots: its image, its list of frames, data of each vCPU"),
    (24, "the page of zeros"),
    (12, "private memory of programs"),
    (5, "page cache"),
)
"""Bit of the flags, and what it means. The first one that is set counts; free memory may keep others."""


def use_of(guest: Guest, page: Page) -> str:
    """What the guest uses a page for. Raises `AgentSilent`."""
    block, number = page
    if block not in MAIN_RAM:
        return f"memory of a device or of firmware: {block}"
    try:
        answer = guest.agent.ask("frame", at=number * PAGE_BYTES)
    except AgentError:
        return NO_FRAME
    return use(int(answer["flags"]), int(answer["mapped"]))


def use(flags: int, mapped: int) -> str:
    """What a frame with these flags is used for. `mapped`: in how many page tables it is."""
    known = next((name for bit, name in USES if flags >> bit & 1), UNNAMED)
    return f"{known}, mapped" if mapped and known != "free" else known
