# SPDX-License-Identifier: Apache-2.0
"""What the check of the devices says, from the answers of a scripted agent."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.evidence.checks import Check
from fixtures.guest.devices import devices_work

CALM = {"failed": "0", "rounds": "9"}
FAILED = {"failed": "2", "rounds": "9", "first": "rng: no end within 4500 ms"}


def check(devices: dict[str, str], churn: dict[str, str]) -> Check:
    """The check of a guest that says this of its devices, and of their use during the move."""
    answers = {"devices": devices, "churn": churn}
    agent: Any = SimpleNamespace(ask=answers.__getitem__)
    outside: Any = SimpleNamespace(repaint=lambda _agent: None, broken=lambda _agent, _machine: {})
    return devices_work(agent, SimpleNamespace(), outside)


@pytest.mark.parametrize("churn", [CALM, FAILED])
def test_device_that_stays_broken_is_one_defect_whether_or_not_it_failed_before(
    churn: dict[str, str],
) -> None:
    """Lose this and a dead device is a regression of the update when the control's failed a round more."""
    assert check({"net": "ok", "rng": "no answer"}, churn).what == "rng"


def test_device_that_failed_only_during_the_move_is_named() -> None:
    """Lose this and a device that worked again after the move excuses another."""
    failed = check({"net": "ok", "rng": "ok"}, FAILED)
    assert (bool(failed), failed.what) == (False, "rng during the move")
    assert "2 of 9 rounds failed" in failed.detail
