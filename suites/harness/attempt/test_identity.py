# SPDX-License-Identifier: Apache-2.0
"""What Linux in a POWER guest found of its processor: as the cell wants it, and as before after a reboot."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.identity import Identity, same, unlike
from fixtures.errors import RigError
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.power import PowerOptions

POWER9 = {"cpu": "POWER9 (architected)", "mmu": "Radix", "interrupts": "XIVE", "threads": "0"}
SPEC = GuestSpec("ppc64le", "pseries-vof-7.2", 2, "idle", "bare", 0)


@pytest.mark.parametrize(
    "options,found,said",
    [
        (PowerOptions(), {}, ""),
        (PowerOptions(compat="power9"), {}, ""),
        (
            PowerOptions(compat="power8"),
            {"mmu": "Hash", "interrupts": "XICS"},
            "cpu is POWER9 (architected), not POWER8",
        ),
        (PowerOptions(hash_mmu=True), {}, "mmu is Radix, not Hash"),
        (PowerOptions(ic_mode="xics"), {}, "interrupts is XIVE, not XICS"),
        (PowerOptions(ic_mode="dual"), {}, ""),
        (PowerOptions(ic_mode="dual", legacy_interrupts=True), {}, "interrupts is XIVE, not XICS"),
        (PowerOptions(threads=2), {}, "threads is 0, not 0-1"),
        (PowerOptions(threads=2), {"threads": "0-1"}, ""),
    ],
)
def test_guest_must_be_what_the_cell_is_about(
    options: PowerOptions, found: dict[str, str], said: str
) -> None:
    """Lose this and a cell about hash page tables or threads passes with a guest that has none."""
    assert unlike(POWER9 | found, replace(SPEC, options=GuestOptions(power=options))) == said


def test_wrong_guest_is_an_error_of_the_rig() -> None:
    """Lose this and a mistake of the suite counts against a build."""
    spec = replace(SPEC, options=GuestOptions(power=PowerOptions(threads=2)))
    guest = SimpleNamespace(identity=lambda: POWER9, spec=spec)
    attempt: Any = SimpleNamespace(guest=guest)
    with pytest.raises(RigError, match="not what this cell is about: threads is 0, not 0-1"):
        Identity(attempt).is_as_asked()


def test_other_processor_after_a_reboot_is_found() -> None:
    """Lose this and an update gives a guest another processor at its next boot, and nobody reads it."""
    check = same(POWER9, POWER9 | {"cpu": "POWER8 (architected)", "mmu": "Hash"})
    assert not check
    assert check.detail == (
        "cpu was POWER9 (architected) and is POWER8 (architected); mmu was Radix and is Hash"
    )
    assert check.what == "cpu, mmu"


def test_same_processor_is_shown() -> None:
    """Lose this and the evidence does not say which processor a guest had."""
    check = same(POWER9, POWER9)
    assert check
    assert check.detail == ("as before: cpu POWER9 (architected), mmu Radix, interrupts XIVE, threads 0")
