# SPDX-License-Identifier: Apache-2.0
"""The cells of this suite: which promise of docs/faults.md each one checks, and which a night runs."""

from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.names import Arch, Hardware, PathName
from fixtures.matrix.promises import Promise

FAULT = "fault-"
BY_LIBVIRT: tuple[PathName, ...] = ("libvirt", "libvirt-direct")
"""Peer-to-peer both daemons bring the move to its end. Direct, the client does, which may end otherwise."""
ALL_WAYS: tuple[PathName, ...] = ("qmp", *BY_LIBVIRT)
NIGHTLY: dict[tuple[PathName, Mechanism], tuple[str, ...]] = {
    ("qmp", "precopy"): (
        "destination-killed-in-set-up",
        "destination-out-of-memory-in-first-pass",
        "source-killed-in-later-pass",
        "channel-cut-in-set-up",
        "channel-stalled-in-switchover",
        "cancelled-in-first-pass",
        "peer-other-machine-type-in-set-up",
        "stream-changed-in-switchover",
    ),
    ("qmp", "multifd-tls"): ("channel-cut-in-first-pass",),
    ("qmp", "postcopy"): (
        "cancelled-in-postcopy",
        "destination-killed-in-recovery",
        "destination-out-of-memory-in-postcopy",
        "source-killed-in-postcopy",
        "source-killed-in-recovery",
        "channel-cut-in-recovery",
        "stream-changed-in-postcopy",
    ),
    ("qmp", "postcopy-tls"): ("channel-stalled-in-postcopy", "peer-not-trusted-in-recovery"),
    ("libvirt", "precopy"): (
        "source-killed-in-switchover",
        "channel-cut-in-later-pass",
        "channel-stalled-in-first-pass",
        "cancelled-in-set-up",
        "cancelled-in-switchover",
        "destination-daemon-killed-in-first-pass",
        "destination-daemon-restarted-in-switchover",
        "destination-daemon-stopped-in-first-pass",
        "destination-disk-full-in-first-pass",
        "source-daemon-killed-in-switchover",
        "source-daemon-stopped-in-first-pass",
        "stream-changed-in-first-pass",
        "stream-truncated-in-switchover",
        "second-move-in-first-pass",
    ),
    ("libvirt", "precopy-tls"): ("peer-not-trusted-in-set-up",),
    ("libvirt", "multifd-tls"): ("cancelled-in-later-pass",),
    ("libvirt", "postcopy"): (
        "destination-killed-in-postcopy",
        "destination-daemon-killed-in-postcopy",
        "source-daemon-stopped-in-postcopy",
    ),
    ("libvirt-direct", "precopy"): (
        "destination-killed-in-first-pass",
        "channel-cut-in-switchover",
        "destination-daemon-restarted-in-first-pass",
        "destination-daemon-stopped-in-switchover",
        "source-daemon-killed-in-first-pass",
        "client-killed-in-first-pass",
        "client-hung-in-switchover",
    ),
    ("libvirt-direct", "postcopy"): ("source-daemon-killed-in-postcopy", "client-killed-in-postcopy"),
}
"""By path and mechanism, the cells that a night runs on x86_64: each fault, where it differs by phase."""


def fault(
    aspect: str,
    path: PathName,
    mechanism: Mechanism,
    letter: str,
    *,
    vcpus: int = 1,
    hardware: Hardware = "bare",
    default_on: tuple[Arch, ...] = (),
) -> Promise:
    """A promise about a busy guest whose move breaks; `letter` is that of docs/faults.md."""
    nightly = aspect.removeprefix(FAULT) in NIGHTLY.get((path, mechanism), ())
    return Promise(
        aspect,
        path=path,
        mechanism=mechanism,
        profile="busy",
        hardware=hardware,
        vcpus=vcpus,
        default_on=default_on,
        nightly_on=("x86_64",) if nightly else (),
        letter=letter,
    )
