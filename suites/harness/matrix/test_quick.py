# SPDX-License-Identifier: Apache-2.0
"""Which guests does a quick run move?"""

from __future__ import annotations

from fixtures.matrix.expansion import expand
from fixtures.matrix.limits import Limit
from fixtures.matrix.quick import quick_guests
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE

SHIPPED = load_matrix(MATRIX_FILE)
CELLS = expand(SHIPPED)


def test_quick_run_moves_guests_that_tcg_does_not_break() -> None:
    """Lose this and the POWER guest of a quick run from QEMU 7.2 is never moved, or takes minutes."""
    chosen = {cell.arch: cell for cell in quick_guests(CELLS, SHIPPED.limits)}
    assert {arch: (cell.mechanism, cell.subject) for arch, cell in chosen.items()} == {
        "x86_64": ("postcopy", "busy-virtio-1vcpu"),
        "ppc64le": ("postcopy-immediate", "busy-virtio-1vcpu"),
    }
    assert chosen["ppc64le"].family == "pseries-vof"


def test_architecture_that_limits_exclude_still_has_a_guest() -> None:
    """Lose this and a quick run does not say that guests of an architecture cannot be judged."""
    limit = Limit(id="all", accelerator="tcg", what="all are lost", link="measured")
    assert [cell.arch for cell in quick_guests(CELLS, [limit])] == ["ppc64le", "x86_64"]
