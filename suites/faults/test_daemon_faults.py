# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest if a daemon that moves it fails meanwhile, and its QEMU does not?"""

from itertools import product

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.daemon_faults import DaemonFaults
from fixtures.attempt.libvirt_faults import DaemonFault, DaemonPhase
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import Promise, promised

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
WAYS: tuple[PathName, ...] = ("libvirt", "libvirt-direct")


@promised(
    Promise(aspect, path=path, mechanism="precopy", profile="busy", default_on=())
    for aspect, path in product(DAEMON, WAYS)
)
def test_guest_goes_on_without_the_daemon_of_its_source(
    cell: Cell, guest: Guest, daemon_faults: DaemonFaults, hot_patch: HotPatch
) -> None:
    """Lose this and a daemon that is updated or crashes costs the guests that it moves their lives."""
    guest.works()
    assert daemon_faults.in_precopy(*DAEMON[cell.aspect])
    assert guest.memory_is_intact()
    assert hot_patch().runs_on_new_build
    assert guest.memory_is_intact()


@promised(
    Promise(aspect, path=path, mechanism="postcopy", profile="busy", vcpus=2, default_on=())
    for aspect, path in product(POSTCOPY, WAYS)
)
def test_postcopy_outlives_the_daemon_of_its_source(
    cell: Cell, guest: Guest, daemon_faults: DaemonFaults
) -> None:
    """Lose this and a daemon that fails in a postcopy has guests lost, or run with memory of two times."""
    guest.works()
    assert daemon_faults.in_postcopy(POSTCOPY[cell.aspect]).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()


@promised(
    Promise(
        "fault-destination-daemon-killed-in-postcopy",
        path=path,
        mechanism="postcopy",
        profile="busy",
        vcpus=2,
        default_on=(),
    )
    for path in WAYS
)
def test_postcopy_outlives_the_daemon_of_its_destination(guest: Guest, daemon_faults: DaemonFaults) -> None:
    """Lose this and a daemon that is updated where a guest arrives tears it in two."""
    guest.works()
    assert daemon_faults.at_destination_in_postcopy().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
