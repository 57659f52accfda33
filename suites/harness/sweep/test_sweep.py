# SPDX-License-Identifier: Apache-2.0
"""Which device of a failing crowd is blamed, and which changes of a CPU model are reported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from fixtures.matrix.schema import load_matrix
from fixtures.matrix.sweep_plan import plans_of
from fixtures.outcome.outcome import Outcome
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.sweep.cpu_facts import CpuFacts, differences
from fixtures.sweep.device_models import DeviceModel
from fixtures.sweep.devices import CROWD, _crowds_of, blamed_by, mention_crash
from fixtures.sweep.mixes import MixSweep
from fixtures.sweep.recipes import Device, devices_of
from fixtures.sweep.sweep import Sweep
from suites.harness.support.report_samples import make_swept

DEVICES = devices_of(
    [DeviceModel("e1000", "PCI", ""), DeviceModel("amd-iommu", "System", ""), DeviceModel("nvme", "PCI", "")]
)
PCI = [{"devices": [{"slot": 3, "function": 0, "qdev_id": "d2"}, {"slot": 31, "function": 0, "qdev_id": ""}]}]


def _models(devices: list[Device]) -> list[str]:
    return [device.model for device in devices]


@pytest.mark.parametrize(
    "words, blamed",
    [
        ("-device e1000,id=d0,netdev=nd0: no such thing", ["e1000"]),
        ("State blocked by non-migratable device 'amd-iommu'", ["amd-iommu"]),
        ("State blocked by non-migratable device '0000:00:03.0/nvme'", ["nvme"]),
        ("error while loading state of device 'pci@800000020000000:03.0/nvme'", ["nvme"]),
        ("error while loading state of device '0000:00:1f.0/ich9'", []),
        ("load of migration failed", []),
    ],
)
def test_device_that_qemu_names_is_judged_first(words: str, blamed: list[str]) -> None:
    """Lose this and every failure costs a bisection."""
    assert _models(blamed_by(words, DEVICES, PCI)) == blamed


def test_crowds_are_of_one_kind_and_not_too_large() -> None:
    """Lose this and a machine has more devices than slots, or options that only one device needs."""
    models = [DeviceModel(f"m{place}", "PCI", "") for place in range(CROWD + 5)]
    models += [DeviceModel("nvdimm", "", ""), DeviceModel("vfio-pci", "PCI", "")]
    sizes = sorted((len(crowd), crowd[0].recipe.machine) for crowd in _crowds_of(devices_of(models)))
    assert sizes == [(1, ""), (1, ",nvdimm=on"), (5, ""), (CROWD, "")]


def test_machine_type_that_never_moves_has_no_mixes(tmp_path: Path) -> None:
    """Lose this and an update that breaks a whole machine type ends in an error of the suite."""
    plan = plans_of(load_matrix(MATRIX_FILE))[0]
    sweep = Sweep(plan, cast("PairUnderTest", None), tmp_path, "suites/compat/test_x.py::test", str)
    MixSweep(sweep, "pseries-7.2", [], 20).run()
    assert sweep.cells == []


def _facts(alias_of: str = "", features: Mapping[str, Any] | None = None, *, safe: bool = True) -> CpuFacts:
    return CpuFacts(alias_of, safe, features or {})


def _with_cache(legacy: str, *, level: int) -> CpuFacts:
    return _facts(features={"legacy-cache": legacy == "on", "level": level, "xlevel": 0})


@pytest.mark.parametrize(
    "old, new, changes",
    [
        (_facts("a-v1"), _facts("a-v1"), []),
        (_facts("a-v1"), _facts("a-v2"), ["it was a-v1 and is a-v2"]),
        (_facts(features={"avx": True}), _facts(features={"avx": False}), ["avx was on and is off"]),
        (_facts(features={"avx": True}), _facts(), ["avx was on and is off"]),
        (_facts(), _facts(features={"new-flag": True}), ["new-flag was off and is on"]),
        (_facts(), _facts(features={"new-flag": False}), []),
        (_facts(), _facts(features={"legacy-cache": True}), []),
        (_with_cache("on", level=3), _with_cache("off", level=3), []),
        (_with_cache("on", level=4), _with_cache("off", level=4), ["legacy-cache was on and is off"]),
        (_facts(features={"full-cpuid-auto-level": True}), _facts(), []),
        (
            _facts(features={"x-level": True}),
            _facts(features={"x-level": False}),
            ["x-level was on and is off"],
        ),
        (_facts(), _facts(features={"module-id": -1}), []),
        (_facts(features={"level": 13}), _facts(features={"level": 14}), ["level was 13 and is 14"]),
        (_facts(features={"avx": True}, safe=False), _facts(safe=False), []),
    ],
)
def test_change_of_a_cpu_model_is_reported(old: CpuFacts, new: CpuFacts, changes: list[str]) -> None:
    """Lose this and the processor changes under a guest, or a new compatibility property is a false alarm."""
    assert differences(old, new) == changes


def test_every_portion_has_an_id_of_its_own() -> None:
    """Lose this and one portion's results are taken for another's."""
    matrix = load_matrix(MATRIX_FILE)
    plans = plans_of(matrix)
    assert len({plan.id for plan in plans}) == len(plans)
    assert {plan.arch for plan in plans_of(matrix, ["ppc64le"])} == {"ppc64le"}


CRASHED = "migrate: qemu ended with exit status N"


@pytest.mark.parametrize("signature,said", [("", True), (CRASHED, False)], ids=["lost", "found"])
def test_crash_of_a_crowd_that_nobody_repeats_is_not_lost(signature: str, said: bool) -> None:
    """Lose this and a crash that struck by chance leaves no trace, because each device passes alone."""
    cells = [make_swept("pc-q35-7.2", f"device:{name}") for name in ("a", "b")]
    cells[0].runs[0].signature = signature
    mention_crash("2 devices: exit status 139", cells)
    assert ("crashed once" in cells[1].reason) == said


NODEID = "suites/compat/test_sweeps.py::test_every_machine_type_moves[x86_64-machines]"


def test_sweep_that_a_build_cannot_do_is_one_unsupported_cell(tmp_path: Path) -> None:
    """Lose this and a new build without the QEMU of an architecture is an error of the suite."""
    plan = plans_of(load_matrix(MATRIX_FILE))[0]
    sweep = Sweep(plan, cast("PairUnderTest", None), tmp_path, NODEID, str, wanted="device:none")
    sweep.keep_unsupported("build new has no QEMU for x86_64")
    (cell,) = sweep.cells
    assert (cell.outcome, cell.id) == (Outcome.UNSUPPORTED, "compat/x86_64-machines")
