# SPDX-License-Identifier: Apache-2.0
"""How what differs on the machine types of a family becomes one cell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.outcome.outcome import Outcome
from fixtures.still.machine import StillFailure
from fixtures.still.shown import Shown
from fixtures.sweep import compat_properties
from fixtures.sweep.compat_properties import Comparison
from fixtures.sweep.device_models import DeviceModel
from fixtures.sweep.full_machine import FullMachines
from fixtures.sweep.recipes import devices_of
from fixtures.sweep.sweep import Sweep

TYPES = ("pc-q35-9.0", "pc-q35-8.2", "pc-q35-7.2")
(DISK,) = devices_of([DeviceModel("virtio-blk-pci", "PCI", "")])


def _comparison(full: Any = None) -> Comparison:
    sweep = cast("Sweep", SimpleNamespace(arch="x86_64", old=None, new=None))
    return Comparison(sweep, "q35", TYPES, cast("FullMachines", full))


def _shown(queues: list[int]) -> Shown:
    return Shown("", [], {}, {}, {DISK.id: queues})


def test_only_the_newest_and_the_oldest_type_are_asked_for_their_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lose this and a run with new builds takes minutes more, or old machine types are never looked at."""
    said = "EBX of leaf 0x1 was 0x3 and is 0x4 with 3 cores"
    monkeypatch.setattr(compat_properties, "compared_models", lambda _sweep: ["Nehalem"])
    monkeypatch.setattr(compat_properties, "topology_changes", lambda *_: [said])
    comparison = _comparison()
    comparison.compare(comparison.topologies)
    judged = comparison.judged("cpuid:Nehalem")
    assert judged.outcome is Outcome.REGRESSION
    assert judged.reason.endswith(f"once it has moved: {said} on pc-q35-7.2 and pc-q35-9.0")


def test_type_whose_cores_could_not_be_read_was_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a CPU model passes, although a machine with three such cores does not even start."""

    def topology_changes(_sweep: object, machine_type: str, _model: str) -> list[str]:
        if machine_type == TYPES[-1]:
            raise StillFailure("hang", "the reset did not come")
        return []

    monkeypatch.setattr(compat_properties, "compared_models", lambda _sweep: ["Nehalem"])
    monkeypatch.setattr(compat_properties, "topology_changes", topology_changes)
    comparison = _comparison()
    comparison.compare(comparison.topologies)
    assert comparison.compared == {"cpuid:Nehalem": [TYPES[0]]}
    assert comparison.failed == {TYPES[-1]: "hang: the reset did not come"}


def test_other_queues_on_all_types_are_one_finding() -> None:
    """Lose this and a virtio device whose queues have changed has no cell, or passes."""
    pair = (_shown([256]), _shown([1024]))
    comparison = _comparison(SimpleNamespace(shown=lambda _type, **_: [([DISK], pair)]))
    comparison.compare(comparison.shown)
    judged = comparison.judged("queues:virtio-blk")
    assert judged.outcome is Outcome.REGRESSION
    change = "queue 0 had 256 entries and has 1024 on all 3 machine types, pc-q35-7.2 to pc-q35-9.0"
    assert judged.reason.startswith("a guest that boots under the new build has larger queues of virtio-blk")
    assert judged.reason.endswith(change)
