# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in what is plugged into a guest before its move, and after it."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild, hotpatch
from suites.harness.support.seeds_of_life import life
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, Wrong, does

DIMM_BYTES, HALF = "134217728", "67108864"


def _plugged(name: str, story: str, what: str, wrong: Wrong, *words: str) -> SeededBuild:
    """A new build as whose destination one act goes wrong, in the cell of this story."""
    mechanism = "postcopy-immediate" if story.endswith(("dimm", "mem")) else "precopy"
    cell = f"qmp-{mechanism}-idle-bare-1vcpu-{story}"
    return SeededBuild(
        name, "new", life(f"{cell}]"), (Seed(what, wrong, cell, "defect-new", words),), slow=True
    )


def _placed(name: str, what: str, cell: str, wrong: Wrong, *words: str) -> SeededBuild:
    """A new build as whose destination devices have other PCI addresses."""
    return SeededBuild(
        name, "new", hotpatch(cell), (Seed(what, wrong, cell, "defect-new", words),), slow=True
    )


ADDRESSES = (
    _placed(
        "exchanges-two-devices",
        "two devices of one kind have each other's PCI address",
        "precopy-idle-virtio-1vcpu-addresses-libvirt",
        does("replace-in-argument", "id=rng", "id=rng2", when=RECEIVES)
        + does("replace-in-argument", "id=rng2", "id=rng", when=RECEIVES),
        "addresses: at 0000:00:04.0 was virtio-pci rng and is virtio-pci rng2",
    ),
    _placed(
        "moves-a-device",
        "a network card is in another slot behind its bridge",
        "postcopy-idle-virtio-1vcpu-addresses-proxmox",
        does("replace-in-argument", "addr=0x12", "addr=0x13", when=RECEIVES),
        "migrate: ",
    ),
    _placed(
        "moves-a-bridge",
        "a bridge is in another slot of i440fx, with what is behind it",
        "precopy-idle-virtio-1vcpu-addresses-proxmox-pc",
        does("replace-in-argument", "addr=0x1e", "addr=0x1c", when=RECEIVES),
        "migrate: ",
        "0000:00:1e.0",
    ),
    _placed(
        "reads-no-config",
        "QEMU reads no devices from a file any more",
        "postcopy-idle-virtio-1vcpu-addresses-proxmox",
        does("replace-in-argument", "-readconfig", "-no-readconfig", when=RECEIVES),
        "launch: ",
    ),
)
"""What a script does that gives addresses in another order, or none."""

OF_PLUGS = (
    *ADDRESSES,
    _plugged(
        "plugs-elsewhere",
        "plugged-again-disk",
        "a disk that is plugged after the move comes into another root port",
        does("replace-in-command", '"bus":"room1"', '"bus":"room2"', when=RECEIVES),
        "plug: disk: pci: 0000:01:00.0 is gone, 0000:02:00.0 (virtio-pci) is new",
    ),
    _plugged(
        "plugs-no-memory",
        "plugged-after-dimm",
        "the guest does not get memory that is plugged after the move",
        does("replace-in-command", DIMM_BYTES, HALF, when=RECEIVES),
        "plug: dimm: MemTotal has grown by 0 MiB, not 128",
    ),
    _plugged(
        "plugs-less-virtio-mem",
        "plugged-after-virtio-mem",
        "the guest gets half of the memory of virtio-mem that it is to have after the move",
        does("replace-in-command", DIMM_BYTES, HALF, when=RECEIVES),
        "plug: virtio-mem: MemTotal has grown by 64 MiB, not 128",
    ),
    _plugged(
        "keeps-what-was-unplugged",
        "unplugged-before-disk",
        "the destination has a device where the guest gave one up before its move",
        does("append-argument", "-device", when=RECEIVES)
        + does("append-argument", "virtio-rng-pci,bus=room1,addr=0", when=RECEIVES),
        "plug: disk: ",
    ),
    _plugged(
        "stops-a-plugged-vcpu",
        "plugged-before-vcpu",
        "a vCPU that was plugged before the move never runs after it",
        does("on-message", GUEST_RUNS, "freeze 1", when=RECEIVES),
        "plugged: vcpu: ",
    ),
    _plugged(
        "never-reports-the-end",
        "plugged-before-nic",
        "the end of a network card is not reported that was plugged before the move",
        does("drop-message", '"event": "DEVICE_DELETED"', when=RECEIVES),
        "unplug: nic: waited ",
        "for the event DEVICE_DELETED",
    ),
)
