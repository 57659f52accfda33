# SPDX-License-Identifier: Apache-2.0
"""Names and lists as a reader says them: kinds of devices, machine types by version, ways to move."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from fixtures.printable import shown_line

MOST_NAMES = 4
"""Names in one list; more are counted."""
MOST_NAME = 60
"""Characters of one name: a build under test may name its devices as it likes."""
KINDS: tuple[tuple[str, str], ...] = (
    (
        "SCSI controller",
        "am53c974* dc390* lsi5* mptsas* megasas* pvscsi virtio-scsi* spapr-vscsi vhost-scsi*",
    ),
    ("disk controller", "*ahci* piix*-ide* ich9-ahci nvme* sdhci* isa-fdc isa-ide"),
    (
        "network card",
        "e1000* igb* rtl8139 ne2k_* i82* pcnet tulip vmxnet3 virtio-net* spapr-vlan sungem rocker usb-net",
    ),
    ("disk", "scsi-* virtio-blk* vhost-user-blk* ide-hd ide-cd usb-storage usb-uas usb-bot sd-card floppy"),
    ("sound card", "*hda* ac97* es1370* sb16 adlib gus cs4231a usb-audio virtio-sound* *ich*-audio"),
    ("graphics card", "*vga* *virtio-gpu* bochs-display ati-* sm501 ramfb qxl*"),
    ("USB controller", "*xhci* *ehci* *uhci* *ohci*"),
    (
        "input device",
        "*kbd* *keyboard* *mouse* *tablet* virtio-input* virtio-multitouch* usb-wacom* usb-braille",
    ),
    ("serial port", "*serial* *virtcon* spapr-vty virtserialport sclp*"),
    ("TPM", "tpm-*"),
    ("watchdog", "i6300esb ib700 diag288 *watchdog*"),
    ("IOMMU", "*iommu* amdvi*"),
    (
        "PCI bridge or port",
        "*pcie*-port *pci-bridge* *pcie-pci* pxb* x3130* xio3130* ioh3420 i82801b11* *dmi*",
    ),
    ("balloon", "virtio-balloon*"),
    ("memory device", "*dimm* virtio-mem* virtio-pmem* ivshmem*"),
    ("random number generator", "virtio-rng* spapr-rng"),
    ("shared file system", "virtio-9p* vhost-user-fs*"),
)
"""Kinds of device, with the names of their models as globs; the first that fits counts."""


_VARIANT = re.compile(r"-(non-)?transitional$")
"""Forms of one virtio device."""


def device_words(names: Iterable[str]) -> str:
    """`an am53c974 or dc390 SCSI controller`; the word `device` if the kinds differ or are not known."""
    ordered = list(dict.fromkeys(_VARIANT.sub("", name) for name in names))
    kinds = {_kind(name) for name in ordered}
    kind = kinds.pop() if len(kinds) == 1 else "device"
    return with_article(f"{either(ordered)} {kind}{'s' if len(ordered) > MOST_NAMES else ''}")


def _kind(name: str) -> str:
    return next(
        (kind for kind, globs in KINDS if any(fnmatchcase(name.lower(), glob) for glob in globs.split())),
        "device",
    )


def with_article(words: str) -> str:
    """The words with `a` or `an`, by how their first letter is spoken."""
    vowel = re.match(r"[aeio]|[fhlmnrsx](?=[\d-])|ne2k|nvme|sd|lsi|rtl|xhci|mpt", words, re.IGNORECASE)
    return f"{'an' if vowel else 'a'} {words}"


def either(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """`a, b or c`; of many names the first few, and how many more."""
    return _joined(names, "or", most)


def every(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """`a, b and c`; of many names the first few, and how many more."""
    return _joined(names, "and", most)


def _joined(names: Sequence[str], word: str, most: int) -> str:
    shown = [name_of(name) for name in names[:most]]
    if len(names) > most:
        shown = [*shown[: most - 1], f"{len(names) - most + 1} more"]
    return f" {word} ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def name_of(name: str) -> str:
    """One name, printable and bounded."""
    return shown_line(name, MOST_NAME)


def machine_words(machines: Iterable[str]) -> str:
    """`machine type pc-q35-7.2`, or `13 machine types, pseries-4.0 to pseries-7.2`; each family apart."""
    ordered = sorted(set(machines), key=natural)
    if len(ordered) == 1:
        return f"machine type {name_of(ordered[0])}"
    if len(ordered) <= MOST_NAMES - 1:
        return f"machine types {either(ordered)}"
    families: dict[str, list[str]] = {}
    for name in ordered:
        families.setdefault(_family_of(name), []).append(name_of(name))
    spans = [those[0] if len(those) == 1 else f"{those[0]} to {those[-1]}" for those in families.values()]
    return f"{len(ordered)} machine types, {', '.join(spans[:MOST_NAMES])}"


def _family_of(machine: str) -> str:
    """`pc-q35-` of pc-q35-7.2; of a name that no family has, what stands before its version."""
    known = re.match(r"(?:pc-q35|pc-i440fx|pseries)-", machine)
    return known[0] if known else re.split(r"\d+\.\d", machine)[0]


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts `pc-q35-2.9` before `pc-q35-2.12`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def way_words(ways: Iterable[tuple[str, str]]) -> str:
    """`precopy and multifd by libvirt; precopy by QMP`, of paths and mechanisms."""
    by_path: dict[str, list[str]] = {}
    for path, mechanism in sorted(set(ways), key=lambda way: (way[0] == "qmp", way)):
        by_path.setdefault(path, []).append(mechanism)
    return "; ".join(f"{every(those)} by {PATHS.get(path, name_of(path))}" for path, those in by_path.items())


PATHS = {"qmp": "QMP", "libvirt": "libvirt", "libvirt-direct": "libvirt-direct"}
"""The paths as a reader knows them."""
