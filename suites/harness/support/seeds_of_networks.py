# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in the network of guests on a tap: deaf cards, frames twice, lost announcements."""

from __future__ import annotations

from functools import reduce
from operator import add

from fixtures.matrix.mechanisms import MIB, PRECOPY_LIMITS
from suites.harness.support.seeds import NETWORKS, Seed, SeededBuild
from suites.harness.support.seeds_of_life import ANNOUNCE_NEVER
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.wrong_builds import RECEIVES, TAP, Wrong, does

SUITE = "suites/network"
ON_A_TAP = "precopy-busy-bare-2vcpu-tap-virtio"
USO = ("guest_uso4", "guest_uso6", "host_uso")
"""Properties of virtio-net since QEMU 8.2, on by default since machine types 8.2."""
TO_GUEST = "netdev=lan,queue=tx,vnet_hdr_support=on"
DEAF = (
    '{"qom-type": "filter-redirector", "id": "deaf", "netdev": "lan", "queue": "tx", "outdev": "away", '
    '"vnet_hdr_support": true}'
)
LOOP = "host=127.0.0.1"
"""Where QEMU sends frames to itself, in its own sandbox. A stream would hang QEMU once it is full."""


def _destination(*arguments: str) -> Wrong:
    """A destination that has further arguments."""
    return reduce(add, (does("append-argument", argument, when=RECEIVES) for argument in arguments))


def _wrong(
    name: str, what: str, wrong: Wrong, *words: str, harm: str = "changed", cell: str = ON_A_TAP
) -> SeededBuild:
    select = (SUITE, "--arch=x86_64", "-m", "slow or not slow", "-k", f"qmp-{cell}]")
    found = Seed(what, wrong, f"qmp-{cell}", "defect-new", words, harm=harm)
    return SeededBuild(name, "new", select, (found,), slow=True)


OF_NETWORKS = (
    _wrong(
        "goes-deaf",
        "a network card hears nothing after the move",
        _destination(
            *("-chardev", "null,id=away"),
            *("-object", f"filter-redirector,id=deaf,{TO_GUEST},outdev=away"),
        ),
        "network: after its move the guest sent back 0 of ",
    ),
    SeededBuild(
        "goes-deaf-early",
        "old",
        (SUITE, "--arch=x86_64", "-m", "slow or not slow", "-k", f"qmp-{ON_A_TAP}]"),
        (
            Seed(
                "a network card hears nothing from the begin of the move on, and hears again after it",
                does("append-argument", "-chardev")
                + does("append-argument", "null,id=away")
                + does("on-command", '"migrate"', f"command object-add {DEAF}")
                + does("replace-in-command", str(PRECOPY_LIMITS[0]), str(96 * MIB)),
                f"qmp-{ON_A_TAP}",
                "defect-old",
                ("frames: ", "no frame came back for "),
                harm="changed",
            ),
        ),
        slow=True,
    ),
    _wrong(
        "hears-twice",
        "a network card gets each frame twice",
        _destination(
            *("-chardev", f"udp,id=in,{LOOP},port=20001,localaddr=127.0.0.1,localport=20002"),
            *("-chardev", f"udp,id=out,{LOOP},port=20002,localaddr=127.0.0.1,localport=20001"),
            *("-object", f"filter-mirror,id=copy,{TO_GUEST},outdev=out"),
            *("-object", f"filter-redirector,id=again,{TO_GUEST},indev=in"),
        ),
        "frames: ",
        "frames came back twice",
    ),
    _wrong(
        "never-announces",
        "the bridge does not learn of the move",
        does("on-command", '"migrate-incoming"', ANNOUNCE_NEVER, when=RECEIVES),
        "announcement: QEMU sent no RARP; the guest sent no ARP after the move",
    ),
    _wrong(
        "loses-frames",
        "frames of a guest are lost while it runs",
        does("preload", TAP, "loses", when=RECEIVES),
        "frames: ",
        "frames were lost while the guest ran",
    ),
    _wrong(
        "reorders-frames",
        "frames of a guest come out of order",
        does("preload", TAP, "reorders", when=RECEIVES),
        "frames: ",
        "frames came back out of order",
    ),
    _wrong(
        "damages-frames",
        "frames of a guest are damaged",
        does("preload", TAP, "damages", when=RECEIVES),
        "frames: ",
        "frames came back damaged: frame ",
    ),
    _wrong(
        "swallows-segments",
        "segments of TCP that are larger than a frame are lost",
        does("preload", TAP, "swallows", when=RECEIVES),
        "stream: ",
    ),
    _wrong(
        "refuses-uso",
        "a destination does not offer the segmentation of UDP that a guest negotiated",
        _destination(*(word for name in USO for word in ("-global", f"virtio-net-device.{name}=off"))),
        "migrate: ",
        "unsupported. Allowed features: ",
        harm="stranded",
        cell=f"{ON_A_TAP}-uso",
    ),
    build(
        "loses-offloads",
        seed(
            NETWORKS,
            "the tap of virtio-net gets no segmented frames",
            ON_A_TAP,
            field("virtio-net", "virtio/net/curr_guest_offloads"),
            "offloads: the tap no longer has tx-checksum-ip-generic",
            harm="changed",
        ),
        suite=SUITE,
    ),
)
