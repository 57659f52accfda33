# SPDX-License-Identifier: Apache-2.0
"""Each check of a guest, made to fail by a fault put into a real guest, which no hot patch has touched."""

from dataclasses import replace

import pytest

from fixtures.booted import Boot
from fixtures.matrix import Arch
from fixtures.path import runs_new_build
from fixtures.plugin import rig_of

ARCHES = [
    pytest.param("x86_64", marks=pytest.mark.x86_64),
    pytest.param("ppc64le", marks=[pytest.mark.ppc64le, pytest.mark.slow]),
]
each_arch = pytest.mark.parametrize("arch", ARCHES)


@each_arch
def test_damaged_byte_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a build that drops a page passes."""
    guest = boot(arch).guest
    guest.works()
    assert guest.memory_is_intact()
    guest.agent.ask("damage", page=5)
    check = guest.memory_is_intact()
    assert not check
    assert "first 5" in check.detail


@each_arch
def test_lost_beat_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and output that a guest sent while it was moved may vanish unseen."""
    guest = boot(arch).guest
    assert guest.lost_no_beat()
    guest.agent.ask("skip-beat")
    guest.beats_arrive(3)
    assert not guest.lost_no_beat()


@each_arch
def test_clock_set_back_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a guest whose time jumps back passes."""
    guest = boot(arch).guest
    assert guest.clock_never_went_back()
    guest.agent.ask("clock-back", us=500_000)
    guest.beats_arrive(3)
    assert not guest.clock_never_went_back()


@each_arch
def test_stopped_vcpu_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a guest that goes on with half of its vCPUs passes."""
    guest = boot(arch).guest
    guest.works()
    assert guest.goes_on(seconds=5)
    guest.agent.ask("stall", vcpu=1)
    check = guest.goes_on(seconds=5)
    assert not check
    assert "vCPU 1" in check.detail


@each_arch
def test_vcpu_that_never_wakes_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and an idle guest whose vCPU sleeps for good passes."""
    guest = boot(arch, profile="idle").guest
    assert guest.every_vcpu_wakes()
    guest.agent.ask("deaf", vcpu=1)
    assert not guest.every_vcpu_wakes()


@each_arch
def test_kernel_trouble_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a guest whose kernel complains after the move passes."""
    guest = boot(arch).guest
    assert guest.kernel_log_is_clean()
    guest.agent.ask("oops")
    check = guest.kernel_log_is_clean()
    assert not check
    assert "injected" in check.detail


@pytest.mark.x86_64
def test_guest_that_did_not_reach_the_new_build_is_found(boot: Boot, request: pytest.FixtureRequest) -> None:
    """Lose this and a hot patch into the wrong build passes for the update."""
    machine = boot("x86_64").machine
    assert runs_new_build(machine)
    assert not runs_new_build(replace(machine, build=rig_of(request.config).new))


@pytest.mark.x86_64
def test_silent_device_is_found(boot: Boot) -> None:
    """Lose this and a guest whose disk or port is dead after the move passes."""
    guest = boot("x86_64", hardware="virtio").guest
    assert guest.devices_work()
    guest.machine.channels["echo"].close()
    assert not guest.devices_work()
