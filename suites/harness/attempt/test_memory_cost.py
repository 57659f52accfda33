# SPDX-License-Identifier: Apache-2.0
"""The figures that say what a move costs in memory."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.memory_cost import keeps_huge_pages, memory_figures
from fixtures.evidence.memory_cost import untouched_becomes_resident
from fixtures.hosts.footprint import Footprint
from fixtures.hosts.resident import Resident
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.mechanisms import Memory
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.outcome.costs import COSTS
from fixtures.path.interface import Move

pytestmark = pytest.mark.usefixtures("pages_of_4_kib")

MIB = 1024
"""In KiB."""
OWN = 40 * MIB


def _side(touched_mib: int, ram: str) -> Footprint:
    """A QEMU whose guest has 256 MiB of RAM in the memfd `ram`."""
    blocks = ((256 * MIB + 8, touched_mib * MIB),)
    return Footprint(0, 0, 0, 0, Resident(OWN, {ram: touched_mib * MIB}, blocks))


def _move(memory: Memory = "private", **sides: Footprint) -> Move:
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", beat_vcpu=0, memory=memory)
    source: Any = SimpleNamespace(spec=spec)
    before = sides.pop("before", None)
    footprints: Any = sides
    return Move("precopy", source, source, 1.0, 3.0, [], None, footprints=footprints, before=before)


def test_ram_of_both_is_what_a_move_costs() -> None:
    """Lose this and a host is filled by the updates of guests that touched a part of their memory."""
    seen = memory_figures(_move(before=_side(16, "1"), source=_side(256, "1"), destination=_side(256, "2")))
    assert seen == {
        "RAM MiB": 256.0,
        "RAM touched MiB": 16.0,
        "memory before MiB": 56.0,
        "RAM of both MiB": 512.0,
        "memory of both MiB": 592.0,
    }
    assert untouched_becomes_resident(seen["RAM touched MiB"], seen["RAM of both MiB"])


@pytest.mark.parametrize("memory", ["shared", "kept"])
def test_ram_that_both_share_counts_once(memory: Memory) -> None:
    """Lose this and the mechanisms that cost no memory seem to cost as much as the others."""
    seen = memory_figures(
        _move(memory, before=_side(16, "1"), source=_side(16, "1"), destination=_side(12, "1"))
    )
    assert (seen["RAM of both MiB"], seen["memory of both MiB"]) == (16.0, 96.0)
    assert not untouched_becomes_resident(seen["RAM touched MiB"], seen["RAM of both MiB"])


def test_copy_of_what_was_touched_is_not_reported() -> None:
    """Lose this and every move is reported, so that nobody reads it."""
    assert not untouched_becomes_resident(100, 210)
    assert untouched_becomes_resident(100, 217)


def test_path_that_does_not_see_both_has_no_such_figures() -> None:
    """Lose this and a move by libvirt, or on an emulated host, ends in a traceback."""
    unknown = Footprint(0, 0, 0, 0)
    assert memory_figures(_move(before=_side(16, "1"), destination=_side(16, "2"))) == {}
    assert memory_figures(_move(before=unknown, source=_side(1, "1"), destination=_side(1, "2"))) == {}
    assert memory_figures(_move(before=_side(1, "1"), source=unknown, destination=unknown)) == {}


HUGE = GuestOptions(memory=MemoryOptions("hugepages"))


@pytest.mark.parametrize("huge_mib,ram_mib,held", [(200, 200, True), (198, 200, False), (0, 0, False)])
def test_guest_keeps_its_huge_pages(huge_mib: int, ram_mib: int, held: bool) -> None:
    """Lose this and an update moves guests into ordinary pages, where they are slower."""
    blocks = ((256 * MIB, ram_mib * MIB),)
    seen = Footprint(0, 0, 0, 0, Resident(OWN, blocks=blocks, huge_kib=huge_mib * MIB))
    move = _move(destination=seen)
    assert list(keeps_huge_pages(move)) == []
    guest: Any = move.source
    guest.spec = replace(guest.spec, options=HUGE)
    (check,) = keeps_huge_pages(move)
    assert (bool(check), check.detail) == (
        held,
        f"{huge_mib} of {ram_mib} MiB of resident RAM are in huge pages",
    )


def test_memory_of_both_is_compared_with_the_control() -> None:
    """Lose this and an update that doubles what a move costs in memory is safe."""
    (cost,) = [cost for cost in COSTS if cost.name == "memory of both MiB"]
    assert cost.felt(700, 594)
    assert cost.felt(120, 60)
    assert not cost.felt(640, 594)
