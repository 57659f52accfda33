# SPDX-License-Identifier: Apache-2.0
"""How the guest agent measures the frequency of its vCPUs' counters."""

from __future__ import annotations

import pytest

from suites.harness.support.agent_parts import Part, compiled_part

RATES = {
    "an agent that has just started": ("",),
    "half a second": ("500 2000",),
    "a long time": ("60000 2000",),
    "a wrong clock until a second ago": ("5000 1100", "1200 2000"),
    "a wrong clock until 0.7 s ago": ("5000 1100", "700 2000"),
    "a move in the last second": ("5000 2000", "0 300", "200 2000"),
}
"""By what was before the question: milliseconds and kHz of each part of that time; 0 ms is a move."""


@pytest.fixture(scope="module")
def frequency(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints the frequency in Hz."""
    return compiled_part("frequency", ["frequency"], tmp_path_factory.mktemp("frequency"))


@pytest.mark.parametrize("case", RATES)
def test_frequency_is_that_of_the_last_second(frequency: Part, case: str) -> None:
    """Lose this and a guest that measured its TSC wrongly at boot seems to have one that jumps."""
    hz = 1_000_000 if case == "an agent that has just started" else 2_000_000
    assert int(frequency(*" ".join(RATES[case]).split())) == hz
