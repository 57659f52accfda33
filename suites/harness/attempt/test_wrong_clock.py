# SPDX-License-Identifier: Apache-2.0
"""A guest whose Linux measured its TSC wrongly when it booted has clocks that no move changed."""

from __future__ import annotations

import pytest

from fixtures.attempt.attempt import Boot
from fixtures.evidence.clock_fit import fitted
from fixtures.evidence.clocks import WINDOW_SECONDS
from fixtures.guest.timekeeping import WRONG_CLOCK, times_before
from fixtures.matrix.guestspec import GuestSpec

WRONG_TSC = "tsc_early_khz=1000000 tsc=reliable"
"""Linux's clock goes more than twice too fast, and nothing in Linux compares it with another."""

pytestmark = [pytest.mark.slow, pytest.mark.x86_64]


@pytest.fixture(autouse=True)
def _wrong_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = vars(GuestSpec)["kernel_command_line"]
    wrong = property(lambda spec: f"{usual.fget(spec)} {WRONG_TSC}")
    monkeypatch.setattr(GuestSpec, "kernel_command_line", wrong)


def test_clocks_are_compared_by_beats_of_a_right_clock(boot: Boot) -> None:
    """Lose this and a guest fails whose Linux corrected its clock a second before its move."""
    guest = boot("x86_64", profile="idle", vcpus=1).guest
    guest.beats_arrive(1000)
    assert fitted(guest.beats()).drift < -0.3
    guest.agent.ask("clock-source", name="hpet")
    guest.beats_arrive(100)
    times_before(guest)
    beats = guest.beats()
    line = fitted([beat for beat in beats if beat.at >= beats[-1].at - WINDOW_SECONDS])
    assert abs(line.drift) <= WRONG_CLOCK + line.drift_error


def test_clock_that_stays_wrong_is_not_the_moves_fault(boot: Boot) -> None:
    """Lose this and a guest fails whose Linux never corrects its clock."""
    attempt = boot("x86_64", profile="idle", vcpus=1)
    assert attempt.guest.agent.ask("clocks")["source"] == "tsc"
    assert attempt.hot_patch().runs_on_new_build
