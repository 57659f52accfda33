# SPDX-License-Identifier: Apache-2.0
"""What becomes of guests with a card on a user network if a QEMU has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from fixtures.errors import Unsupported
from fixtures.machine.probe import Probe
from fixtures.matrix.cells import Cell
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import Hardware
from fixtures.qualify.user_network import with_possible_network
from suites.harness.support.scripted_attempts import CELL, probe

HAS = probe("pc-q35-7.2")
LACKS = replace(HAS, has_user_network=False)
VIRTIO = replace(CELL, hardware="virtio")


def names(cell: Cell) -> list[str]:
    """The devices of its guest."""
    return [device.name for device in cell.guest("pc-q35-7.2").devices]


@pytest.mark.parametrize("probes", [{"old": LACKS, "new": HAS}, {"old": HAS, "new": LACKS}])
def test_guest_goes_without_its_card(probes: Mapping[str, Probe]) -> None:
    """Lose this and no guest of a distribution without libslirp starts at all."""
    cell, why = with_possible_network(VIRTIO, probes)
    assert set(names(VIRTIO)) - set(names(cell)) == {"net"}
    lacks = next(name for name, its in probes.items() if its is LACKS)
    assert why == (
        f"its guest has no network card on a user network: build {lacks} has no `-netdev user`, "
        "because it is built without libslirp"
    )


def test_guest_keeps_its_card_where_both_have_libslirp() -> None:
    """Lose this and no guest has a network card, and nobody sees it."""
    assert with_possible_network(VIRTIO, {"old": HAS, "new": HAS}) == (VIRTIO, "")


def test_guest_without_a_card_is_as_it_was() -> None:
    """Lose this and the reason of every cell speaks of a card that its guest never had."""
    bare = replace(CELL, hardware="bare")
    assert with_possible_network(bare, {"old": LACKS, "new": LACKS}) == (bare, "")


@pytest.mark.parametrize("hardware, device", [("devices", "e1000"), ("managed", "")])
def test_cell_about_the_card_is_unsupported(hardware: Hardware, device: str) -> None:
    """Lose this and a cell about a network card passes with a guest that has none."""
    about = replace(CELL, hardware=hardware, only_device=device)
    with pytest.raises(Unsupported, match=r"^build old has no `-netdev user`, "):
        with_possible_network(about, {"old": LACKS, "new": HAS})


def test_guest_that_keeps_its_card_is_the_usual_one() -> None:
    """Lose this and the cards of all guests depend on an option that no cell sets."""
    spec = GuestSpec("x86_64", "pc-q35-7.2", 1, "busy", "virtio", 0)
    assert "net" in spec.device_names
