# SPDX-License-Identifier: Apache-2.0
"""Which subjects of a sweep does a quick run try?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.machine.probe import MachineType
from fixtures.matrix.schema import load_matrix
from fixtures.matrix.support import load_support
from fixtures.matrix.sweep_plan import plans_of
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.sweep.machines import shared_types
from fixtures.sweep.quick import ends_of, quickly_wanted
from fixtures.sweep.sweep import Sweep

FIELD = load_support("field")
PLAN = plans_of(load_matrix(MATRIX_FILE), ["x86_64"])[0]
TYPES = [MachineType(f"pc-q35-{version}", "", False) for version in ("2.9", "7.2", "5.0")]


@pytest.mark.parametrize(
    "machine, subject, wanted",
    [
        ("pc-q35-7.2", "device:virtio-net-pci", True),
        ("pc-q35-7.2", "device:dc390", False),
        ("q35", "sees:e1000", True),
        ("pc-q35-7.2", "machine", True),
        ("q35", "properties", False),
        ("pc-q35-7.2", "random:", False),
        ("pc-q35-7.2", "cpu:Haswell", False),
        ("pc-q35-7.2", "cpu-features:Haswell", True),
    ],
)
def test_quick_sweep_tries_what_is_supported(machine: str, subject: str, wanted: bool) -> None:
    """Lose this and `--quick` takes minutes, or leaves out a device that most guests have."""
    assert quickly_wanted(FIELD, "x86_64", machine, subject) is wanted


def test_quick_sweep_tries_the_ends_of_a_family(tmp_path: Path) -> None:
    """Lose this and a quick run starts full machines of some forty types."""
    probe = SimpleNamespace(machine_types=TYPES, offers=lambda _name: True)
    sweep = Sweep(PLAN, cast("PairUnderTest", None), tmp_path, "suites/compat/test_x.py::test", str)
    cast("Any", sweep).probes = (probe, probe)
    assert shared_types(sweep, "q35") == ["pc-q35-7.2", "pc-q35-5.0", "pc-q35-2.9"]
    quick = replace(sweep, quick=FIELD)
    cast("Any", quick).probes = (probe, probe)
    assert shared_types(quick, "q35") == ["pc-q35-7.2", "pc-q35-2.9"]


def test_family_of_one_type_has_it_once() -> None:
    """Lose this and a quick sweep keeps two results of one machine type."""
    assert ends_of(["pc-7.2"]) == ["pc-7.2"]
