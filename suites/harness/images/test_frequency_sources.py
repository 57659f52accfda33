# SPDX-License-Identifier: Apache-2.0
"""How the guest agent measures the frequency of its vCPUs' counters."""

from __future__ import annotations

import pytest

from suites.harness.support.agent_parts import Part, compiled_part

RATES = {
    "an agent that has just started": (("",), 1_000_000, 0),
    "half a second": (("500 2000",), 2_000_000, 0),
    "a long time": (("60000 2000",), 2_000_000, 0),
    "a wrong clock until a second ago": (("5000 1100", "1200 2000"), 2_000_000, 1200),
    "a wrong clock until 0.7 s ago": (("5000 1100", "700 2000"), 2_000_000, 700),
    "a wrong clock until the last sample": (("5000 1100", "4 2000"), 1_100_000, 0),
    "a move in the last second": (("5000 2000", "0 300", "200 2000"), 2_000_000, 0),
}
"""What was before the question: milliseconds and kHz of each part of that time, 0 ms is a move. Then the
frequency in Hz, and how many milliseconds ago the clock source changed; 0 if just now, or never."""
APART_MS = 130
"""The clock source is looked at each 125 ms."""


@pytest.fixture(scope="module")
def frequency(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints the frequency in Hz, and since when there is the present clock source."""
    return compiled_part("frequency", ["frequency"], tmp_path_factory.mktemp("frequency"))


@pytest.mark.parametrize("case", RATES)
def test_frequency_is_that_of_the_last_second(frequency: Part, case: str) -> None:
    """Lose this and a guest that measured its TSC wrongly at boot seems to have one that jumps."""
    before, hz, changed_ms_ago = RATES[case]
    measured, since_ms = map(int, frequency(*" ".join(before).split()).split())
    assert measured == hz
    assert changed_ms_ago - APART_MS <= since_ms <= changed_ms_ago
