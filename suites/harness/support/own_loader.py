# SPDX-License-Identifier: Apache-2.0
"""The dynamic loader of this machine's programs."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

PROGRAM_HEADERS_AT, COUNT_AT, HEADER_BYTES = 32, 56, 56
INTERPRETER = 3
"""`PT_INTERP` of elf(5)."""


def own_loader() -> str:
    """What Python's own program names as its loader, such as `/lib64/ld64.so.2` of POWER."""
    elf = Path(sys.executable).resolve().read_bytes()
    (at,) = struct.unpack_from("<Q", elf, PROGRAM_HEADERS_AT)
    (count,) = struct.unpack_from("<H", elf, COUNT_AT)
    for header in range(at, at + count * HEADER_BYTES, HEADER_BYTES):
        kind, _flags, offset, _address, _physical, size = struct.unpack_from("<2I4Q", elf, header)
        if kind == INTERPRETER:
            return elf[offset : offset + size].rstrip(b"\0").decode()
    raise AssertionError(f"{sys.executable} is a static program")
