# SPDX-License-Identifier: Apache-2.0
"""Are all checks of a moved guest made?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.evidence.checks import Check
from fixtures.guest.examination import examined

CHECKS = (
    "memory_is_intact",
    "every_vcpu_wakes",
    "lost_no_beat",
    "devices_work",
    "registers_are_as_before",
    "keeps_its_firmware_tables",
    "kernel_log_is_clean",
)


@pytest.mark.parametrize("profile", ["busy", "idle"])
@pytest.mark.parametrize("broken", CHECKS)
def test_a_failure_of_any_check_is_returned(profile: str, broken: str) -> None:
    """Lose this and a check that is made and fails is passed over."""
    assert examined(guest(profile, broken)).name == broken


def test_a_whole_guest_is_reported_as_such() -> None:
    """Lose this and every guest fails."""
    assert examined(guest("busy", broken="none"))


def test_devices_are_checked_only_where_there_are_any() -> None:
    """Lose this and guests without devices fail, because their agent refuses the command."""
    assert examined(guest("busy", broken="devices_work", devices=()))


def guest(profile: str, broken: str, devices: tuple[str, ...] = ("blk",)) -> Any:
    """A guest with one check that fails."""
    spec = SimpleNamespace(profile=profile, devices=devices)
    checks = {name: lambda name=name: Check(name, name != broken, "") for name in CHECKS}
    return SimpleNamespace(spec=spec, **checks)
