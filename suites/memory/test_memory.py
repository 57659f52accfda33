# SPDX-License-Identifier: Apache-2.0
"""What does a move cost in memory, by what the RAM consists of, and does the guest keep it whole?"""

from functools import partial

import pytest

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.releasing import Releasing
from fixtures.guest.balloon import Balloon
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.guest.numa import NumaNodes
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.promises import promise

SECONDS = 2900
"""A finding takes up to 43 moves, each with a guest of its own."""
MEMFD = GuestOptions(memory=MemoryOptions("memfd"))
FILE = GuestOptions(memory=MemoryOptions("file"))
HUGE = GuestOptions(memory=MemoryOptions("hugepages"))
REPORTS = GuestOptions(page_reporting=True)
ROOMY = GuestOptions(roomy=True)
NODES = GuestOptions(memory=MemoryOptions("memfd", nodes=2))
REBOOTED = GuestOptions(memory=MemoryOptions("memfd", nodes=2), may_reboot=True)
at_night = partial(promise, slow=True, nightly_on=("x86_64",))


@pytest.mark.timeout(SECONDS)
@at_night("untouched", path="qmp", mechanism="precopy", options=ROOMY, compared="memory")
@promise("untouched", path="qmp", mechanism="multifd", options=ROOMY, compared="memory", slow=True)
@promise("untouched", path="libvirt", mechanism="precopy", options=ROOMY, compared="memory", slow=True)
@promise("memfd", path="qmp", mechanism="precopy", options=MEMFD, compared="memory")
@promise("memfd", path="qmp", mechanism="postcopy", hardware="virtio", options=MEMFD, slow=True)
@promise("memfd", path="qmp", mechanism="postcopy-immediate", options=MEMFD, compared="memory", slow=True)
@promise("memfd", path="qmp", mechanism="postcopy-preempt", hardware="virtio", options=MEMFD, slow=True)
@promise("memfd", path="qmp", mechanism="multifd", options=MEMFD, compared="memory", slow=True)
@promise("memfd", path="qmp", mechanism="mapped-ram", options=MEMFD, slow=True)
@at_night("file", path="qmp", mechanism="precopy", options=FILE)
@promise("file", path="qmp", mechanism="postcopy", hardware="virtio", options=FILE, slow=True)
@promise("file", path="qmp", mechanism="multifd", options=FILE, slow=True)
@promise("file", path="qmp", mechanism="mapped-ram", options=FILE, slow=True)
@promise("hugepages", path="qmp", mechanism="precopy", options=HUGE, compared="memory", slow=True)
@promise("hugepages", path="qmp", mechanism="postcopy", hardware="virtio", options=HUGE, slow=True)
@at_night("hugepages", path="qmp", mechanism="postcopy-immediate", options=HUGE)
@promise("hugepages", path="qmp", mechanism="multifd", options=HUGE, slow=True)
@at_night("two-nodes", path="qmp", mechanism="precopy", vcpus=2, options=NODES)
@promise("two-nodes", path="qmp", mechanism="postcopy", hardware="virtio", vcpus=2, options=NODES, slow=True)
@promise("memfd", path="libvirt", mechanism="precopy", options=MEMFD, compared="memory", slow=True)
@promise("memfd", path="libvirt", mechanism="postcopy-immediate", options=MEMFD, compared="memory", slow=True)
@promise("file", path="libvirt", mechanism="precopy", options=FILE, compared="memory", slow=True)
@promise("hugepages", path="libvirt", mechanism="precopy", options=HUGE, slow=True)
@promise("hugepages", path="libvirt", mechanism="postcopy-immediate", options=HUGE, slow=True)
@promise("two-nodes", path="libvirt", mechanism="precopy", vcpus=2, options=NODES, slow=True)
@promise("two-nodes", path="libvirt", mechanism="postcopy-immediate", vcpus=2, options=NODES, slow=True)
def test_move_takes_no_more_memory_than_before(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and an update that takes the memory of each guest three times fills up the host."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)


@at_night("two-nodes-rebooted", path="qmp", mechanism="precopy", vcpus=2, options=REBOOTED)
@promise("two-nodes-rebooted", path="libvirt", mechanism="precopy", vcpus=2, options=REBOOTED, slow=True)
def test_guest_finds_its_numa_nodes_after_a_reboot(
    guest: Guest, hot_patch: HotPatch, numa_nodes: NumaNodes
) -> None:
    """Lose this and guests that place their work by node have it in the wrong one from their next boot on."""
    guest.must_reboot_first()
    numa_nodes.must_be_found()
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert guest.reboots()
    assert numa_nodes.are_as_before()
    guest.works()
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()


@promise("balloon", path="qmp", mechanism="postcopy", hardware="virtio")
@promise("balloon", path="qmp", mechanism="precopy", hardware="virtio", slow=True)
@promise("balloon", path="qmp", mechanism="multifd", hardware="virtio", slow=True)
@at_night("balloon", path="libvirt", mechanism="precopy", hardware="virtio")
@promise("balloon", path="libvirt", mechanism="postcopy", hardware="virtio", slow=True)
def test_inflated_balloon_is_kept_and_still_reports(
    guest: Guest, hot_patch: HotPatch, balloon: Balloon
) -> None:
    """Lose this and an update gives guests memory that the host has lent to others, or blinds its manager."""
    guest.works()
    balloon.must_work()
    assert hot_patch().runs_on_new_build
    assert balloon.keeps_its_size()
    assert balloon.statistics_come_again()
    assert examined(guest)
    assert balloon.deflates()
    assert guest.memory_is_intact()


@promise("page-reporting", path="qmp", mechanism="precopy", hardware="virtio", options=REPORTS, slow=True)
@at_night("page-reporting", path="qmp", mechanism="postcopy", hardware="virtio", options=REPORTS)
def test_free_pages_are_still_given_back(guest: Guest, hot_patch: HotPatch, balloon: Balloon) -> None:
    """Lose this and guests that once gave back what they freed keep all of it after an update."""
    guest.works()
    balloon.must_report_free_pages()
    assert hot_patch().runs_on_new_build
    assert examined(guest)
    assert balloon.reports_free_pages()
    assert guest.memory_is_intact()


@at_night("release-ram", path="qmp", mechanism="postcopy-immediate")
@promise("release-ram-memfd", path="qmp", mechanism="postcopy-immediate", options=MEMFD, slow=True)
def test_source_gives_back_what_it_has_sent(guest: Guest, releasing: Releasing) -> None:
    """Lose this and guests cannot be updated on a host that has no room for their memory twice."""
    releasing.must_be_offered()
    guest.works()
    assert releasing.hot_patch().runs_on_new_build
    assert releasing.source_gave_back()
    assert examined(guest)
