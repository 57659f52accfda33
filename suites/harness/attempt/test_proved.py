# SPDX-License-Identifier: Apache-2.0
"""Must a guest prove that its processor is the same?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.attempt import Attempt
from fixtures.errors import HotPatchFailure
from fixtures.evidence.checks import Check

LOST = Check("registers", False, "xmm0 of vCPU 1 was 01 and is 00", "xmm0 of vCPU 1")
MACHINE = SimpleNamespace(build=SimpleNamespace(name="a build"), marks=lambda **_since: [])
MOVE: Any = SimpleNamespace(
    footprints={},
    mechanism="precopy",
    source=MACHINE,
    destination=MACHINE,
    started=0.0,
    ended=1.0,
    samples=[],
    checks=[],
)


def test_lost_register_fails_a_hot_patch() -> None:
    """Lose this and a guest passes although its vector registers were damaged by the move."""
    attempt = Attempt(setting=None)  # type: ignore[arg-type]
    attempt.guest = living_guest(LOST)
    with pytest.raises(HotPatchFailure, match="xmm0 of vCPU 1"):
        attempt.proved(None, MOVE)  # type: ignore[arg-type]


def living_guest(lost: Check) -> Any:
    """A guest that beats and whose vCPUs work."""
    processor = SimpleNamespace(is_the_same=lambda: [lost])
    return SimpleNamespace(goes_on=lambda: Check("vcpus", True, ""), processor=processor, beats=list)
