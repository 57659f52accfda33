# SPDX-License-Identifier: Apache-2.0
"""What a guest is told on the command line of its kernel, most of it for its agent."""

from dataclasses import replace

import pytest

from fixtures.matrix.guestspec import GuestSpec
from suites.harness.support.command_lines import PSERIES, Q35

COMMAND_LINES = {
    Q35: "console=ttyS0 hotpatch.console=ttyS0 hotpatch.agent=ttyS1 hotpatch.profile=busy"
    " hotpatch.devices=blk,net,rng,balloon,console hotpatch.beat_ms=4 hotpatch.beat_cpu=1",
    PSERIES: "console=hvc0 hotpatch.console=hvc0 hotpatch.agent=hvc1 hotpatch.profile=idle"
    " hotpatch.beat_ms=4 hotpatch.beat_cpu=0",
}


@pytest.mark.parametrize("spec", COMMAND_LINES)
def test_guest_gets_its_description(spec: GuestSpec) -> None:
    """Lose this and the guest agent beats on another port or vCPU than it is listened to, or not at all."""
    words = spec.kernel_command_line.split()
    assert [word for word in words if word.startswith(("console=", "hotpatch."))] == COMMAND_LINES[
        spec
    ].split()


@pytest.mark.parametrize("spec, skipped", [(Q35, True), (PSERIES, False)])
def test_x86_guest_does_not_test_its_timer_when_it_boots(spec: GuestSpec, skipped: bool) -> None:
    """Lose this and a guest panics at boot on a busy machine: "IO-APIC + timer doesn't work!"."""
    assert ("no_timer_check" in spec.kernel_command_line.split()) is skipped


def test_agent_waits_longer_on_a_slow_host() -> None:
    """Lose this and a device of a guest on an emulated host is reported as broken because it is slow."""
    words = replace(PSERIES, stretch=2.678).kernel_command_line.split()
    assert words[-3:] == [
        "hotpatch.stretch=267",
        "rcupdate.rcu_cpu_stall_timeout=56",
        "watchdog_thresh=26",
    ]


def test_agent_gets_no_stretch_that_it_refuses() -> None:
    """Lose this and guests of an emulated host end at boot if this machine is very overloaded."""
    assert "hotpatch.stretch=10000" in replace(Q35, stretch=131.0).kernel_command_line.split()


@pytest.mark.parametrize(
    "spec,stretch,beat_ms",
    [(PSERIES, 1.0, 40), (PSERIES, 2.6, 104), (PSERIES, 90.0, 1000), (Q35, 1.0, 4), (Q35, 4.5, 18)],
)
def test_guest_beats_less_often_on_an_emulated_host(spec: GuestSpec, stretch: float, beat_ms: int) -> None:
    """Lose this and beats leave no time for the rest of the guest, which then seems to hang."""
    emulated = replace(spec, stretch=stretch, on_emulated_host=True)
    assert f"hotpatch.beat_ms={beat_ms} " in emulated.kernel_command_line


@pytest.mark.parametrize("spec", [Q35, PSERIES])
def test_busy_machine_changes_no_beat(spec: GuestSpec) -> None:
    """Lose this and the more a machine has to do, the less is known of the time that a move stops a guest."""
    words = replace(spec, stretch=4.0).kernel_command_line.split()
    assert "hotpatch.beat_ms=4" in words
    assert "hotpatch.beat_rest=4" not in words


@pytest.mark.parametrize("spec", [Q35, PSERIES])
@pytest.mark.parametrize("emulated", [False, True])
def test_beats_leave_time_for_other_threads_on_an_emulated_host(spec: GuestSpec, emulated: bool) -> None:
    """Lose this and such a guest takes minutes to boot, or its requests to devices do not end."""
    words = replace(spec, on_emulated_host=emulated).kernel_command_line.split()
    assert ("hotpatch.beat_rest=4" in words) == emulated


@pytest.mark.parametrize(
    "spec,emulated,without", [(PSERIES, False, False), (PSERIES, True, True), (Q35, True, False)]
)
def test_agent_leaves_out_what_an_emulated_power_host_lacks(
    spec: GuestSpec, emulated: bool, without: bool
) -> None:
    """Lose this and each look at the registers of a POWER guest goes through both hypervisors."""
    words = replace(spec, on_emulated_host=emulated).kernel_command_line.split()
    assert ("hotpatch.without_dscr=1" in words) == without
