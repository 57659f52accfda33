# SPDX-License-Identifier: Apache-2.0
"""What an emulated host may do to a guest by itself: one failure is excused, a defect of a build never."""

from __future__ import annotations

import pytest

from fixtures.matrix.names import Arch
from fixtures.outcome.emulator_faults import excused_on_emulated_host, lost_before_its_move
from fixtures.outcome.outcome import Outcome, RunRecord

PASSED = RunRecord("old", "new", "pass")
LATE = "timers: vCPU 1's timer of 20000 ms expired {} s late, allowed 6.823 s"
SILENT = "hang: waited 59.23 s for 25 more beats; last seen: B 290"


def failed(reason: str) -> RunRecord:
    """A run that failed for this reason."""
    return RunRecord("old", "new", "fail", reason)


@pytest.mark.parametrize(
    "arch, reason",
    [
        ("ppc64le", LATE.format("9.235")),
        (
            "ppc64le",
            "timers: vCPU 0's timer of 40 ms has not expired 8.700 s after it was due, allowed 1.2 s",
        ),
        ("x86_64", f"{SILENT}; the guest reset itself"),
        ("x86_64", SILENT),
        ("x86_64", "alive: waited 24 s for a beat after the move; last seen: nothing"),
        ("x86_64", "agent: waited 165.6 s for the agent's answer to `cpu-state`; last seen: 157 ok"),
        ("x86_64", "alive: waited 24 s for a beat after the move; the guest reset itself"),
    ],
)
def test_one_fault_of_the_emulator_is_no_verdict(arch: Arch, reason: str) -> None:
    """Lose this and an update is unsafe because the QEMU that emulates its host has a defect."""
    assert reason in excused_on_emulated_host(Outcome.FLAKY, [PASSED, failed(reason)], arch)


@pytest.mark.parametrize(
    "arch, reason",
    [
        ("ppc64le", LATE.format("7.100")),
        ("ppc64le", LATE.format("17.100")),
        ("ppc64le", f"{LATE.format('9.235')}; vCPU 0's timer of 40 ms expired 3.000 s late, allowed 1.2 s"),
        ("ppc64le", SILENT),
        ("x86_64", LATE.format("9.235")),
        ("x86_64", "hang: waited 180 s for the migration to be completed; last seen: active"),
        ("x86_64", "memory: 2 of 16384 still pages damaged"),
    ],
)
def test_other_failures_are_not_excused(arch: Arch, reason: str) -> None:
    """Lose this and a defect of a build under KVM is taken for one of the emulator."""
    assert not excused_on_emulated_host(Outcome.FLAKY, [failed(reason), PASSED], arch)


@pytest.mark.parametrize("overload,excused", [(5.5, True), (1.2, False)])
def test_power_host_is_too_slow_only_on_an_overloaded_machine(overload: float, *, excused: bool) -> None:
    """Lose this and a busy machine makes an update unsafe, or a guest that hangs under KVM passes."""
    silent = failed(SILENT)
    silent.figures["overload of the machine"] = overload
    assert bool(excused_on_emulated_host(Outcome.FLAKY, [silent, PASSED], "ppc64le")) == excused


@pytest.mark.parametrize(
    "outcome, others", [(Outcome.FLAKY, [failed(SILENT), PASSED]), (Outcome.REGRESSION, [PASSED])]
)
def test_fault_that_repeats_or_is_blamed_is_not_excused(outcome: Outcome, others: list[RunRecord]) -> None:
    """Lose this and a build that hangs each third guest under KVM is safe."""
    assert not excused_on_emulated_host(outcome, [failed(SILENT), *others], "x86_64")


@pytest.mark.parametrize(
    "arch, said, excused",
    [
        ("x86_64", "agent: waited 196.1 s for the agent's answer to `clocks`; last seen: 26 ok", True),
        ("x86_64", f"{SILENT}; the guest reset itself", True),
        ("x86_64", "agent: the agent could not `readback`: vcpu 0 has done nothing for 63 s", True),
        ("x86_64", "agent: QEMU closed the agent's port before the answer to `readback`: QEMU is gone", True),
        (
            "ppc64le",
            "agent: QEMU closed the agent's port before the answer to `readback`: QEMU is gone",
            False,
        ),
        ("x86_64", "kernel-log: Oops", False),
        ("ppc64le", SILENT, False),
    ],
)
def test_guest_that_the_emulator_takes_before_its_move_is_told_from_others(
    arch: Arch, said: str, excused: bool
) -> None:
    """Lose this and a cell of an emulated host ends as an error, or an error of the suite is hidden."""
    run = RunRecord("old", "new", "error", f"before the hot patch, on old: {said}")
    assert bool(lost_before_its_move(run, arch)) == excused
    assert not lost_before_its_move(failed(said), arch)
