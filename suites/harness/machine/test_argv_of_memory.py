# SPDX-License-Identifier: Apache-2.0
"""The command line of a guest: what its RAM consists of, and who takes it."""

from dataclasses import replace

import pytest

from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.mechanisms import Memory
from fixtures.matrix.memory_options import MemoryOptions
from suites.harness.support.command_lines import FDS, PSERIES, Q35, line

pytestmark = pytest.mark.usefixtures("pages_of_4_kib")


def test_round_memory_is_only_where_it_is_asked_for() -> None:
    """Lose this and one defect of old QEMUs fails every cell, or none shows it."""
    memory = {whole: line(replace(Q35, round_memory=whole)) for whole in (False, True)}
    assert "262152K" in memory[False]
    assert "262144K" in memory[True]


RAM = {
    MemoryOptions(
        "memfd"
    ): "-object memory-backend-memfd,id=ram,size=262152K,share=on -machine memory-backend=ram",
    MemoryOptions("file"): "-object memory-backend-file,id=ram,size=262152K,share=on,mem-path=/tmp/hp-1"
    " -machine memory-backend=ram",
    MemoryOptions("hugepages"): "-object memory-backend-memfd,id=ram,size=262144K,share=on,hugetlb=on,"
    "hugetlbsize=2M -machine memory-backend=ram",
    MemoryOptions("memfd", nodes=2): "-object memory-backend-memfd,id=node0-ram,size=131076K,share=on"
    " -numa node,nodeid=0,cpus=0,memdev=node0-ram"
    " -object memory-backend-memfd,id=node1-ram,size=131076K,share=on"
    " -numa node,nodeid=1,cpus=1,memdev=node1-ram",
}


@pytest.mark.parametrize("options", RAM)
def test_ram_consists_of_what_the_guest_asks_for(options: MemoryOptions) -> None:
    """Lose this and a cell about memory of one kind is about anonymous memory."""
    guest = replace(Q35, options=GuestOptions(memory=options))
    assert RAM[options] in " ".join(line(guest))
    assert guest.backing == options.backing


@pytest.mark.parametrize("memory", ["shared", "kept"])
def test_mechanism_that_leaves_memory_in_place_brings_it(memory: Memory) -> None:
    """Lose this and a guest has its RAM twice, or in memory that its mechanism cannot hand over."""
    guest = replace(PSERIES, memory=memory, options=GuestOptions(memory=MemoryOptions("file")))
    words = line(guest, fds={**FDS, "memory": 17})
    assert sum("memory-backend=ram" in word for word in words) == 1
    assert guest.backing == "memfd"


def test_nodes_of_a_power_guest_are_aligned() -> None:
    """Lose this and QEMU refuses to start a pseries guest with NUMA nodes."""
    assert replace(PSERIES, options=GuestOptions(memory=MemoryOptions(nodes=2))).memory_blocks == [
        262144,
        262144,
    ]


def test_balloon_reports_free_pages_only_if_asked_to() -> None:
    """Lose this and free page reporting is not tested, or every guest has it."""
    words = line(replace(Q35, options=GuestOptions(page_reporting=True)))
    assert words[words.index("-global") + 1] == "virtio-balloon-device.free-page-reporting=on"
    assert "-global" not in line(Q35)
