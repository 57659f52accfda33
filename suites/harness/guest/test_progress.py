# SPDX-License-Identifier: Apache-2.0
from fixtures.guest.progress import woken


def test_vcpu_that_wakes_only_by_its_timer_is_named() -> None:
    """Lose this and a guest whose vCPUs no longer get interrupts from each other passes."""
    check = woken({"ipi_missing": "1", "timer_missing": "none"}, vcpus=2)
    assert not check
    assert (check.what, check.detail) == (
        "an interrupt from another vCPU",
        "vCPU does not wake by an interrupt from another vCPU 1",
    )
