# SPDX-License-Identifier: Apache-2.0
"""Does a hot patch end against a guest that writes faster than its memory can be sent?"""

from dataclasses import replace

from fixtures.attempt.convergence import CALM, LOAD, WAYS, Convergence
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.names import ARCHES
from fixtures.matrix.promises import promise

PASSES_WITHOUT_HELP = 4


@promise(
    "precopy-is-hopeless",
    path="qmp",
    mechanism="precopy",
    profile="busy",
    version="newest-old",
    nightly_on=ARCHES,
)
@promise(
    "precopy-is-hopeless",
    path="libvirt",
    mechanism="precopy",
    profile="busy",
    version="newest-old",
    slow=True,
)
def test_hopeless_precopy_can_be_cancelled_and_done_later(guest: Guest, convergence: Convergence) -> None:
    """Lose this and a hot patch that gets nowhere costs the guest its life, or its next chance."""
    assert convergence.guest_outruns_it()
    assert convergence.precopy_is_hopeless()
    assert guest.memory_is_intact()
    guest.slows_down(CALM)
    assert convergence.hot_patch().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise(
    "postcopy-ends-it",
    path="qmp",
    mechanism="postcopy",
    profile="busy",
    version="newest-old",
    nightly_on=("ppc64le",),
)
@promise(
    "postcopy-ends-it",
    path="libvirt",
    mechanism="postcopy",
    profile="busy",
    version="newest-old",
    nightly_on=ARCHES,
)
def test_postcopy_ends_what_precopy_cannot(guest: Guest, convergence: Convergence) -> None:
    """Lose this and the guests that write most can never be hot-patched."""
    assert convergence.guest_outruns_it()
    assert convergence.ended_by_postcopy().runs_on_new_build
    assert guest.memory_is_intact()
    assert guest.every_vcpu_wakes()
    assert guest.kernel_log_is_clean()


@promise("auto-converge-ends-it", path="qmp", mechanism="precopy", profile="busy")
@promise("longer-downtime-ends-it", path="qmp", mechanism="precopy", profile="busy", nightly_on=("x86_64",))
@promise("xbzrle-ends-it", path="qmp", mechanism="precopy", profile="busy", slow=True)
@promise("multifd-zlib-ends-it", path="qmp", mechanism="multifd", profile="busy", slow=True)
@promise("multifd-zstd-ends-it", path="qmp", mechanism="multifd", profile="busy", slow=True)
@promise("dirty-limit-ends-it", path="qmp", mechanism="precopy", profile="busy")
def test_precopy_ends_with_help(cell: Cell, guest: Guest, convergence: Convergence) -> None:
    """Lose this and whoever cannot use postcopy has no way to end a hopeless precopy."""
    way = WAYS[cell.aspect.removesuffix("-ends-it")]
    convergence.must_offer(way)
    assert convergence.guest_outruns_it(replace(LOAD, noise=way.noise))
    assert convergence.precopy_is_hopeless(PASSES_WITHOUT_HELP)
    patched = convergence.hot_patch_by(way)
    assert patched.runs_on_new_build
    if "auto-converge" in way.needs:
        assert convergence.throttle_rose(patched)
    assert guest.memory_is_intact()
    assert guest.kernel_log_is_clean()
