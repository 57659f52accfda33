# SPDX-License-Identifier: Apache-2.0
"""The subjects of booted guests, part by part, in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import get_args

from fixtures.matrix.disks import DiskBus, DiskFormat
from fixtures.matrix.field_cells import FIELD
from fixtures.matrix.firmwares import UEFI
from fixtures.matrix.names import MOVED_BACK
from fixtures.outcome.outcome import CellResult
from reports.sentences import names

GUEST = re.compile(
    r"(?P<profile>idle|busy)-(?P<hardware>[a-z][a-z0-9-]*?)-(?P<vcpus>\d+)vcpu(?:-256mib)?(?:-(?P<aspect>.+))?"
)
"""The subject of a booted guest."""
HARDWARE = {
    "virtio": "with virtio devices",
    "devices": "with emulated devices",
    "managed": "with virtio devices and those that a manager acts on (such as a watchdog or a keyboard)",
}
"""What its devices are; a `bare` guest has none worth a word."""
DISK = "disk-"
TAP = "tap-"
FAULT = "fault-"
PLUGGED = "plugged-"
THINGS = {
    "disk": "a disk",
    "nic": "a network card",
    "vcpu": "a vCPU",
    "dimm": "a DIMM",
    "virtio-mem": "memory of virtio-mem",
    "everything": "a disk, a network card, a vCPU and a DIMM",
}
"""What is plugged in, by the end of an aspect."""
PAUSES = "-pauses"
"""How the aspect of guests ends that are paused many times after their move."""
SAVED = {
    "-saved": "saved and restored",
    "-managed-save": "saved and restored",
    "-snapshot": "saved and loaded as a snapshot",
    "-snapshot-with-disk": "saved and loaded as a snapshot",
    "-snapshot-external": "saved in a snapshot and restored",
}
"""What is done to the guests of subjects with these ends, instead of a move."""
HURT_WHEN = {PAUSES: "paused", "-snapshot-later": "saved", **SAVED}
"""What hurts the guests of subjects with these ends, if not the move itself."""
ASPECTS = {
    "canary-": "that show a limit of the accelerator",
    "drivers": "",
    "drivers-": "with {}",
    "tap-virtio": "with a virtio network card on a tap",
    "tap-virtio-2-queues": "with a virtio network card with 2 queues on a tap",
    "tap-virtio-given": "with a virtio network card on a tap that libvirt does not make",
    "tap-virtio-vhost": "with a virtio network card with vhost on a tap",
    TAP: "with {} on a tap",
    "tpm-crb-next-start": "with a virtual TPM (tpm-crb) that are started anew after the move",
    "tpm-": "with a virtual TPM ({})",
    "cdrom-": "with a CD-ROM drive ({})",
    DISK: "that write to {}",
    "kvm-": "under KVM ({})",
    FAULT: "whose move breaks ({})",
    "moved-again": "that are moved a second time",
    "moved-back": "that are moved back",
    "sequence-": "to which several things happen one after another (sequence {})",
    "chain": "that live through several updates",
    "chain-long": "that live and work through several updates",
    "moved-after-a-cancel": "that are moved after a cancelled move",
    "reboots": "that reboot after the move",
    "management": "that are paused, shut down or given other devices after the move",
    "paused": "that are paused when they are moved",
    "paused-twice": "that are paused while they are moved twice",
    "asleep": "that are suspended to RAM while they are moved",
    "plugged-before-": "that have {} plugged in before the move",
    "plugged-after-": "that have {} plugged in after the move",
    "plugged-again-": "that have {} plugged in, unplugged and plugged in again",
    "plugged-scripted-": "that have {} plugged in before the move, and are moved by a simple script",
    "unplugged-before-": "that have had {} unplugged before the move",
    "port-used-twice": "one of whose root ports serves a second device",
    "saved": "that are saved under the old build and restored under the new one",
    "snapshot-with-disk": "that are saved with their disk as an internal snapshot",
    "snapshot-external": "of which libvirt takes an external snapshot with their memory",
    "snapshot": "that are saved under the old build and loaded under the new one as an internal snapshot",
    "set-times": "that have set their clocks",
    "vnc-": "with a VNC server",
    "spice-": "with a SPICE server",
    "channel-": "with a channel to their agent at the path of a socket",
    "channels": "with a channel to their agent",
    "standstill": "that stand still while they are moved",
    "oldest": "of the oldest machine type",
    "uefi": "that boot by UEFI",
    "avx": "that use AVX",
    "abort-of-precopy": "whose precopy is aborted",
    "abort-of-postcopy-refused": "whose postcopy is aborted",
    "managed-save": "of which libvirt makes a managed save",
    "snapshot-later": "that have a snapshot taken of them after their move",
    "encrypted": "that are moved over TLS",
    "full-disk-": "that wait for room on a disk on {} while they are moved",
    "bitmap-in-memory": "of whose disk QEMU keeps a dirty bitmap in memory",
    "block-job-": "whose disk a {} job works on while they are moved",
    "reboots-meanwhile": "that reboot while they are moved",
    "powers-off-meanwhile": "that power off while they are moved",
    "panics-meanwhile": "that panic while they are moved",
    "panics-later": "that panic after their move",
    "four-at-once": "that are moved four at once",
    "in-firmware": "that wait in their firmware while they are moved",
    "in-uefi-firmware": "that are in their UEFI firmware while they are moved",
    "in-slof": "that are in their firmware SLOF while they are moved",
    "in-early-kernel": "whose kernel starts while they are moved",
    "long-after": "long after the move",
    "wall-to-wall": "that have filled all their free memory",
    "costs": "",
    "balloon": "whose balloon is inflated",
    "page-reporting": "that report free pages",
    "release-ram": "",
    "release-ram-memfd": "with RAM in a memfd",
    "memfd": "with RAM in a memfd",
    "file": "with RAM in a file",
    "hugepages": "with RAM in huge pages",
    "two-nodes": "with two NUMA nodes",
    "two-nodes-rebooted": "with two NUMA nodes, which reboot after their move",
    "untouched": "that have touched little of their RAM",
    "registers": "",
    "precopy-is-hopeless": "that write memory faster than it can be sent",
    "postcopy-ends-it": "that write memory faster than it can be sent",
    "auto-converge-ends-it": "that write memory faster than it can be sent",
    "multifd-zlib-ends-it": "that write memory faster than it can be sent",
    "multifd-zstd-ends-it": "that write memory faster than it can be sent",
    "xbzrle-ends-it": "that write memory faster than it can be sent",
    "dirty-limit-ends-it": "that write memory faster than it can be sent",
    "longer-downtime-ends-it": "that write memory faster than it can be sent",
    "compat-power8": "that run as POWER8",
    "hash": "with a hash page table",
    "xics": "with the interrupt controller XICS",
    "addresses-libvirt": "with PCI addresses as libvirt gives them",
    "addresses-proxmox": "with PCI addresses as Proxmox gives them",
    "addresses-proxmox-pc": "with PCI addresses as Proxmox gives them on i440fx",
    "vsmt-8": "with vsmt=8",
    "dual": "with two interrupt controllers, of which they use XICS",
    "transient": "that libvirt has no definition of",
    "persistent-moves": "whose definition is moved with them",
    "persistent-stays-defined": "whose definition stays at the source",
    "restart-keeps-machine-type": "that are shut down and started again after the move",
    "adopted": "whose host's libvirt is updated before the move",
    "events": "whose move libvirt announces",
    "events-of-postcopy": "whose postcopy libvirt announces",
    "job-statistics": "of whose move libvirt reports figures",
    "cpu-change-refused": "that are to get another CPU model, which libvirt must refuse",
    "device-change-refused": "that are to get another network card, which libvirt must refuse",
    "machine-type-change-refused": "that are to get another machine type, which libvirt must refuse",
    "one-daemon-refused": "that are to be moved to the same libvirt daemon, which it must refuse",
    "one-host-uuid-refused": "that are to be moved to the same host UUID, which libvirt must refuse",
    "virsh-": "that virsh moves ({})",
}
"""What is tested besides survival, by aspect or its beginning; of others their name is shown."""


def is_saved(cell: CellResult) -> bool:
    """Is its guest saved and loaded, instead of being moved?"""
    return GUEST.fullmatch(cell.subject) is not None and cell.subject.endswith(tuple(SAVED))


def guest_words(subjects: Sequence[str]) -> str:
    """`with virtio devices that write memory while they are moved`: what all these guests have in common.

    None of them is one: see :data:`GUEST`. Empty if they have nothing in common that needs a word.
    """
    parsed = [match for subject in subjects if (match := GUEST.fullmatch(subject))]
    if parsed and all(_is_field(match) for match in parsed):
        return _field_words(parsed)
    busy = "that write memory while they are moved" if _all(parsed, "profile") == "busy" else ""
    vcpus = _all(parsed, "vcpus")
    several = f"with {vcpus} vCPUs" if vcpus not in {"", "1"} else ""
    hardware = HARDWARE.get(_all(parsed, "hardware"), "")
    tested = _aspects({match["aspect"] or "" for match in parsed})
    return " ".join(filter(None, (hardware, several, tested or busy)))


def _is_field(match: re.Match[str]) -> bool:
    return (match["aspect"] or "").partition("-")[0] == FIELD


def _field_words(parsed: Sequence[re.Match[str]]) -> str:
    """`as virt-install makes them (UEFI), that are moved back after a reboot`; several names in one list."""
    makers = sorted({match["hardware"].removesuffix(f"-{UEFI}") for match in parsed})
    aspects = [match["aspect"] or "" for match in parsed]
    uefi = all(aspect.startswith(f"{FIELD}-ovmf") for aspect in aspects)
    back = all(aspect.endswith(f"-{MOVED_BACK}") for aspect in aspects)
    words = f"as {names.either(makers)} makes them{' (UEFI)' if uefi else ''}"
    return f"{words}, that are moved back after a reboot" if back else words


def _all(parsed: Sequence[re.Match[str]], group: str) -> str:
    """The part of the subjects, if it is the same in all."""
    found = {match[group] or "" for match in parsed}
    return found.pop() if len(found) == 1 else ""


def _aspects(found: Collection[str]) -> str:
    """What is tested of all these guests; empty if that has no word in common."""
    if len(found) == 1:
        return _aspect(*found)
    beginnings = {_beginning(name) for name in found}
    beginning = beginnings.pop() if len(beginnings) == 1 else ""
    rests = sorted(_rest(beginning, name.removeprefix(beginning)) for name in found)
    return ASPECTS[beginning].format(names.either(rests)) if beginning else ""


def aspect_of(subject: str) -> str:
    """The aspect of a booted guest; empty if it has none, and for other subjects."""
    found = GUEST.fullmatch(subject)
    return (found["aspect"] or "") if found else ""


def has_words(aspect: str) -> bool:
    """Whether :data:`ASPECTS` says what guests with this aspect are."""
    return aspect in ASPECTS or bool(_beginning(aspect))


def _aspect(name: str) -> str:
    if not name or name in ASPECTS:
        return ASPECTS.get(name, "")
    if beginning := _beginning(name):
        return ASPECTS[beginning].format(_rest(beginning, name.removeprefix(beginning)))
    return f"in the test {names.name_of(name)}"


def _beginning(name: str) -> str:
    """The one of :data:`ASPECTS` of which this aspect is one of several; empty if it has words of its own."""
    if name in ASPECTS:
        return ""
    return next((each for each in ASPECTS if each.endswith("-") and name.startswith(each)), "")


def _rest(beginning: str, rest: str) -> str:
    """The rest of an aspect in words."""
    if beginning == DISK:
        return _disk_words(rest)
    if beginning == FAULT:
        return rest.replace("-", " ")
    if PLUGGED in beginning:
        return THINGS.get(rest, names.name_of(rest))
    return names.device_words([rest]) if beginning in {"drivers-", TAP} else names.name_of(rest)


def _disk_words(name: str) -> str:
    """`a raw disk on virtio-blk with an iothread`, by the name that `DiskOptions` has for it."""
    bus = next((bus for bus in get_args(DiskBus) if f"-{bus}-" in f"-{name}-"), "")
    kind = name.partition("-")[0]
    if not bus or kind not in get_args(DiskFormat):
        return f"a disk ({names.name_of(name)})"
    thread = " with an iothread" if "-iothread-" in name else ""
    plugged = " that was plugged in" if "-plugged" in name else ""
    paused = " and are paused after their move" if name.endswith(PAUSES) else ""
    return f"{'a chain of images' if kind == 'chain' else f'a {kind} disk'} on {bus}{thread}{plugged}{paused}"
