# SPDX-License-Identifier: Apache-2.0
"""Cells: stable ids, a covering set that covers every pair of values, and markers to select by."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.errors import UsageError
from fixtures.matrix.cells import Cell, expand, short_selection
from fixtures.matrix.guest_devices import drivable
from fixtures.matrix.mechanisms import MECHANISMS, Mechanism, drives
from fixtures.matrix.promises import PROMISES
from fixtures.matrix.schema import Guests, MachineTypeChoice, Matrix, load_matrix
from fixtures.places import MATRIX_FILE, ROOT, SUITES
from fixtures.run.collecting import _is_about

SHIPPED = load_matrix(MATRIX_FILE)
PPC64LE_IDS = [
    f"ppc64le-{machine}.newest-old-{path}-{mechanism}-{profile}-{hardware}-{vcpus}vcpu"
    for machine, (path, mechanism), profile, hardware, vcpus in product(
        ("pseries", "pseries-vof"),
        [
            *product(["qmp"], SHIPPED.mechanisms),
            *product(["libvirt", "libvirt-direct"], ["precopy", "postcopy", "multifd"]),
        ],
        ("idle", "busy"),
        ("bare", "virtio"),
        (1, 2),
    )
]
PROMISED = [
    "precopy-idle-bare-1vcpu-one-daemon-refused",
    "precopy-idle-bare-1vcpu-one-host-uuid-refused",
    "precopy-idle-bare-1vcpu-machine-type-change-refused",
    "precopy-idle-bare-1vcpu-cpu-change-refused",
    "precopy-idle-virtio-1vcpu-device-change-refused",
    "precopy-idle-bare-1vcpu-events",
    "postcopy-idle-bare-1vcpu-events-of-postcopy",
    "precopy-busy-bare-1vcpu-job-statistics",
    "precopy-idle-bare-1vcpu-transient",
    "precopy-idle-bare-1vcpu-persistent-moves",
    "precopy-idle-bare-1vcpu-persistent-stays-defined",
    "precopy-idle-bare-1vcpu-restart-keeps-machine-type",
    "precopy-busy-bare-1vcpu-abort-of-precopy",
    "postcopy-busy-bare-1vcpu-abort-of-postcopy-refused",
    "precopy-busy-virtio-2vcpu-channels",
    "precopy-busy-bare-1vcpu-managed-save",
    "precopy-idle-bare-1vcpu-virsh-precopy",
    "postcopy-idle-bare-1vcpu-virsh-postcopy",
    "postcopy-idle-bare-1vcpu-virsh-postcopy-after-precopy",
    "postcopy-busy-bare-1vcpu-virsh-timeout-postcopy",
    "precopy-busy-bare-1vcpu-virsh-domjobinfo",
]
PROMISED_OF_CONVERGENCE = [
    "pseries.newest-old-qmp-precopy-busy-bare-1vcpu-precopy-is-hopeless",
    "pseries.newest-old-libvirt-precopy-busy-bare-1vcpu-precopy-is-hopeless",
    "pseries.newest-old-qmp-postcopy-busy-bare-1vcpu-postcopy-ends-it",
    "pseries.newest-old-libvirt-postcopy-busy-bare-1vcpu-postcopy-ends-it",
    "pseries-vof.newest-old-qmp-precopy-busy-bare-1vcpu-auto-converge-ends-it",
    "pseries-vof.newest-old-qmp-precopy-busy-bare-1vcpu-longer-downtime-ends-it",
    "pseries-vof.newest-old-qmp-precopy-busy-bare-1vcpu-xbzrle-ends-it",
    "pseries-vof.newest-old-qmp-multifd-busy-bare-1vcpu-multifd-zlib-ends-it",
    "pseries-vof.newest-old-qmp-multifd-busy-bare-1vcpu-multifd-zstd-ends-it",
    "pseries-vof.newest-old-qmp-precopy-busy-bare-1vcpu-dirty-limit-ends-it",
]


def row(cell: Cell) -> tuple[object, ...]:
    """The values of a cell's dimensions."""
    return (cell.machine, cell.path, cell.mechanism, cell.profile, cell.hardware, cell.vcpus)


def meetings(cells: list[Cell]) -> set[object]:
    """Every two values of two dimensions that meet in some cell."""
    return {pair for cell in cells for pair in combinations(enumerate(row(cell)), 2)}


def plain(cells: list[Cell]) -> list[Cell]:
    """The cells of the product, without those that stand apart for their memory or for a promise."""
    return [cell for cell in cells if not cell.round_memory and not cell.aspect]


def some(values: tuple[object, ...]) -> st.SearchStrategy[tuple[object, ...]]:
    """Some of `values`, none twice."""
    chosen = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return chosen.map(tuple)


guests = st.builds(
    Guests, profiles=some(("idle", "busy")), hardware=some(("bare", "virtio")), vcpus=some((1, 2, 3, 4))
)
machine_types = some(
    tuple(MachineTypeChoice(family="q35", version=v) for v in ("newest-old", "oldest-shared", "7.2"))
)
matrices = st.builds(
    lambda guests, machines, paths, mechanisms: SHIPPED.model_copy(
        update={
            "guests": guests,
            "machine_types": {"x86_64": machines},
            "paths": paths,
            "mechanisms": mechanisms,
        }
    ),
    guests,
    machine_types,
    some(("qmp", "libvirt", "libvirt-direct")),
    some(tuple(MECHANISMS)),
).filter(lambda matrix: all(any(drives(path, name) for path in matrix.paths) for name in matrix.mechanisms))


def test_ids_stay_what_they_are() -> None:
    """Lose this and known issues, rerun commands and the history of reports no longer find their cells."""
    promised = [f"ppc64le-pseries-vof.newest-old-libvirt-{name}" for name in PROMISED]
    promised.append("ppc64le-pseries.oldest-shared-qmp-precopy-idle-bare-1vcpu-oldest")
    promised.append("ppc64le-pseries.newest-old-qmp-precopy-idle-bare-1vcpu-reboots")
    promised += [f"ppc64le-{name}" for name in PROMISED_OF_CONVERGENCE]
    everything = "ppc64le-pseries.newest-old-qmp-precopy-idle-devices-1vcpu-drivers"
    promised += [everything, *(f"{everything}-{device}" for device in drivable("ppc64le"))]
    assert [cell.id for cell in expand(SHIPPED, ["ppc64le"])] == [*PPC64LE_IDS, *promised]


def test_every_promise_has_its_test() -> None:
    """Lose this and a promise is listed and never tried, or tried by a test that never runs."""
    text = "".join(file.read_text() for file in SUITES.glob("[!h]*/test_*.py"))
    tried = re.findall(r'@pytest\.mark\.promise\("([^"]+)"\)', text)
    assert sorted(tried) == sorted({promise.aspect for promise in PROMISES})


@pytest.mark.parametrize("path", sorted((SUITES / "libvirt").glob("test_*.py")), ids=lambda path: path.stem)
def test_every_test_of_libvirts_names_its_promise(path: Path) -> None:
    """Lose this and a test of one promise runs on every guest of the product."""
    tests = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    named = [ast.unparse(mark) for test in tests for mark in test.decorator_list]
    assert [name.partition("(")[0] for name in named] == ["pytest.mark.promise"] * len(tests)


PROMISED_CELL = Cell("x86_64", "q35", "newest-old", "libvirt", "precopy", "idle", "bare", 1, aspect="events")
PLAIN_CELL = replace(PROMISED_CELL, aspect="")


@pytest.mark.parametrize(
    "mark,about",
    [
        (pytest.mark.promise("events"), [PROMISED_CELL]),
        (pytest.mark.promise("transient"), []),
        (pytest.mark.guest(profile="idle"), [PLAIN_CELL]),
        (pytest.mark.guest(profile="busy"), []),
        (pytest.mark.x86_64, [PLAIN_CELL]),
    ],
    ids=["its promise", "another promise", "its guest", "another guest", "any guest"],
)
def test_test_gets_the_cells_that_it_is_about(mark: pytest.MarkDecorator, about: list[Cell]) -> None:
    """Lose this and a promise is tried on every guest, or each test of survival on the guests of promises."""
    test: Any = SimpleNamespace(
        get_closest_marker=lambda name: mark.mark if mark.name == name else None,
        iter_markers=lambda name: [mark.mark] if mark.name == name else [],
    )
    assert [cell for cell in (PROMISED_CELL, PLAIN_CELL) if _is_about(test, cell)] == about


def test_promises_are_tried_on_one_architecture_by_default() -> None:
    """Lose this and the default run tries on a slow architecture what does not depend on one."""
    promised = [cell for cell in expand(SHIPPED) if cell.aspect in {"events", "auto-converge-ends-it"}]
    assert {cell.arch for cell in promised if cell.covering} == {"x86_64"}


def test_convergence_is_tried_on_every_architecture() -> None:
    """Lose this and the default run does not show whether a busy ppc64le guest can be moved at all."""
    hopeless = [cell for cell in expand(SHIPPED) if cell.aspect == "precopy-is-hopeless" and cell.covering]
    assert {(cell.arch, cell.path) for cell in hopeless} == set(
        product(("x86_64", "ppc64le"), ("qmp", "libvirt"))
    )


def test_matrix_without_libvirt_has_none_of_its_promises() -> None:
    """Lose this and a user whose builds have no libvirt reads that twenty times."""
    alone = SHIPPED.model_copy(update={"paths": ("qmp",)})
    assert not {cell.path for cell in expand(alone)} - {"qmp"}
    assert not {"events", "transient", "channels"} & {cell.aspect for cell in expand(alone)}


def test_guest_with_one_device_is_a_slow_cell_of_its_own() -> None:
    """Lose this and the default run boots a guest for each device, or the guest has them all."""
    cells = [cell for cell in expand(SHIPPED, ["x86_64"]) if cell.only_device]
    assert not [cell for cell in cells if cell.covering]
    devices = [[device.name for device in cell.guest("a-machine").devices] for cell in cells]
    assert devices == [[device] for device in drivable("x86_64")]
    assert "nvme" in drivable("x86_64")


def test_only_a_guest_that_is_to_reboot_may() -> None:
    """Lose this and a guest that panics reboots and looks alive."""
    cells = expand(SHIPPED)
    assert {cell.aspect for cell in cells if cell.guest("a-machine").may_reboot} == {"reboots"}


def test_covering_set_stays_small() -> None:
    """Lose this and the default run takes as long as the full product."""
    covering = [cell for cell in plain(expand(SHIPPED, ["ppc64le"])) if cell.covering]
    assert len(covering) * 10 <= len(PPC64LE_IDS)


@settings(deadline=None)
@given(matrices)
def test_every_two_values_meet_in_the_covering_set(matrix: Matrix) -> None:
    """Lose this and the default run never tries, say, postcopy of an idle guest."""
    cells = plain(expand(matrix))
    assert meetings([cell for cell in cells if cell.covering]) == meetings(cells)


@settings(deadline=None)
@given(matrices)
def test_product_is_full_and_ids_unique(matrix: Matrix) -> None:
    """Lose this and two cells share a name, so one's result overwrites the other's."""
    cells, guests = expand(matrix), matrix.guests
    dimensions = (guests.profiles, guests.hardware, guests.vcpus)
    ways = [way for way in product(matrix.paths, matrix.mechanisms) if drives(*way)]
    whole = product(matrix.machine_types["x86_64"], ways, *dimensions)
    assert len(plain(cells)) == len(list(whole))
    assert len({cell.id for cell in cells}) == len(cells)


def test_mechanism_that_no_path_has_is_reported() -> None:
    """Lose this and a user's matrix runs nothing, and its verdict is `safe`."""
    matrix = SHIPPED.model_copy(update={"paths": ("libvirt",), "mechanisms": ("precopy", "cpr-transfer")})
    with pytest.raises(UsageError, match="no path has the mechanism 'cpr-transfer'"):
        expand(matrix)


PRINT_CELLS = """
from fixtures.matrix.cells import expand
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
print(expand(load_matrix(MATRIX_FILE)))
"""


def test_cells_are_the_same_in_every_process() -> None:
    """Lose this and xdist's workers disagree on what there is to run."""
    first, second = (
        subprocess.check_output(
            [sys.executable, "-c", PRINT_CELLS], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    )
    assert b"Cell(" in first
    assert first == second


@settings(deadline=None)
@given(matrices)
def test_ids_do_not_depend_on_the_covering_set(matrix: Matrix) -> None:
    """Lose this and a cell of the default run is another one under `-m slow`."""
    alone = matrix.model_copy(update={"mechanisms": matrix.mechanisms[:1]})
    assert {cell.id for cell in expand(alone)} <= {cell.id for cell in expand(matrix)}


def test_arch_narrows() -> None:
    """Lose this and `ARCH=ppc64le` runs everything, or nothing."""
    assert {cell.arch for cell in expand(SHIPPED, ["ppc64le"])} == {"ppc64le"}
    assert {cell.arch for cell in expand(SHIPPED)} == {"x86_64", "ppc64le"}


def test_marks_select_by_what_the_cell_is() -> None:
    """Lose this and `-m "postcopy and x86_64"` runs other cells than it says."""
    cell = Cell("x86_64", "q35", "newest-old", "qmp", "postcopy-preempt", "idle", "bare", 1)
    assert cell.marks == ("x86_64", "qmp", "postcopy")
    assert replace(cell, path="libvirt-direct").marks == ("x86_64", "libvirt", "postcopy")


def test_cell_beyond_the_covering_set_is_slow() -> None:
    """Lose this and the default run takes as long as the full product."""
    cells = expand(SHIPPED)
    assert {cell.covering for cell in cells} == {True, False}
    assert all(("slow" in cell.marks) is not cell.covering for cell in cells)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_marks_are_registered(mechanism: Mechanism, pytestconfig: pytest.Config) -> None:
    """Lose this and a mechanism that matrix.yaml allows ends the run while tests are collected."""
    known = {line.partition(":")[0].partition("(")[0] for line in pytestconfig.getini("markers")}
    cell = Cell("x86_64", "q35", "newest-old", "libvirt", mechanism, "idle", "bare", 1, covering=False)
    assert set(cell.marks) <= known


def test_short_selection_has_the_most_revealing_cell_of_each_arch() -> None:
    """Lose this and `make test` moves an idle guest without devices and calls it a proof."""
    chosen = short_selection(expand(SHIPPED))
    assert [(cell.arch, cell.mechanism, cell.subject) for cell in chosen] == [
        ("x86_64", "postcopy", "busy-virtio-1vcpu"),
        ("ppc64le", "postcopy", "busy-virtio-1vcpu"),
    ]


@settings(deadline=None)
@given(matrices)
def test_short_selection_is_one_cell_of_each_arch(matrix: Matrix) -> None:
    """Lose this and a user's own matrix leaves `make test` without a hot patch."""
    assert [cell.arch for cell in short_selection(expand(matrix))] == ["x86_64"]


def test_every_vcpu_of_an_idle_guest_sleeps_in_some_cell() -> None:
    """Lose this and the vCPU that beats, which never sleeps, is the only one that is tested."""
    precopy, postcopy = (
        Cell("x86_64", "q35", "newest-old", "qmp", mechanism, "idle", "bare", 2).guest("pc-q35-7.2")
        for mechanism in ("precopy", "postcopy")
    )
    assert {precopy.beat_vcpu, postcopy.beat_vcpu} == {0, 1}
