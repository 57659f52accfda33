# SPDX-License-Identifier: Apache-2.0
"""Small ACPI tables, SMBIOS structures and device trees."""

from __future__ import annotations

import struct
from collections.abc import Mapping


def acpi_table(
    signature: str, body: bytes, *, revision: int = 1, oem: str = "BXPC", creator: str = "BXPC"
) -> bytes:
    """A table with this header; its checksum is 0."""
    header = struct.pack(
        "<4sIBB6s8sI4sI",
        signature.encode(),
        36 + len(body),
        revision,
        0,
        b"BOCHS ",
        oem.encode(),
        1,
        creator.encode(),
        1,
    )
    return header + body


def aml_device(name: str, *parts: bytes) -> bytes:
    """`Device (name) { parts }`."""
    body = name.encode() + b"".join(parts)
    size = len(body) + 2
    return b"\x5b\x82" + bytes([0x40 | size & 0xF, size >> 4]) + body


def aml_name(name: str, value: bytes) -> bytes:
    """`Name (name, value)`, with the value as AML."""
    return b"\x08" + name.encode() + value


def smbios_structure(kind: int, handle: int, body: bytes, *strings: str) -> bytes:
    """A structure with its strings."""
    texts = b"".join(text.encode() + b"\0" for text in strings) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + texts + b"\0"


def flat_tree(nodes: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """A flattened device tree of a root and nodes below it; the root's name is empty."""
    names = b"".join(word.encode() + b"\0" for word in _words(nodes))
    body = _node("", nodes[""], nodes, names) + struct.pack(">I", 9)
    at = 40
    header = struct.pack(">7I", 0xD00DFEED, at + len(body) + len(names), at, at + len(body), 28, 17, 16)
    return header.ljust(at, b"\0") + body + names


def _words(nodes: Mapping[str, Mapping[str, bytes]]) -> list[str]:
    return list(dict.fromkeys(word for properties in nodes.values() for word in properties))


def _node(
    name: str, properties: Mapping[str, bytes], nodes: Mapping[str, Mapping[str, bytes]], names: bytes
) -> bytes:
    text = struct.pack(">I", 1) + _padded(name.encode() + b"\0")
    for word, value in properties.items():
        at = (b"\0" + names).index(b"\0" + word.encode() + b"\0")
        text += struct.pack(">III", 3, len(value), at) + _padded(value)
    if not name:
        text += b"".join(_node(other, below, {}, names) for other, below in nodes.items() if other)
    return text + struct.pack(">I", 2)


def _padded(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // 4) * 4, b"\0")
