# SPDX-License-Identifier: Apache-2.0
"""Migration streams made by hand."""

import json
import struct
from typing import Any

UINT8 = {"name": "level", "type": "uint8", "size": 1}
DEVICES: list[tuple[dict[str, Any], bytes]] = [
    (
        {"name": "timer", "instance_id": 0, "vmsd_name": "timer", "version": 2, "fields": [UINT8]},
        b"\x2a",
    ),
    (
        {
            "name": "0000:00:03.0/nic",
            "instance_id": 1,
            "vmsd_name": "nic",
            "version": 3,
            "fields": [
                {"name": "mac", "type": "uint8", "size": 1, "array_len": 6},
                {"name": "ring", "index": 0, "type": "struct", "size": 1, "struct": {
                    "vmsd_name": "ring", "version": 1, "fields": [UINT8]}},
            ],
            "subsections": [{"vmsd_name": "nic/late", "version": 1, "fields": [UINT8]}],
        },
        b"\1\2\3\4\5\6\7" + b"\x05\x08nic/late\0\0\0\1" + b"\x09",
    ),
]  # fmt: skip


def section(number: int, description: dict[str, Any], state: bytes) -> bytes:
    """A full section as QEMU sends it."""
    name: bytes = description["name"].encode()
    numbers = struct.pack(">II", description["instance_id"], description["version"])
    return (
        struct.pack(">BIB", 4, number, len(name)) + name + numbers + state + struct.pack(">BI", 0x7E, number)
    )


def stream_of(
    devices: list[tuple[dict[str, Any], bytes]] = DEVICES,
    blocks: dict[str, int] | None = None,
    ram: bytes = b"",
    configuration: bytes = b"\x07" + struct.pack(">I", 10) + b"pc-q35-7.2",
) -> bytes:
    """A complete stream of these devices; `ram` is the content of the guest's memory."""
    sizes = {"pc.ram": 0x4000, "pc.bios": 0x1000} if blocks is None else blocks
    sent = b"QEVM" + struct.pack(">I", 3) + configuration
    sent += struct.pack(">BIB", 1, 2, 3) + b"ram" + struct.pack(">IIQ", 0, 4, sum(sizes.values()) | 4)
    for name, size in sizes.items():
        sent += struct.pack("B", len(name)) + name.encode() + struct.pack(">Q", size)
    sent += struct.pack(">QBI", 0x10, 0x7E, 2) + ram
    for number, (description, state) in enumerate(devices, 10):
        sent += section(number, description, state)
    text = json.dumps({"page_size": 4096, "devices": [each for each, _ in devices]}).encode()
    return sent + b"\x00\x06" + struct.pack(">I", len(text)) + text
