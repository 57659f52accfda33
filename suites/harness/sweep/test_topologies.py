# SPDX-License-Identifier: Apache-2.0
"""What is said of a CPU model that shows other numbers of cores, and which guests it names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.sweep import topologies
from fixtures.sweep.sweep import Sweep
from fixtures.sweep.topologies import EVEN, ODD, topology_changes, topology_meaning

SWEEP = cast("Sweep", SimpleNamespace(old=SimpleNamespace(name="old"), new=SimpleNamespace(name="new")))
ASKED = {smp: name for name, smp in (ODD | EVEN).items()}


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the new build shows of each topology; of others it shows what the old build does, which is 3."""
    by_topology: dict[str, int] = {}

    def shown(_sweep: Any, build: Any, _machine_type: str, _model: str, smp: str) -> dict[str, int]:
        return {"EBX of leaf 0x1": by_topology.get(ASKED[smp], 3) if build.name == "new" else 3}

    monkeypatch.setattr(topologies, "_shown", shown)
    return by_topology


def _said(model: str = "Nehalem") -> str:
    phrases = list(topology_changes(SWEEP, "pc-q35-7.2", model))
    return f"{topology_meaning(model, phrases)}: {'; '.join(phrases)}" if phrases else ""


def test_builds_that_agree_are_not_asked_for_four_cores(changed: dict[str, int]) -> None:
    """Lose this and each run starts a third more machines."""
    changed["4 cores"] = 9
    assert _said() == ""


def test_three_cores_that_differ_hurt_guests_without_a_power_of_two(changed: dict[str, int]) -> None:
    """Lose this and a finding does not say which guests it is about, or says that it is about all."""
    changed["3 cores"] = 4
    assert _said() == (
        "a running guest with a CPU of Intel such as Nehalem and a number of cores that is no power of two "
        "is shown other CPUID leaves once it has moved: EBX of leaf 0x1 was 0x3 and is 0x4 with 3 cores"
    )


def test_four_cores_that_differ_hurt_all_guests_with_several(changed: dict[str, int]) -> None:
    """Lose this and users with 4 cores read that they are safe."""
    changed |= {"3 cores": 4, "4 cores": 4}
    assert "such as Nehalem and several cores is shown other CPUID leaves" in _said()
