# SPDX-License-Identifier: Apache-2.0
"""Finds the fields in the lump of a virtio device, which QEMU saves by hand and describes as one field.

The order is that of `virtio_save` in QEMU's hw/virtio/virtio.c: what the PCI proxy saves
(`virtio_pci_save_config`), the device's own registers, its queues, what its class saves, and subsections
that carry their own names. Only virtio over PCI is known.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from fixtures.still.stream import Section, StreamError
from suites.harness.support.tamper.places import SUBSECTION_HEADER_BYTES, Inner, Kind

SUBSECTION = b"\x05"
CONFIG_BYTES = (256, 4096)
"""Of a PCI device and of a PCI Express device."""
CAPABILITIES, EXPRESS, MSIX, END_OF_LIST = 0x34, 0x10, 0x11, 0
MOST_CAPABILITIES = 48
MODERN = "virtio_pci/modern_state"
QUEUE_FIELDS = (("num", 2), ("unused", 1), ("enabled", 1), ("desc", 8), ("avail", 8), ("used", 8))
"""Of one queue in the subsection `modern_state`, with their bytes."""
QUEUE_BYTES = sum(size for _, size in QUEUE_FIELDS)
MOST_QUEUES = 1024
"""VIRTIO_QUEUE_MAX: the subsections have that many queues, of which a device uses a few."""
SIMPLE = {
    "virtio/device_endian": (("device_endian", 1),),
    "virtio/64bit_features": (("guest_features", 8),),
    "virtio/broken": (("broken", 1),),
    "virtio/started": (("started", 1),),
    "virtio/disabled": (("disabled", 1),),
}
NET = "virtio-net"
BALLOON = "virtio-balloon"
NET_VLAN_BYTES = 512
NET_AFTER_MACS = (
    *(("vlans", NET_VLAN_BYTES), ("has_vnet_hdr", 4), ("multi_overflow", 1), ("uni_overflow", 1)),
    *(("alluni", 1), ("nomulti", 1), ("nouni", 1), ("nobcast", 1), ("has_ufo", 1)),
)
NET_BEFORE_MACS = (
    *(("mac", 6), ("tx_waiting", 4), ("mergeable_rx_bufs", 4), ("status", 2)),
    *(("promisc", 1), ("allmulti", 1), ("mac_table.in_use", 4)),
)


def fields_of_virtio(section: Section, lump: bytes) -> Iterator[Inner]:
    """All fields of a device's lump; they cover it without gaps. Raises :class:`StreamError`."""
    for config_bytes in CONFIG_BYTES:
        try:
            found = _Reader(lump, section.name.rpartition("/")[2]).read(config_bytes)
        except _Misread:
            continue
        yield from found
        return
    raise StreamError(f"{section.label}: its {len(lump)} bytes are not laid out as virtio over PCI")


class _Misread(Exception):
    """The lump is not laid out as assumed."""


@dataclass
class _Reader:
    """Reads a lump from its beginning to its end."""

    lump: bytes
    device: str
    at: int = 0
    found: list[Inner] = field(default_factory=list)

    def read(self, config_bytes: int) -> list[Inner]:
        """All fields. Raises `_Misread`."""
        msix = self._pci(config_bytes)
        self._fields((("status", 1), ("isr", 1), ("queue_sel", 2), ("guest_features_lo", 4)))
        self._take("config", self._count("config_len"))
        queues = self._count("queues")
        if queues > MOST_QUEUES:
            raise _Misread
        for number in range(queues):
            names = (("num", 4), ("desc", 8), ("last_avail_idx", 2), ("vector", 2 * msix))
            self._fields(names, f"vq[{number}]/")
        end = self._device_end()
        self._device(end)
        if self.at != end:
            self._take("device", end - self.at)
        while self.at < len(self.lump):
            self._subsection(queues)
        return self.found

    def _pci(self, config_bytes: int) -> bool:
        """The PCI proxy's part; does the device have MSI-X?"""
        self._fields((("version_id", 4),), "pci/")
        config = self.lump[self.at : self.at + config_bytes]
        express = _capability(config, EXPRESS) is not None
        if len(config) < config_bytes or express != (config_bytes == max(CONFIG_BYTES)):
            raise _Misread
        self._take("pci/config", config_bytes)
        self._take("pci/irq_state", 4, 4)
        vectors = _msix_vectors(config)
        if vectors:
            for number in range(vectors):
                self._fields((("address", 8), ("data", 4), ("control", 4)), f"msix/entry[{number}]/")
            self._take("msix/pending", (vectors + 7) // 8)
            self._take("config_vector", 2)
        return vectors > 0

    def _device(self, end: int) -> None:
        """What the class of the device saves, as far as its layout is known."""
        if self.device == NET and end - self.at >= sum(size for _, size in NET_BEFORE_MACS + NET_AFTER_MACS):
            self._fields(NET_BEFORE_MACS, "net/")
            (in_use,) = struct.unpack_from(">I", self.lump, self.at - 4)
            macs = 6 * in_use
            self._take("net/mac_table.macs", macs)
            self._fields(NET_AFTER_MACS, "net/")
            if self.at + 8 == end:
                self._take("net/curr_guest_offloads", 8)
        elif self.device == BALLOON and end - self.at == 8:
            self._fields((("num_pages", 4), ("actual", 4)), "balloon/")

    def _device_end(self) -> int:
        """Where the subsections begin: the first place from which they reach to the end of the lump."""
        at = self.at
        while (at := self.lump.find(SUBSECTION, at)) >= 0:
            if self._chain_reaches_end(at):
                return at
            at += 1
        return len(self.lump)

    def _chain_reaches_end(self, at: int) -> bool:
        while at < len(self.lump):
            name = self._name_at(at)
            size = _content_bytes(name, self.lump, at)
            if size is None:
                return False
            at += SUBSECTION_HEADER_BYTES + len(name) + size
        return at == len(self.lump)

    def _name_at(self, at: int) -> str:
        length = self.lump[at + 1] if at + 1 < len(self.lump) else 0
        name = self.lump[at + 2 : at + 2 + length]
        whole = self.lump[at : at + 1] == SUBSECTION and name.isascii() and len(name) == length
        return name.decode() if whole else ""

    def _subsection(self, queues: int, prefix: str = "") -> None:
        name = self._name_at(self.at)
        size = _content_bytes(name, self.lump, self.at)
        header = SUBSECTION_HEADER_BYTES + len(name)
        if size is None:
            raise _Misread
        path = f"{prefix}<{name}>"
        self._keep(path, name, self.at, header + size, kind="subsection")
        self.at += header
        if name == "virtio/extra_state":
            self._subsection(queues, f"{path}/")
        elif name == MODERN:
            self._fields((("dfselect", 4), ("gfselect", 4), ("guest_features", 8)), f"{path}/")
            self._queues(f"{path}/vq", QUEUE_FIELDS, queues)
        elif name in ("virtio/virtqueues", "virtio/packed_virtqueues"):
            self._queues(f"{path}/vq", (("avail", 8), ("used", 8)), queues)
        else:
            self._fields(SIMPLE.get(name, (("data", size),)), f"{path}/")

    def _queues(self, path: str, names: tuple[tuple[str, int], ...], queues: int) -> None:
        """The queues that the device has, one by one, and all others as one field."""
        for number in range(queues):
            self._fields(names, f"{path}[{number}]/")
        self._take(f"{path}s-not-used", (MOST_QUEUES - queues) * sum(size for _, size in names))

    def _count(self, path: str) -> int:
        """Take a 32-bit number on which the layout of what follows depends."""
        self._take(path, 4)
        return int.from_bytes(self.lump[self.at - 4 : self.at])

    def _fields(self, names: tuple[tuple[str, int], ...], prefix: str = "") -> None:
        for name, size in names:
            self._take(prefix + name, size)

    def _take(self, path: str, size: int, elements: int = 1) -> None:
        """The next field. Raises `_Misread` if it reaches behind the end."""
        if self.at + size * elements > len(self.lump):
            raise _Misread
        if size:
            kind_of_data = f"uint{8 * size}" if size in (1, 2, 4, 8) else "buffer"
            self._keep(path, kind_of_data, self.at, size, elements)
        self.at += size * elements

    def _keep(
        self, path: str, type_: str, offset: int, width: int, elements: int = 1, kind: Kind = "field"
    ) -> None:
        self.found.append(Inner(path, type_, offset, width, elements, kind))


def _msix_vectors(config: bytes) -> int:
    """Entries of the MSI-X table of a PCI device, by its configuration space; 0 if it has none."""
    at = _capability(config, MSIX)
    return 0 if at is None else (int.from_bytes(config[at + 2 : at + 4], "little") & 0x7FF) + 1


def _capability(config: bytes, wanted: int) -> int | None:
    """Where a PCI device's capability with this number is in its configuration space."""
    at = config[CAPABILITIES] if len(config) > CAPABILITIES else END_OF_LIST
    for _ in range(MOST_CAPABILITIES):
        if at == END_OF_LIST or at + 4 > len(config):
            return None
        if config[at] == wanted:
            return at
        at = config[at + 1]
    return None


def _content_bytes(name: str, lump: bytes, at: int) -> int | None:
    """Bytes of a subsection's content; None if the name is not one of virtio's."""
    if name in SIMPLE:
        return sum(size for _, size in SIMPLE[name])
    if name == "virtio/extra_state":
        inner = SUBSECTION_HEADER_BYTES + len(MODERN)
        return inner + 16 + MOST_QUEUES * QUEUE_BYTES
    by_queue = {
        "virtio/virtqueues": 16,
        "virtio/packed_virtqueues": 8,
        "virtio/ringsize": 4,
        MODERN: QUEUE_BYTES,
    }
    if name in by_queue:
        return MOST_QUEUES * by_queue[name] + (16 if name == MODERN else 0)
    if name.startswith("virtio") and (following := _next_subsection(lump, at + 1)) is not None:
        return following - at - SUBSECTION_HEADER_BYTES - len(name)
    return None


def _next_subsection(lump: bytes, at: int) -> int | None:
    """Where the next subsection of virtio begins; the end of the lump if there is none."""
    while (at := lump.find(SUBSECTION, at)) >= 0:
        length = lump[at + 1] if at + 1 < len(lump) else 0
        if lump[at + 2 : at + 8] == b"virtio" and 6 < length < 64:
            return at
        at += 1
    return len(lump)
