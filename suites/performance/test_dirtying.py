# SPDX-License-Identifier: Apache-2.0
"""Does a guest dirty its memory as fast as it is asked to, and does QEMU see it so?

What `suites/convergence` shows is true only then. For an otherwise idle machine.
"""

import pytest

from fixtures.attempt.attempt import Boot
from fixtures.guest.load import Load
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.matrix.names import Arch
from fixtures.waiting import Deadline

LOADS = [
    Load(mib=64, rate=32),
    Load(mib=64, rate=48, scattered=True),
    Load(mib=96, rate=64),
    Load(mib=96, rate=64, scattered=True, noise=16),
]
CALC_SECONDS = 1
SAMPLED_PAGES = 16384
"""Pages sampled per GiB. QEMU's default of 512 is too few for a small guest."""
SEEN_TOLERANCE = 0.2
"""QEMU draws samples, takes its time for them, and sees what the guest's kernel writes as well."""


@pytest.mark.parametrize(
    "arch",
    [
        pytest.param("x86_64", marks=pytest.mark.x86_64),
        pytest.param("ppc64le", marks=pytest.mark.ppc64le),
    ],
)
@pytest.mark.parametrize("vcpus", [1, 2])
def test_guest_dirties_at_the_rate_asked_for(
    boot: Boot, arch: Arch, vcpus: int, request: pytest.FixtureRequest
) -> None:
    """Lose this and a precopy that converges proves nothing, for the guest may have been idle."""
    booted = boot(arch, profile="busy", vcpus=vcpus)
    for load in LOADS:
        booted.guest.writes(load)
        kept = booted.guest.keeps_its_rate(load)
        seen = _calculated_rate(booted.machine)
        request.node.user_properties.append((f"{load}", f"{kept.detail}; QEMU calculates {seen} MiB/s"))
        assert kept, kept
        assert seen == pytest.approx(load.rate, rel=SEEN_TOLERANCE)
        assert booted.guest.memory_is_intact()


def _calculated_rate(machine: QmpMachine) -> int:
    """MiB/s by QEMU's own sampling of pages: `calc-dirty-rate` (QEMU's qapi/migration.json, since 5.2)."""
    monitor = machine.monitor
    arguments = {"calc-time": CALC_SECONDS, "sample-pages": SAMPLED_PAGES}
    monitor.execute("calc-dirty-rate", **arguments)
    deadline = Deadline.after(CALC_SECONDS + 10.0)
    # There is no event for its end (the command's documentation says to ask again).
    while (answer := monitor.execute("query-dirty-rate"))["status"] != "measured":
        assert deadline.left, f"calc-dirty-rate did not end: {answer}"
    return int(answer["dirty-rate"])
