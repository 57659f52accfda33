# SPDX-License-Identifier: Apache-2.0
"""Does what only KVM does for an x86_64 guest survive the move? TCG runs none of this code."""

from collections.abc import Callable
from functools import reduce
from itertools import product
from typing import Any, TypeVar

from fixtures.attempt.attempt import HotPatch
from fixtures.attempt.convergence import WAYS, Convergence
from fixtures.attempt.set_times import SetTimes
from fixtures.attempt.under_kvm import UnderKvm
from fixtures.guest.examination import examined
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.promises import Promise, promise

Test = TypeVar("Test", bound=Callable[..., Any])
PASSES_WITHOUT_HELP = 4
DIRTY_RING, CPU_HOST = GuestOptions(dirty_ring=True), GuestOptions(cpu_host=True)


def x86(aspect: str, mechanism: str, profile: str = "idle", **more: object) -> Promise:
    """A promise about an x86_64 guest under KVM, moved by QMP; `slow` unless said otherwise."""
    words = {"path": "qmp", "needs_kvm": True, "only": "x86_64", "slow": True}
    return promise(f"kvm-{aspect}", mechanism=mechanism, profile=profile, **words | more)  # type: ignore[arg-type]


def survives() -> Callable[[Test], Test]:
    """The mechanisms that move most guests, each with both profiles and both numbers of vCPUs."""
    mechanisms = ("precopy", "postcopy", "postcopy-immediate", "multifd", "ignore-shared")
    ways = product(mechanisms, ("idle", "busy"), (1, 2))
    promises = [x86("survives", mechanism, profile, vcpus=vcpus) for mechanism, profile, vcpus in ways]
    return lambda test: reduce(lambda declared, each: each(declared), promises, test)


@survives()
def test_guest_survives_under_kvm(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and a guest that KVM runs is lost by an update that every guest of TCG survives."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)


@x86("cpu-host", "precopy", vcpus=2, options=CPU_HOST)
@x86("cpu-host", "postcopy", "busy", options=CPU_HOST)
def test_guest_keeps_the_cpu_of_its_host(guest: Guest, hot_patch: HotPatch) -> None:
    """Lose this and a guest with `-cpu host` gets another CPU while it runs, or registers of it are lost."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert examined(guest)


@x86("clock", "precopy", nightly_on=("x86_64",))
@x86("clock", "precopy", vcpus=2)
@x86("clock", "postcopy", "busy", slow=False)
def test_kvms_clock_goes_on(cell: Cell, guest: Guest, hot_patch: HotPatch, kvm: UnderKvm) -> None:
    """Lose this and the time in every guest under KVM jumps, or it gets another, slower clock."""
    guest.works()
    assert kvm.keeps_the_time()
    patched = hot_patch()
    assert patched.runs_on_new_build
    assert kvm.keeps_the_time()
    if cell.mechanism == "postcopy":
        assert kvm.fetched_pages(patched)
    assert examined(guest)


@x86("timers", "precopy")
@x86("timers", "postcopy", vcpus=2)
def test_kvms_timers_go_off(guest: Guest, hot_patch: HotPatch, kvm: UnderKvm, set_times: SetTimes) -> None:
    """Lose this and an idle vCPU whose timer is in KVM's interrupt controller sleeps for good."""
    guest.works()
    assert kvm.has_the_irqchip()
    set_times.alarm_is_set()
    assert hot_patch().runs_on_new_build
    assert kvm.has_the_irqchip()
    assert set_times.alarm_rings()
    assert set_times.timers_expire()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@x86("page-faults", "postcopy-immediate", "busy", nightly_on=("x86_64",))
@x86("page-faults", "postcopy-immediate", "busy", vcpus=2)
def test_kvms_page_faults_fetch_pages(guest: Guest, hot_patch: HotPatch, kvm: UnderKvm) -> None:
    """Lose this and vCPUs of a busy guest hang in KVM, or read zeros, where a page has not arrived yet."""
    guest.works()
    patched = hot_patch()
    assert patched.runs_on_new_build
    assert kvm.fetched_pages(patched)
    assert examined(guest)


@x86("dirty-ring", "precopy", "busy", options=DIRTY_RING)
@x86("dirty-ring", "precopy", "busy", vcpus=2, options=DIRTY_RING)
@x86("dirty-ring", "multifd", "busy", vcpus=2, options=DIRTY_RING)
@x86("dirty-ring", "postcopy", "busy", options=DIRTY_RING)
def test_guest_survives_with_a_dirty_ring(guest: Guest, hot_patch: HotPatch, kvm: UnderKvm) -> None:
    """Lose this and a page is lost if KVM noted its write in a vCPU's ring and not in a bitmap."""
    guest.works()
    assert hot_patch().runs_on_new_build
    assert kvm.logs_by_ring()
    assert examined(guest)


@x86("dirty-limit", "precopy", "busy", vcpus=2, options=DIRTY_RING)
def test_dirty_limit_makes_precopy_end(guest: Guest, convergence: Convergence) -> None:
    """Lose this and the only brake for single vCPUs that write too much does not hold, or never lets go."""
    way = WAYS["dirty-limit"]
    convergence.must_offer(way)
    assert convergence.guest_outruns_it()
    assert convergence.precopy_is_hopeless(PASSES_WITHOUT_HELP)
    assert convergence.hot_patch_by(way).runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
