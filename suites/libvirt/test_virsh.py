# SPDX-License-Identifier: Apache-2.0
"""The commands that docs/qualify.md recommends for a hot patch by hand, given to the build's own virsh."""

from fixtures.attempt import virsh
from fixtures.attempt.libvirt_moves import LibvirtMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.promises import promise

SLOW, FAST = "1", "1024"
"""MiB a second. The first pass then takes more than a minute, in which a test can act; or no time."""


@promise("virsh-precopy", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_precopy(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and the plain command of the recipe does not work."""
    guest.works()
    assert libvirt.hot_patch_by(virsh.migrates(libvirt)).runs_on_new_build
    assert guest.memory_is_intact()


@promise("virsh-postcopy", path="libvirt", mechanism="postcopy", nightly_on=("x86_64",))
def test_postcopy_by_a_second_command(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and `virsh migrate-postcopy` does not help a move that does not end."""
    guest.works()

    def switch() -> None:
        libvirt.sends_memory()
        virsh.run(libvirt.domain, "migrate-postcopy", libvirt.domain.name)

    options = ("--postcopy", "--bandwidth", SLOW, "--postcopy-bandwidth", "48")
    mover = virsh.migrates(libvirt, *options, meanwhile=switch)
    assert libvirt.hot_patch_by(mover).runs_on_new_build
    assert guest.memory_is_intact()


@promise("virsh-postcopy-after-precopy", path="libvirt", mechanism="postcopy")
def test_postcopy_after_the_first_pass(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and the one command that always ends does not."""
    guest.works()
    virsh.run(libvirt.domain, "migrate-setmaxdowntime", libvirt.domain.name, "1")
    bandwidth = virsh.postcopy_bandwidth(libvirt.domain)
    mover = virsh.migrates(libvirt, "--postcopy", "--postcopy-after-precopy", "--bandwidth", bandwidth)
    assert libvirt.hot_patch_by(mover).runs_on_new_build
    assert guest.memory_is_intact()


@promise("virsh-timeout-postcopy", path="libvirt", mechanism="postcopy", profile="busy")
def test_postcopy_after_a_timeout(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a move that an administrator bounded in time runs on for ever."""
    guest.works()
    options = ("--postcopy", "--timeout", "2", "--timeout-postcopy", "--bandwidth", SLOW)
    assert libvirt.hot_patch_by(virsh.migrates(libvirt, *options)).runs_on_new_build
    assert guest.memory_is_intact()


@promise("virsh-domjobinfo", path="libvirt", mechanism="precopy", profile="busy")
def test_domjobinfo_tells_of_the_move(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and an administrator cannot see the progress of a move."""
    guest.works()
    shown: dict[str, str] = {}

    def look() -> None:
        libvirt.sends_memory()
        shown.update(virsh.fields_of(virsh.run(libvirt.domain, "domjobinfo", libvirt.domain.name)))
        virsh.run(libvirt.domain, "migrate-setspeed", libvirt.domain.name, FAST)

    libvirt.hot_patch_by(virsh.migrates(libvirt, "--bandwidth", SLOW, meanwhile=look))
    assert libvirt.check(
        "domjobinfo", shown.get("Operation") == "Outgoing migration" and "Data remaining" in shown, str(shown)
    )
    done = virsh.fields_of(virsh.run(libvirt.domain, "domjobinfo", "--completed", libvirt.domain.name))
    assert libvirt.check("domjobinfo", "Total downtime" in done, str(done))
