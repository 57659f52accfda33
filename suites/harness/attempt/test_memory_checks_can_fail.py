# SPDX-License-Identifier: Apache-2.0
"""Damage in each kind of memory of a real guest is found, without a hot patch."""

from pathlib import Path

import pytest

from fixtures.attempt.attempt import Attempt, Boot
from fixtures.hosts.local_process import LocalProcess
from fixtures.matrix.names import Arch
from images.kernel_memory import unchanging_page
from suites.harness.support.guest_ram import STILL, TMPFS, flip_bit, header

ARCHES = [
    pytest.param("x86_64", marks=pytest.mark.x86_64),
    pytest.param("ppc64le", marks=[pytest.mark.ppc64le, pytest.mark.slow]),
]
each_arch = pytest.mark.parametrize("arch", ARCHES)
BEATS_OF_SOME_LAPS = 750
"""3 s: the busy guest writes its 32 MiB at 24 MiB/s."""


@each_arch
def test_damage_is_found_by_the_writer_that_overwrites_it(boot: Boot, arch: Arch) -> None:
    """Lose this and damage under a busy writer is gone before anybody looks."""
    guest = boot(arch).guest
    guest.works()
    guest.learns_constant_memory()
    assert guest.constant_memory_is_intact()
    guest.agent.ask("damage", page=5, kind="content", writers=1)
    guest.beats_arrive(BEATS_OF_SOME_LAPS)
    for check in (guest.constant_memory_is_intact(), guest.memory_is_intact()):
        assert not check
        assert "1 pages were damaged when overwritten; first 5: wrong content in lap" in check.detail


@each_arch
def test_damage_in_each_kind_of_memory_is_found(boot: Boot, arch: Arch) -> None:
    """Lose this and a build that drops pages of which the guest makes no use passes."""
    attempt = boot(arch, profile="idle")
    guest, process = attempt.guest, attempt.machine.process
    assert isinstance(process, LocalProcess)
    pid = process.pid
    guest.works()
    guest.learns_constant_memory()
    assert guest.memory_is_intact()
    assert guest.constant_memory_is_intact()
    guest.agent.ask("damage", page=5)
    flip_bit(pid, header(STILL + 3))
    flip_bit(pid, header(TMPFS + 4))
    flip_bit(pid, _of_kernel(attempt))
    detail = guest.memory_is_intact().detail
    assert " pages damaged; first 5: wrong " in detail
    assert " still pages damaged; first 3: wrong content" in detail
    assert " pages of a file in a tmpfs damaged; first 4: wrong content" in detail
    assert "1 of " in (kernel := guest.constant_memory_is_intact()).detail
    assert "first the kernel at 0x" in kernel.detail
    assert "expected checksum 0x" in kernel.detail
    assert not kernel


def _of_kernel(attempt: Attempt) -> bytes:
    images: Path = attempt.setting.host.images
    return unchanging_page((images / "kernel").read_bytes())
