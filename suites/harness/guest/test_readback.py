# SPDX-License-Identifier: Apache-2.0
"""Is a register that lost its value reported, and named?"""

from __future__ import annotations

from fixtures.guest.readback import registers_kept

LOST = "00:02.0 virtio-pci common 14: 0, was f; hpet 10: 0, was 3"


def test_registers_as_before_pass() -> None:
    """Lose this and every guest fails."""
    assert registers_kept({"registers": "9", "still": "7", "differ": "0", "first": "none"})


def test_a_register_that_differs_is_named() -> None:
    """Lose this and two devices that lose their registers are reported as one defect."""
    check = registers_kept({"registers": "9", "still": "7", "differ": "2", "first": LOST})
    assert not check
    assert check.what == "00:02.0 virtio-pci common 14"
