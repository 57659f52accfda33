# SPDX-License-Identifier: Apache-2.0
"""Cells: stable ids, a covering set that covers every pair of values, and markers to select by."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.errors import UsageError
from fixtures.matrix.cell_ids import cell_named
from fixtures.matrix.cells import Cell
from fixtures.matrix.expansion import expand, promised_cells, short_selection
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.mechanisms import MECHANISMS, Mechanism, drives
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.schema import Guests, MachineTypeChoice, Matrix, load_matrix
from fixtures.places import MATRIX_FILE, ROOT
from suites.harness.support.promise_samples import EVERYWHERE, ONCE, UNDER_KVM

SHIPPED = load_matrix(MATRIX_FILE)
PPC64LE_IDS = [
    f"ppc64le-{machine}.newest-old-{path}-{mechanism}-{profile}-{hardware}-{vcpus}vcpu"
    for machine, (path, mechanism), profile, hardware, vcpus in product(
        ("pseries", "pseries-vof"),
        [
            *product(["qmp"], SHIPPED.mechanisms),
            *product(["libvirt", "libvirt-direct"], ["precopy", "postcopy", "postcopy-immediate", "multifd"]),
        ],
        ("idle", "busy"),
        ("bare", "virtio"),
        (1, 2),
    )
]


def row(cell: Cell) -> tuple[object, ...]:
    """The values of a cell's dimensions."""
    return (cell.machine, cell.path, cell.mechanism, cell.profile, cell.hardware, cell.vcpus)


def meetings(cells: list[Cell]) -> set[object]:
    """Every two values of two dimensions that meet in some cell."""
    return {pair for cell in cells for pair in combinations(enumerate(row(cell)), 2)}


def plain(cells: list[Cell]) -> list[Cell]:
    """The cells of the product, without those that stand apart for their memory."""
    return [cell for cell in cells if not cell.round_memory]


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
    assert [cell.id for cell in expand(SHIPPED, ["ppc64le"])] == PPC64LE_IDS


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
from fixtures.matrix.expansion import expand
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


def test_guest_that_an_emulated_host_is_too_slow_for_stays_on_this_machine() -> None:
    """Lose this and a default run waits minutes for a guest whose slow host may silence it."""
    cell = Cell("ppc64le", "pseries", "newest-old", "qmp", "precopy", "idle", "devices", 1)
    assert cell.stays_here
    small = replace(cell, hardware="virtio")
    assert not small.stays_here
    assert replace(small, aspect="reboots").stays_here
    assert replace(small, options=GuestOptions(memory=MemoryOptions("hugepages"))).needs_this_machine
    assert replace(small, profile="busy", aspect="precopy-is-hopeless").stays_here


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


@settings(deadline=None)
@given(matrices)
def test_id_names_its_cell(matrix: Matrix) -> None:
    """Lose this and a run under xdist prepares for other cells than its workers have collected."""
    promises = [replace(ONCE, hardware="devices", each_device=True), EVERYWHERE, UNDER_KVM]
    for cell in [*expand(matrix), *promised_cells(matrix, promises)]:
        named = cell_named(cell.id)
        assert named is not None
        assert (named.id, row(named), named.arch, named.subject, named.needs_kvm) == (
            *(cell.id, row(cell), cell.arch, cell.subject, cell.needs_kvm),
        )


@pytest.mark.parametrize(
    "name",
    ["", "x86_64", "x86_64-devices-1of2", "x86_64-q35.newest-old-qmp-precopy"],
    ids=["none", "architecture", "sweep", "half"],
)
def test_other_id_names_no_cell(name: str) -> None:
    """Lose this and a self-test of the suite counts as a cell."""
    assert cell_named(name) is None
