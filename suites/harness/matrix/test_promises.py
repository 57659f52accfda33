# SPDX-License-Identifier: Apache-2.0
"""Promises: the cells of what a test asks beside the usual survival."""

from dataclasses import replace

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.expansion import promised_cells
from fixtures.matrix.guest_devices import drivable
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.names import PathName
from fixtures.matrix.promises import WAYS, Promise, promise_each_way
from suites.harness.support.promise_samples import EVERYWHERE, ONCE, UNDER_KVM
from suites.harness.support.scripted_attempts import SHIPPED


def test_promise_is_the_end_of_its_cells_id() -> None:
    """Lose this and known issues no longer find the cells of promises."""
    ids = [cell.id for cell in promised_cells(SHIPPED, [ONCE, EVERYWHERE], ["ppc64le"])]
    assert ids == [
        "ppc64le-pseries-vof.newest-old-libvirt-precopy-idle-bare-1vcpu-asked",
        "ppc64le-pseries.newest-old-qmp-postcopy-busy-bare-1vcpu-asked",
    ]


def test_promises_are_tested_on_one_architecture_by_default() -> None:
    """Lose this and the default run tests on a slow architecture what does not depend on one."""
    cells = promised_cells(SHIPPED, [ONCE])
    assert {cell.arch: cell.covering for cell in cells} == {"x86_64": True, "ppc64le": False}


def test_promise_with_a_version_is_tested_on_every_architecture() -> None:
    """Lose this and nobody knows by default whether a busy ppc64le guest can be moved at all."""
    cells = promised_cells(SHIPPED, [EVERYWHERE])
    assert {cell.arch: cell.covering for cell in cells} == {"x86_64": True, "ppc64le": True}


def test_power_has_no_cell_for_registers_of_x86() -> None:
    """Lose this and each run on POWER begins a guest only to say that its CPU has no AVX."""
    with_avx = replace(ONCE, options=GuestOptions(avx=True))
    assert [cell.arch for cell in promised_cells(SHIPPED, [with_avx])] == ["x86_64"]


def test_slow_promise_is_not_in_the_default_run() -> None:
    """Lose this and the default run waits minutes for one promise."""
    assert not [cell for cell in promised_cells(SHIPPED, [replace(EVERYWHERE, slow=True)]) if cell.covering]


def test_promise_of_the_night_keeps_its_cell_out_of_the_default_run() -> None:
    """Lose this and a check that left the default run is no longer made at night either."""
    cells = promised_cells(SHIPPED, [replace(EVERYWHERE, nightly_on=("ppc64le",))])
    assert {cell.arch: (cell.covering, cell.nightly) for cell in cells} == {
        "x86_64": (True, False),
        "ppc64le": (False, True),
    }


def test_each_way_is_a_cell_and_few_are_in_the_default_run() -> None:
    """Lose this and a second move is tried in one way only, or the default run takes all of them."""

    @promise_each_way("again", {("qmp", "precopy", "idle"): ("ppc64le",)})
    def test() -> None:
        """A test with promises."""

    promises = [mark.args[0] for mark in getattr(test, "pytestmark", [])]
    cells = promised_cells(SHIPPED, promises)
    assert {(cell.arch, cell.path, cell.mechanism, cell.profile) for cell in cells} == {
        (arch, *way) for arch in SHIPPED.machine_types for way in WAYS
    }
    assert [cell.id for cell in cells if cell.covering] == [
        "ppc64le-pseries-vof.newest-old-qmp-precopy-idle-virtio-1vcpu-again"
    ]


def test_matrix_without_libvirt_has_none_of_its_promises() -> None:
    """Lose this and a user whose builds have no libvirt gets twenty cells about it."""
    alone = SHIPPED.model_copy(update={"paths": ("qmp",)})
    assert {cell.path for cell in promised_cells(alone, [ONCE, EVERYWHERE])} == {"qmp"}


def test_guest_with_one_device_is_a_slow_cell_of_its_own() -> None:
    """Lose this and the default run boots a guest for each device, or the guest has them all."""
    drivers = replace(EVERYWHERE, hardware="devices", each_device=True)
    _everything, *cells = promised_cells(SHIPPED, [drivers], ["x86_64"])
    assert not [cell for cell in cells if cell.covering]
    devices = [[device.name for device in cell.guest("a-machine").devices] for cell in cells]
    assert devices == [[device] for device in drivable("x86_64")]
    assert "nvme" in drivable("x86_64")


def test_only_a_guest_that_is_to_reboot_may() -> None:
    """Lose this and a guest that panics reboots and looks alive."""
    reboots = replace(ONCE, aspect="reboots", options=GuestOptions(may_reboot=True))
    cells = promised_cells(SHIPPED, [ONCE, reboots], ["x86_64"])
    assert [cell.guest("a-machine").options.may_reboot for cell in cells] == [False, True]


def test_cell_that_needs_kvm_is_selected_by_it() -> None:
    """Lose this and `-m kvm` runs nothing, or a cell about KVM of one architecture runs on the other."""
    assert ["kvm" in cell.marks for cell in promised_cells(SHIPPED, [UNDER_KVM])] == [True]
    assert not any("kvm" in cell.marks for cell in promised_cells(SHIPPED, [ONCE]))


@pytest.mark.parametrize("aspect,needs_kvm", [("clock", True), ("kvm-clock", False)])
def test_name_of_a_promise_says_that_it_needs_kvm(aspect: str, needs_kvm: bool) -> None:
    """Lose this and the controller of a run prepares no emulated host for cells that need one."""
    with pytest.raises(UsageError, match="begin with 'kvm-' if, and only if, they need KVM"):
        Promise(aspect, path="qmp", mechanism="precopy", needs_kvm=needs_kvm)


MEMFD = MemoryOptions("memfd")


@pytest.mark.parametrize("mechanism", ["ignore-shared", "cpr-transfer"])
def test_memory_of_its_own_needs_a_way_that_can_give_it(mechanism: Mechanism) -> None:
    """Lose this and a cell about a guest with a memfd moves a guest that has none, and passes."""
    with pytest.raises(UsageError, match="no such `memory` here: this mechanism brings its own RAM"):
        Promise("m", path="qmp", mechanism=mechanism, options=GuestOptions(memory=MEMFD))


@pytest.mark.usefixtures("pages_of_4_kib")
@pytest.mark.parametrize("path,kib", [("qmp", 262152), ("libvirt", 262144)])
def test_libvirt_makes_memory_in_whole_mib(path: PathName, kib: int) -> None:
    """Lose this and the guest's RAM is passed through to QEMU, and libvirt's elements are not tested."""
    options = GuestOptions(memory=MEMFD)
    (cell,) = promised_cells(
        SHIPPED, [replace(ONCE, path=path, mechanism="precopy", options=options)], ["x86_64"]
    )
    assert cell.guest("a-machine").memory_kib == kib
