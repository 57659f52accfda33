# SPDX-License-Identifier: Apache-2.0
"""What becomes of a field guest whose manager gives it SPICE, if the old build has none."""

from __future__ import annotations

from dataclasses import replace

from fixtures.matrix.field_cells import field_cells
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE
from fixtures.qualify.spice import with_possible_spice
from suites.harness.support.scripted_attempts import probe

HAS = probe("pc-q35-7.2")
LACKS = replace(HAS, has_spice=False)
CELLS = {cell.hardware: cell for cell in field_cells(load_matrix(MATRIX_FILE))}


def test_guest_has_spice_where_the_old_build_has_it() -> None:
    """Lose this and no guest has SPICE, and nobody sees it."""
    assert with_possible_spice(CELLS["virt-install"], "old", HAS) == (CELLS["virt-install"], "")


def test_guest_of_a_build_without_spice_has_vnc() -> None:
    """Lose this and no guest of virt-install starts on RHEL, or the report says that it had SPICE."""
    cell, why = with_possible_spice(CELLS["virt-install"], "old", LACKS)
    gone, new = set(CELLS["virt-install"].devices) - set(cell.devices), set(cell.devices)
    assert gone == {"spice-agent", "spice-video", "spice-sound", "spice-usb-2"}
    assert new - set(CELLS["virt-install"].devices) == {"virtio-video"}
    assert why.startswith("its guest has VNC in place of SPICE: build old has no SPICE (")
    assert cell.id == CELLS["virt-install"].id


def test_guest_that_never_had_spice_is_as_it_was() -> None:
    """Lose this and the reason of every cell speaks of SPICE."""
    assert with_possible_spice(CELLS["nova"], "old", LACKS) == (CELLS["nova"], "")
