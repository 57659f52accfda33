# SPDX-License-Identifier: Apache-2.0
"""Changes a page of a running guest's RAM from outside, as a defective QEMU would."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

PAGE = 4096
MAGIC = 0x6863746170746F68
"""First word of each page that the agent fills; its index follows. See images/agent/page.c and still.c."""
STILL, TMPFS = 1 << 32, 1 << 33
"""Index of the first still page, and of the first page of the file in a tmpfs."""


def header(index: int) -> bytes:
    """How a page of the agent begins."""
    return struct.pack("<2Q", MAGIC, index)


def flip_bit(pid: int, beginning: bytes, byte: int = PAGE // 2) -> None:
    """Invert a bit of the page that begins so, in the memory of QEMU's process `pid`.

    Also in other copies of the page, such as the one in the kernel's file that QEMU loaded.
    """
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        places = list(_pages(memory.fileno(), pid, beginning))
        assert places, f"no page begins with {beginning[:16].hex()}"
        for at in (place + byte for place in places):
            os.pwrite(memory.fileno(), bytes([os.pread(memory.fileno(), 1, at)[0] ^ 0x10]), at)


def _pages(memory: int, pid: int, beginning: bytes) -> Iterator[int]:
    """Addresses of such pages in mappings that are writable and not executable."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        bounds, rights, *_ = line.split()
        begin, end = (int(bound, 16) for bound in bounds.split("-"))
        if rights.startswith("rw-") and end - begin >= 1 << 20:
            yield from _in_mapping(memory, begin, end, beginning)


def _in_mapping(memory: int, begin: int, end: int, beginning: bytes) -> Iterator[int]:
    step = 1 << 22
    for at in range(begin, end, step):
        chunk = os.pread(memory, min(step, end - at), at)
        found = chunk.find(beginning)
        while found >= 0:
            if found % PAGE == 0:
                yield at + found
            found = chunk.find(beginning, found + 1)
