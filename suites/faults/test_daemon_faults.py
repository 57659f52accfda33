# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if a daemon that moves it fails meanwhile, and its QEMU does not?"""

from itertools import product

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.daemon_faults import DaemonFaults
from fixtures.attempt.libvirt_faults import DaemonFault, DaemonPhase
from fixtures.attempt.restarted_daemon import RestartedDaemon
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promised
from suites.faults.cells import BY_LIBVIRT, fault

DAEMON: dict[str, tuple[DaemonFault, DaemonPhase]] = {
    "fault-source-daemon-killed-in-first-pass": ("killed", "first-pass"),
    "fault-source-daemon-killed-in-switchover": ("killed", "switchover"),
    "fault-source-daemon-stopped-in-first-pass": ("stopped", "first-pass"),
    "fault-source-daemon-stopped-in-switchover": ("stopped", "switchover"),
}
POSTCOPY: dict[str, DaemonFault] = {
    "fault-source-daemon-killed-in-postcopy": "killed",
    "fault-source-daemon-stopped-in-postcopy": "stopped",
}
THERE: dict[str, DaemonFault] = {
    "fault-destination-daemon-killed-in-postcopy": "killed",
    "fault-destination-daemon-stopped-in-postcopy": "stopped",
}
STARTED_AGAIN: dict[str, DaemonPhase] = {
    "fault-destination-daemon-restarted-in-first-pass": "first-pass",
    "fault-destination-daemon-restarted-in-switchover": "switchover",
}
LETTERS: dict[str, tuple[str, str]] = {
    "fault-source-daemon-killed-in-first-pass": ("Q", "Q"),
    "fault-source-daemon-killed-in-switchover": ("Q", "Q"),
    "fault-source-daemon-killed-in-postcopy": ("T", "T"),
    "fault-source-daemon-stopped-in-first-pass": ("R", "R"),
    "fault-source-daemon-stopped-in-switchover": ("R", "S"),
    "fault-source-daemon-stopped-in-postcopy": ("T", "U"),
}
"""What libvirt promises peer-to-peer, and direct, where only a client may know where the guest runs."""
LETTER = {
    (aspect, path): letter
    for aspect, letters in LETTERS.items()
    for path, letter in zip(BY_LIBVIRT, letters, strict=True)
}


@promised(fault(*each, "precopy", LETTER[each]) for each in product(DAEMON, BY_LIBVIRT))
def test_guest_goes_on_without_the_daemon_of_its_source(
    cell: Cell, guest: Guest, daemon_faults: DaemonFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a daemon that is updated or crashes costs the guests that it moves their lives."""
    guest.works()
    assert daemon_faults.in_precopy(*DAEMON[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(fault(*each, "postcopy", LETTER[each], vcpus=2) for each in product(POSTCOPY, BY_LIBVIRT))
def test_postcopy_outlives_the_daemon_of_its_source(
    cell: Cell, guest: Guest, daemon_faults: DaemonFaults
) -> None:
    """Lose this and a daemon that fails in a postcopy has guests lost, or run with memory of two times."""
    guest.works()
    assert daemon_faults.in_postcopy(POSTCOPY[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()


@promised(fault(*each, "postcopy", "T", vcpus=2) for each in product(THERE, BY_LIBVIRT))
def test_postcopy_outlives_the_daemon_of_its_destination(
    cell: Cell, guest: Guest, daemon_faults: DaemonFaults
) -> None:
    """Lose this and a daemon that is updated where a guest arrives tears it in two."""
    guest.works()
    assert daemon_faults.at_destination_in_postcopy(THERE[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()


@promised(fault(*each, "precopy", "Y") for each in product(STARTED_AGAIN, BY_LIBVIRT))
def test_daemon_that_is_started_again_ends_what_has_arrived(
    cell: Cell, guest: Guest, restarted_daemon: RestartedDaemon, hot_patch: HotPatch
) -> None:
    """Lose this and a daemon that is updated where guests arrive has them lost, or running twice."""
    guest.works()
    assert restarted_daemon.at_destination(STARTED_AGAIN[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()
