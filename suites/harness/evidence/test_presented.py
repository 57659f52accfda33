# SPDX-License-Identifier: Apache-2.0
"""An interrupt that TCG lost is recognised in what QEMU 10.0 printed, and one that is being served is not."""

from __future__ import annotations

import pytest

from fixtures.evidence.presented import not_taken
from suites.harness.support.traffic_samples import PRESENTED

SERVED = PRESENTED.replace("367/16384", "368/16384")
"""The same guest, which has taken one more interrupt."""
NONE_PRESENTED = PRESENTED.replace("OS    80   ff", "OS    00   ff")
HELD_BACK = PRESENTED.replace("OS    80   ff", "OS    80   06")
"""The vCPU takes no interrupts of this priority now, because it serves one."""


def test_interrupt_that_is_not_taken_is_recognised() -> None:
    """Lose this and a guest that TCG made deaf counts against the update."""
    wanted = "XIVE presents vCPU 0 an interrupt that it does not take"
    assert not_taken([PRESENTED] * 3) == wanted
    registers = [f"NIP {number}\n{PRESENTED}" for number in range(3)]
    assert not_taken([each.replace("\n", "\r\n") for each in registers]) == wanted


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([], id="not-asked"),
        pytest.param(["", "", ""], id="no-answer"),
        pytest.param([PRESENTED], id="once"),
        pytest.param([PRESENTED, SERVED, PRESENTED], id="served"),
        pytest.param([NONE_PRESENTED] * 3, id="none"),
        pytest.param([HELD_BACK] * 3, id="held-back"),
    ],
)
def test_other_silence_is_not_excused(looks: list[str]) -> None:
    """Lose this and a build that forgets a card's frames is safe under TCG."""
    assert not_taken(looks) == ""
