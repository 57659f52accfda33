# SPDX-License-Identifier: Apache-2.0
"""A kernel as it is started: without the wrapper in which the guest itself would have to unpack it."""

from __future__ import annotations

import lzma
import struct

SETUP_SECTORS = 0x1F1
MAGIC = 0x202
PAYLOAD = 0x248
"""Offset and length of the packed kernel behind the setup sectors (x86 boot protocol, 2.08 and later)."""
SECTOR = 512
XZ = b"\xfd7zXZ\0"


def unwrapped(image: bytes) -> bytes:
    """The ELF file in an x86 boot image that is packed with xz; any other image as it is.

    Unpacking takes 6 s under TCG. QEMU starts the ELF file by its PVH entry, which Debian's kernels have.
    """
    if image[MAGIC : MAGIC + 4] != b"HdrS":
        return image
    begin = (image[SETUP_SECTORS] + 1) * SECTOR
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    packed = image[begin + offset : begin + offset + length]
    # Behind the packed kernel stands its length, which is no part of it.
    return lzma.LZMADecompressor().decompress(packed) if packed.startswith(XZ) else image
