# SPDX-License-Identifier: Apache-2.0
"""Which of a domain's events are those of its end."""

import pytest

from fixtures.path.libvirt.management import ends_since_start

BOOTED = ["resumed unpaused", "started booted"]
DESTROYED = ["shutdown host", "stopped destroyed"]
SHUT_DOWN = ["shutdown guest", "stopped shutdown"]


@pytest.mark.parametrize(
    "events, ends",
    [
        pytest.param(BOOTED, [], id="it-runs"),
        pytest.param([*BOOTED, *SHUT_DOWN], SHUT_DOWN, id="it-ended"),
        pytest.param([*BOOTED, *DESTROYED, *BOOTED], [], id="started-again"),
        pytest.param([*BOOTED, *DESTROYED, *BOOTED, *SHUT_DOWN], SHUT_DOWN, id="started-again-and-ended"),
        pytest.param(["started migrated", *DESTROYED], DESTROYED, id="destroyed"),
    ],
)
def test_end_before_the_last_start_does_not_count(events: list[str], ends: list[str]) -> None:
    """Lose this and a guest that the suite had to start anew is said not to shut down."""
    assert ends_since_start(events) == ends
