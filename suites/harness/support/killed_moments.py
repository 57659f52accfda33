# SPDX-License-Identifier: Apache-2.0
"""The moments at which a run is killed: each has a cell that comes to it, and the call where it stops.

See :mod:`suites.harness.support.stops_at`. What a call is about is held there until the run is killed: moves
are slow, or wait for the suite.
"""

from __future__ import annotations

from dataclasses import dataclass

BY_QMP = "fixtures.path.qmp.breakable:QmpBreakableMove"
BY_LIBVIRT = "fixtures.path.libvirt.breakable:LibvirtBreakableMove"
RELAY = "fixtures.path.relay:Relay"
DAEMON = "fixtures.path.libvirt.daemon:Daemon"
GUEST_BOOTS = "before fixtures.guest.guest:Guest.boots_on"
MOVED_BY_QMP = "before fixtures.path.qmp.watch:QmpWatch.end"
MOVED_BY_LIBVIRT = "before fixtures.path.libvirt.watch:LibvirtWatch.to_its_end"


@dataclass(frozen=True)
class Moment:
    """When a run is killed."""

    stops: str
    cell: str
    """The end of the name of its only test, without the bracket."""
    suite: str = "suites/faults"
    host: str = "tcg"
    """Its `--accelerator`."""
    has_directory: bool = True
    """Has a directory been made for the attempt by then? On an emulated host, when that has booted."""


def _broken(stops: str, fault: str, move: str = "qmp-precopy-busy-bare-1vcpu") -> Moment:
    return Moment(stops, f"{move}-fault-{fault}")


PLAIN = "qmp-precopy-idle-bare-1vcpu"
MOMENTS: dict[str, Moment] = {
    # The phases of a move by QMP.
    "boot": Moment(GUEST_BOOTS, PLAIN, "suites/hotpatch"),
    "set-up": _broken(f"after {BY_QMP}.prepare", "destination-killed-in-set-up"),
    "first-pass": _broken(f"before {RELAY}.cut", "channel-cut-in-first-pass"),
    "later-pass": _broken(f"before {BY_QMP}.cancel", "cancelled-in-later-pass"),
    "switchover": _broken(f"before {BY_QMP}.kill_destination", "destination-killed-in-switchover"),
    "postcopy": _broken(f"before {RELAY}.cut", "channel-cut-in-postcopy", "qmp-postcopy-busy-bare-2vcpu"),
    "recovery": _broken(
        "before fixtures.path.qmp.watch:QmpWatch.begins_anew",
        "channel-cut-in-postcopy",
        "qmp-postcopy-busy-bare-2vcpu",
    ),
    # What is beside the two QEMUs, or is done to them.
    "relay-holds": _broken(f"after {RELAY}.stall", "channel-stalled-in-switchover"),
    "tls-handshake": _broken(
        f"after {RELAY}.stall", "channel-stalled-in-set-up", "qmp-precopy-tls-busy-bare-1vcpu"
    ),
    "multifd-over-tls": _broken(
        f"before {RELAY}.cut", "channel-cut-in-first-pass", "qmp-multifd-tls-busy-bare-1vcpu"
    ),
    "out-of-memory": _broken(
        "after fixtures.hosts.local_process:LocalProcess.bound_memory",
        "destination-out-of-memory-in-first-pass",
    ),
    "network": Moment(MOVED_BY_QMP, "qmp-precopy-busy-bare-2vcpu-tap-virtio", "suites/network"),
    "tpm": Moment(MOVED_BY_QMP, f"{PLAIN}-tpm-crb", "suites/tpm"),
    "shared-network": Moment(
        "before fixtures.hosts.shared_network:SharedNetwork.connect", "x86_64-clashes", "suites/endpoints"
    ),
    "stranger": _broken(
        f"after {BY_QMP}.connects_anew", "peer-not-trusted-in-recovery", "qmp-postcopy-tls-busy-bare-2vcpu"
    ),
    # libvirt's two daemons, which start the QEMUs.
    "libvirt-set-up": _broken(
        f"before {BY_LIBVIRT}.begin", "channel-stalled-in-set-up", "libvirt-precopy-busy-bare-1vcpu"
    ),
    "libvirt-move": Moment(MOVED_BY_LIBVIRT, "libvirt-direct-postcopy-idle-virtio-2vcpu", "suites/hotpatch"),
    "libvirt-postcopy": _broken(
        f"before {RELAY}.cut", "channel-cut-in-postcopy", "libvirt-postcopy-busy-bare-2vcpu"
    ),
    "libvirt-stopped": _broken(
        f"after {DAEMON}.send_signal",
        "destination-daemon-stopped-in-switchover",
        "libvirt-precopy-busy-bare-1vcpu",
    ),
    "libvirt-restarted": _broken(
        f"after {DAEMON}.restart",
        "source-daemon-killed-in-postcopy",
        "libvirt-postcopy-busy-bare-2vcpu",
    ),
    "libvirt-client-stopped": _broken(
        "after fixtures.hosts.output:BoundedProgram.stop",
        "client-hung-in-switchover",
        "libvirt-direct-precopy-busy-bare-1vcpu",
    ),
    "libvirt-small-disk": _broken(
        "after fixtures.hosts.small_disk:SmallDisk.fill",
        "destination-disk-full-in-first-pass",
        "libvirt-precopy-busy-bare-1vcpu",
    ),
    "libvirt-network": Moment(
        MOVED_BY_LIBVIRT, "libvirt-precopy-busy-bare-2vcpu-tap-virtio", "suites/network"
    ),
    "libvirt-tpm": Moment(MOVED_BY_LIBVIRT, "libvirt-precopy-idle-bare-1vcpu-tpm-crb", "suites/tpm"),
    # An emulated host, in which this machine sees no QEMU of a cell.
    "emulated-boot": Moment(
        "before fixtures.hosts.emulated.boot:_examine",
        PLAIN,
        "suites/hotpatch",
        "emulated",
        has_directory=False,
    ),
    "emulated-guest": Moment(GUEST_BOOTS, PLAIN, "suites/hotpatch", "emulated"),
}
