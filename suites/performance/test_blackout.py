# SPDX-License-Identifier: Apache-2.0
"""Is the blackout measured as long as it is? Pauses of known length tell. For an otherwise idle machine."""

import time

import pytest

from fixtures.booted import Boot
from fixtures.matrix import Arch

TOLERANCE_MS = 2.0


@pytest.mark.parametrize(
    "arch",
    [
        pytest.param("x86_64", marks=pytest.mark.x86_64),
        pytest.param("ppc64le", marks=pytest.mark.ppc64le),
    ],
)
@pytest.mark.parametrize("pause_ms", [20, 50, 200, 1000])
def test_pause_is_measured_within_two_ms(boot: Boot, arch: Arch, pause_ms: int) -> None:
    """Lose this and the blackout that a release manager reads is not what a guest's user feels."""
    guest = boot(arch, profile="idle", vcpus=2).guest
    monitor = guest.machine.monitor
    guest.beats_arrive(50)
    begun = time.monotonic()
    monitor.execute("stop")
    time.sleep(pause_ms / 1000)  # the pause itself is what is measured
    monitor.execute("cont")
    stopped, resumed = (
        max(event.at for event in monitor.events if event.name == name) for name in ("STOP", "RESUME")
    )
    guest.beats_arrive(50)
    blackout = guest.blackout(since=begun - 0.1)
    assert abs(blackout.ms - (resumed - stopped) * 1000) <= TOLERANCE_MS
