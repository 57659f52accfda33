# SPDX-License-Identifier: Apache-2.0
"""The suite recognises a guest that hangs because the end of an interrupt was lost, and no other hang."""

from __future__ import annotations

import pytest

from fixtures.evidence.tcg_boots import STILL_SERVES, blocked_vcpus, lost_eoi
from suites.harness.support.hung_guest import HUNG


def test_vcpu_that_waits_while_an_interrupt_is_in_service_has_lost_its_end() -> None:
    """Lose this and a guest that TCG stopped at boot leaves an update undecided."""
    said = lost_eoi([HUNG, HUNG.replace("\n", "\r\n"), HUNG])
    assert said.startswith(f"vCPU 0 waits with interrupts enabled, but {STILL_SERVES} 236: ")


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(HUNG.replace("ISR\t 236", "ISR\t (none)"), id="nothing-in-service"),
        pytest.param(HUNG.replace("HLT=1", "HLT=0"), id="vcpu-works"),
        pytest.param(HUNG.replace("RFL=00000246", "RFL=00000046"), id="interrupts-disabled"),
        pytest.param(HUNG.replace("HLT=1\nCPU#1", "HLT=0\nCPU#1"), id="another-vcpu-waits"),
        pytest.param(HUNG.replace("ISR\t 236", "ISR\t 48"), id="another-interrupt"),
        pytest.param("", id="not-asked"),
        pytest.param("CPU#0\nnonsense\nAPIC#0\nnonsense", id="unknown-form"),
    ],
)
def test_any_other_look_is_no_lost_interrupt(look: str) -> None:
    """Lose this and a build whose guests hang by its own fault is excused by TCG."""
    assert not lost_eoi([HUNG, look, HUNG])


def test_without_a_look_nothing_is_known() -> None:
    """Lose this and a hung guest that nobody could ask ends the run with a traceback."""
    assert lost_eoi([]) == ""


def test_each_vcpu_is_judged_by_its_own_apic() -> None:
    """Lose this and a vCPU that waits is blamed for the interrupt that another one serves."""
    second = HUNG.replace("ISR\t 236", "ISR\t -").replace("ISR\t (none)", "ISR\t 251").replace("-", "(none)")
    assert blocked_vcpus(second) == {1: 251}
