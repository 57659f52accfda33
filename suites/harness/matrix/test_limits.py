# SPDX-License-Identifier: Apache-2.0
"""Which guests an accelerator itself breaks, and the cells that show that it still does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.matrix.cells import Cell
from fixtures.matrix.expansion import canaries, expand, promised_cells
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.limits import limits_of
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.nics import SPAPR_VLAN, VIRTIO
from fixtures.matrix.promises import Promise
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE

SHIPPED = load_matrix(MATRIX_FILE)
POWER = Cell("ppc64le", "pseries", "newest-old", "qmp", "precopy", "busy", "bare", 1)
X86 = Cell("x86_64", "q35", "newest-old", "qmp", "precopy", "busy", "bare", 2)
QUIET = replace(POWER, profile="idle", vcpus=2)
KEPT = replace(QUIET, mechanism="ignore-shared")
AT_ONCE: Mechanism = "postcopy-immediate"
ON_VLAN = GuestOptions(nic=SPAPR_VLAN)
VLAN = replace(POWER, profile="idle", mechanism=AT_ONCE, options=ON_VLAN)
NODES = GuestOptions(memory=MemoryOptions(nodes=2))
HURT = {
    "lost pages": (POWER, "7.2.22", "9.2.0", "pseries-7.2", "tcg-lost-dirty-pages"),
    "lost pages of round RAM": (
        *(replace(X86, round_memory=True), "7.2.22", "9.2.0", "pc-q35-7.2"),
        "tcg-lost-dirty-pages",
    ),
    "lost pages of round nodes": (
        *(replace(X86, round_memory=True, options=NODES), "7.2.22", "9.2.0", "pc-q35-7.2"),
        "tcg-lost-dirty-pages",
    ),
    "timer": (KEPT, "7.2.22", "7.2.22", "pseries-7.2", "tcg-decrementer"),
    "timer of the only vCPU": (VLAN, "10.0.2", "7.2.22", "pseries-7.2", "tcg-decrementer-of-one"),
    "timer with virtio": (
        *(replace(VLAN, options=GuestOptions(nic=VIRTIO)), "10.0.2", "7.2.22", "pseries-7.2"),
        "tcg-decrementer-of-one",
    ),
    "timer of a field guest": (
        *(
            replace(VLAN, hardware="pseries-libvirt", options=GuestOptions()),
            "5.2.0",
            "7.2.22",
            "pseries-5.2",
        ),
        "tcg-decrementer-of-one",
    ),
    "second vCPU": (replace(POWER, vcpus=2), "10.0.2", "10.0.13", "pseries-10.0", "tcg-second-vcpu"),
    "boot vCPU": (QUIET, "10.0.13", "11.1.3", "pseries-10.0,x-vof=on", "tcg-boot-vcpu"),
}
"""By name: cell, QEMU of the source and of the destination, machine type, limit."""
UNHURT = {
    "odd RAM": (X86, "7.2.22", "10.0.13", "pc-q35-7.2"),
    "odd nodes": (replace(X86, options=NODES), "7.2.22", "10.0.13", "pc-q35-7.2"),
    "mended source": (POWER, "9.0.0", "10.0.13", "pseries-7.2"),
    "nothing sent before postcopy": (
        *(replace(POWER, mechanism="postcopy-immediate"), "7.2.22", "10.0.13"),
        "pseries-7.2",
    ),
    "one vCPU": (replace(KEPT, vcpus=1), "7.2.22", "7.2.22", "pseries-7.2"),
    "no card": (replace(VLAN, options=GuestOptions()), "10.0.2", "7.2.22", "pseries-7.2"),
    "all devices": (
        replace(VLAN, hardware="devices", options=GuestOptions()),
        "10.0.2",
        "7.2.22",
        "pseries-7.2",
    ),
    "mended destination of the only vCPU": (VLAN, "7.2.22", "10.0.13", "pseries-7.2"),
    "mended destination": (KEPT, "7.2.22", "8.2.0", "pseries-7.2"),
    "newer machine type": (QUIET, "11.1.3", "11.1.3", "pseries-11.1"),
}
"""By name: cell, QEMU of the source and of the destination, machine type."""


def _limits(accelerator: str, cell: Cell, source: str, destination: str, machine_type: str) -> list[str]:
    guest = cell.guest(machine_type)
    found = limits_of(SHIPPED.limits, accelerator, guest, cell.mechanism, source, destination)
    return [limit.id for limit in found]


@pytest.mark.parametrize("case", HURT)
def test_guest_that_tcg_breaks_has_a_limit(case: str) -> None:
    """Lose this and an update is blamed for what TCG does to the suite's own guests."""
    cell, source, destination, machine_type, limit = HURT[case]
    assert _limits("tcg", cell, source, destination, machine_type) == [limit]
    assert _limits("kvm", cell, source, destination, machine_type) == []


@pytest.mark.parametrize("case", UNHURT)
def test_guest_beyond_a_limit_is_moved(case: str) -> None:
    """Lose this and guests that TCG moves well are not tested."""
    assert _limits("tcg", *UNHURT[case]) == []


def test_each_limit_has_one_slow_canary() -> None:
    """Lose this and a limit stays for ever, and hides what the next update breaks."""
    promise = Promise(
        "tap", path="qmp", mechanism=AT_ONCE, version="newest-old", options=ON_VLAN, nightly_on=("ppc64le",)
    )
    promised = promised_cells(SHIPPED, [promise])
    assert not set(promised) & set(expand(SHIPPED))
    cells = [*canaries(SHIPPED, expand(SHIPPED)), *canaries(SHIPPED, promised, promised=True)]
    assert sorted(cell.canary for cell in cells) == sorted(limit.id for limit in SHIPPED.limits)
    assert not any(cell.covering or cell.nightly for cell in cells)


def test_promise_that_no_limit_is_about_has_no_canary() -> None:
    """Lose this and each test of a promise gets a canary of each limit."""
    usual = Promise("usual", path="qmp", mechanism="precopy", version="newest-old")
    assert canaries(SHIPPED, promised_cells(SHIPPED, [usual]), promised=True) == []


def test_limit_that_concerns_no_cell_has_no_canary() -> None:
    """Lose this and a run of one architecture fails over a limit of the other."""
    found = canaries(SHIPPED, expand(SHIPPED, ["x86_64"]))
    assert [cell.canary for cell in found] == ["tcg-lost-dirty-pages"]


def test_limit_of_emulated_hosts_is_none_of_real_ones() -> None:
    """Lose this and a machine with KVM does not test what an emulated host cannot run."""
    limit = SHIPPED.limits[0].model_copy(
        update={"accelerator": "emulated", "source": None, "round_memory": False}
    )
    guest = X86.guest("pc-q35-10.0")
    found = {
        place: limits_of([limit], place, guest, "precopy", "10.0.13", "10.0.13")
        for place in ("emulated", "kvm")
    }
    assert found == {"emulated": [limit], "kvm": []}
