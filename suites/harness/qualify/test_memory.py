# SPDX-License-Identifier: Apache-2.0
"""Guests whose RAM needs something of the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import Unsupported
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.qualify import memory
from fixtures.qualify.memory import demand_memory

HUGE = GuestOptions(memory=MemoryOptions("hugepages"))
GUEST = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", beat_vcpu=0, options=HUGE)


@pytest.mark.parametrize("free,enough", [("0", False), ("255", False), ("256", True)])
def test_huge_pages_for_both_are_needed(
    free: str, enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest without huge pages fails in the middle, and the new build is blamed."""
    monkeypatch.setattr(memory, "HUGE_PAGES", tmp_path)
    (tmp_path / "free_hugepages").write_text(free)
    if enough:
        demand_memory(GUEST, "tcg")
        return
    with pytest.raises(Unsupported, match=rf"has {free} free .* need 256; `sysctl vm.nr_hugepages=256`"):
        demand_memory(GUEST, "tcg")


def test_kernel_without_huge_pages_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the reader is told to reserve huge pages that this kernel cannot have."""
    monkeypatch.setattr(memory, "HUGE_PAGES", tmp_path / "none")
    with pytest.raises(Unsupported, match="kernel of the host has no huge pages of 2 MiB"):
        demand_memory(GUEST, "kvm")


def test_emulated_host_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and huge pages of this machine are counted for a guest of another one."""
    monkeypatch.setattr(memory, "HUGE_PAGES", tmp_path)
    (tmp_path / "free_hugepages").write_text("1000")
    with pytest.raises(Unsupported, match="emulated host"):
        demand_memory(GUEST, "emulated")
