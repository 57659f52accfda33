# SPDX-License-Identifier: Apache-2.0
"""Unpacks a kernel on the host, so that the guest does not have to."""

from __future__ import annotations

import lzma
import struct

from images.tools import run_tool

SETUP_SECTORS = 0x1F1
MAGIC = 0x202
PAYLOAD = 0x248
"""Where the header has offset and length of the packed kernel, counted from the end of the setup sectors.

x86 boot protocol, 2.08 and later.
"""
SECTOR = 512
XZ, ZSTD = b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"
UNPACKED_LENGTH = 4
"""Bytes that follow the packed data."""


def unwrapped(image: bytes) -> bytes:
    """The ELF file in an x86 boot image that is packed with xz or zstd; any other image unchanged.

    A guest takes 6 s to unpack it under TCG. QEMU starts the ELF file by the PVH entry of Debian's kernels.
    """
    if image[MAGIC : MAGIC + 4] != b"HdrS":
        return image
    begin = (image[SETUP_SECTORS] + 1) * SECTOR
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    packed = image[begin + offset : begin + offset + length]
    if packed.startswith(ZSTD):
        return run_tool(["zstd", "-dcq"], packages="zstd", given=packed[:-UNPACKED_LENGTH])
    # This decompressor ignores what follows the packed data.
    return lzma.LZMADecompressor().decompress(packed) if packed.startswith(XZ) else image
