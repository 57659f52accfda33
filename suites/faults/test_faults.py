# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if something breaks while it is moved?

A move that fails must cost no guest its life, as far as QEMU promises that: see fixtures/attempt/faults.py.
"""

from functools import partial
from itertools import product, starmap

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.faults import Fault, Faults, Phase
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.names import Arch, PathName
from fixtures.matrix.promises import Promise, promise, promised
from suites.faults.cells import ALL_WAYS, BY_LIBVIRT, FAULT, fault

BY_HAND = frozenset({"channel-stalled", "cancelled"})
"""Faults after which the guest goes on once the move is cancelled; after others it does so by itself."""
CUT = "fault-channel-cut-in-postcopy"
DEFAULT = {"fault-destination-killed-in-switchover"}
PRECOPY: list[tuple[Fault, Phase]] = [
    ("destination-killed", "set-up"),
    ("channel-cut", "set-up"),
    ("channel-cut", "first-pass"),
    ("channel-cut", "later-pass"),
    ("channel-cut", "switchover"),
    ("destination-killed", "first-pass"),
    ("destination-killed", "later-pass"),
    ("destination-killed", "switchover"),
    ("destination-out-of-memory", "first-pass"),
    ("channel-stalled", "set-up"),
    ("channel-stalled", "first-pass"),
    ("channel-stalled", "later-pass"),
    ("channel-stalled", "switchover"),
    ("cancelled", "set-up"),
    ("cancelled", "first-pass"),
    ("cancelled", "later-pass"),
    ("cancelled", "switchover"),
]
"""What breaks, and in which phase."""
BROKEN = {f"{FAULT}{fault}-in-{phase}": (fault, phase) for fault, phase in PRECOPY}
NOT_BY_LIBVIRT = {
    "fault-cancelled-in-switchover",
    "fault-channel-stalled-in-switchover",
    "fault-destination-out-of-memory-in-first-pass",
}
"""libvirt continues the switchover by itself, and QEMU answers nothing while it sends the rest. The suite
bounds the memory of its own QEMUs only."""
KILLED, STARVED = "fault-destination-killed-in-postcopy", "fault-destination-out-of-memory-in-postcopy"
LOST: dict[str, Fault] = {KILLED: "destination-killed", STARVED: "destination-out-of-memory"}
OVER_TLS: list[tuple[Fault, Phase, Mechanism]] = [
    ("channel-stalled", "set-up", "precopy-tls"),
    ("channel-stalled", "set-up", "multifd-tls"),
    ("channel-cut", "set-up", "precopy-tls"),
    ("channel-cut", "first-pass", "multifd-tls"),
    ("channel-cut", "later-pass", "precopy-tls"),
    ("channel-cut", "switchover", "precopy-tls"),
    ("channel-stalled", "first-pass", "precopy-tls"),
    ("destination-killed", "first-pass", "multifd-tls"),
    ("cancelled", "later-pass", "multifd-tls"),
    ("channel-stalled", "set-up", "precopy-tls-psk"),
    ("channel-cut", "first-pass", "precopy-tls-psk"),
]
"""In set-up it is the handshake that breaks."""
OVER_TLS_BY_LIBVIRT: list[tuple[Fault, Phase, Mechanism]] = [
    ("channel-stalled", "set-up", "precopy-tls"),
    ("channel-cut", "set-up", "precopy-tls"),
    ("channel-cut", "first-pass", "precopy-tls"),
    ("channel-cut", "switchover", "precopy-tls"),
    ("destination-killed", "first-pass", "multifd-tls"),
    ("cancelled", "later-pass", "multifd-tls"),
]
"""VIR_MIGRATE_TLS: libvirt gives both QEMUs their credentials, and takes them away afterwards."""
SOURCE_KILLED: dict[str, Phase] = {
    "fault-source-killed-in-first-pass": "first-pass",
    "fault-source-killed-in-later-pass": "later-pass",
    "fault-source-killed-in-switchover": "switchover",
}


def _goes_on(path: PathName, aspect: str, mechanism: Mechanism = "precopy") -> Promise:
    default_on: tuple[Arch, ...] = ("x86_64",) if aspect in DEFAULT and path == "qmp" else ()
    letter = "B" if BROKEN[aspect][0] in BY_HAND else "A"
    return fault(aspect, path, mechanism, letter, default_on=default_on)


def _over_tls(path: PathName, broken: Fault, phase: Phase, mechanism: Mechanism) -> Promise:
    return _goes_on(path, f"{FAULT}{broken}-in-{phase}", mechanism)


@promised(starmap(partial(_over_tls, "libvirt"), OVER_TLS_BY_LIBVIRT))
@promised(starmap(partial(_over_tls, "qmp"), OVER_TLS))
@promised(starmap(_goes_on, product(BY_LIBVIRT, sorted(BROKEN.keys() - NOT_BY_LIBVIRT))))
@promised(_goes_on("qmp", aspect) for aspect in sorted(BROKEN))
def test_guest_of_a_broken_precopy_goes_on(
    cell: Cell, guest: Guest, faults: Faults, hot_patch: HotPatch
) -> None:
    """Lose this and a network or a host that fails during the move costs guests their lives."""
    guest.works()
    assert faults.strikes(*BROKEN[cell.aspect])
    assert guest.memory_is_intact()
    assert guest.constant_memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()


@promise(CUT, path="qmp", mechanism="postcopy", profile="busy", vcpus=2, letter="D")
@promise(CUT, path="qmp", mechanism="postcopy", default_on=(), letter="D")
@promise(CUT, path="qmp", mechanism="postcopy-tls", profile="busy", vcpus=2, default_on=(), letter="D")
@promised(fault(CUT, path, "postcopy", "D", vcpus=2) for path in BY_LIBVIRT)
def test_postcopy_recovers(guest: Guest, faults: Faults) -> None:
    """Lose this and a network that fails during a postcopy costs each guest on its way its life."""
    guest.works()
    assert faults.recovers_postcopy().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promised(fault(KILLED, path, "postcopy", "F") for path in ALL_WAYS)
@promised([fault(STARVED, "qmp", "postcopy", "F")])
def test_source_does_not_run_what_the_guest_has_left(cell: Cell, guest: Guest, faults: Faults) -> None:
    """Lose this and a guest whose destination died goes on with memory and disks of two times."""
    guest.works()
    assert faults.source_stays_stopped(LOST[cell.aspect])


@promised(fault("fault-source-killed-in-postcopy", path, "postcopy", "G") for path in ALL_WAYS)
def test_destination_pauses_without_its_source(guest: Guest, faults: Faults) -> None:
    """Lose this and a destination hangs, or ends, and whoever looks for the guest finds nothing."""
    guest.works()
    assert faults.destination_waits()


@promised(fault(aspect, path, "precopy", "C") for aspect, path in product(SOURCE_KILLED, ALL_WAYS))
def test_destination_does_not_run_a_part_of_a_guest(cell: Cell, guest: Guest, faults: Faults) -> None:
    """Lose this and a guest runs with half of its memory."""
    guest.works()
    assert faults.destination_does_not_run(SOURCE_KILLED[cell.aspect])
