# SPDX-License-Identifier: Apache-2.0
"""Where the guests of a cell run, by `--accelerator` and by what works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import HostBuild, RootBuild
from fixtures.matrix.names import AcceleratorChoice
from suites.harness.support.scripted_attempts import SHIPPED
from suites.harness.support.scripted_venues import NEW, OLD, PAIR, STRETCH, Hosts, Made, of


@pytest.mark.parametrize(
    "wanted,kvm,arch,path,label",
    [
        ("auto", True, "x86_64", "qmp", "kvm"),
        ("auto", True, "ppc64le", "qmp", "kvm"),
        ("auto", False, "x86_64", "qmp", "tcg"),
        ("auto", False, "ppc64le", "qmp", "kvm on an emulated host"),
        ("auto", False, "ppc64le", "libvirt", "tcg"),
        ("kvm", True, "x86_64", "libvirt", "kvm"),
        ("emulated", True, "x86_64", "qmp", "kvm on an emulated host"),
        ("emulated", True, "x86_64", "libvirt-direct", "kvm on an emulated host"),
        ("tcg", True, "ppc64le", "qmp", "tcg"),
    ],
)
def test_guests_run_where_the_user_wants(
    made: Made, wanted: AcceleratorChoice, kvm: bool, arch: str, path: str, label: str
) -> None:
    """Lose this and a verdict is about another accelerator than the one that was asked for."""
    assert of(made(wanted, kvm=kvm), arch, path).label == label


def test_builds_on_this_machine_are_those_of_the_run(made: Made, hosts: Hosts) -> None:
    """Lose this and each cell opens the builds again, or an unusable /dev/kvm is shown to QEMU."""
    venue = of(made("tcg"), "ppc64le")
    assert (venue.old, venue.new, venue.programs.kind) == (OLD, NEW, "local")
    assert venue.devices == (Path("/dev/userfaultfd"),)
    assert not hosts.opened


@pytest.mark.parametrize("wanted,slowness", [("emulated", 3 * STRETCH), ("tcg", 3.0)])
def test_guest_is_patient_on_an_overloaded_machine(
    made: Made, wanted: AcceleratorChoice, slowness: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and devices of a guest are reported as dead, because other programs run beside it."""
    monkeypatch.setattr("fixtures.qualify.venue.overload", lambda: 3.0)
    assert of(made(wanted), "ppc64le").slowness == slowness


@pytest.mark.parametrize(
    "wanted,path,here", [("emulated", "qmp", False), ("emulated", "libvirt", False), ("tcg", "libvirt", True)]
)
def test_this_machine_needs_only_what_runs_on_it(
    made: Made, wanted: AcceleratorChoice, path: str, here: bool
) -> None:
    """Lose this and a machine without userfaultfd cannot qualify postcopy on an emulated host."""
    assert made(wanted).on_this_machine("x86_64", path) is here


ROOT = RootBuild(kind="root", path="/srv")


@pytest.mark.parametrize(
    "arch,path,changed,may",
    [
        ("ppc64le", "qmp", {}, True),
        ("ppc64le", "libvirt", {}, False),
        ("ppc64le", "qmp", {"emulator": {}}, False),
        ("ppc64le", "qmp", {"builds": {**SHIPPED.builds, PAIR.new: ROOT}}, False),
        ("x86_64", "qmp", {"builds": {**SHIPPED.builds, PAIR.new: ROOT}}, True),
        ("x86_64", "qmp", {"builds": {**SHIPPED.builds, PAIR.new: HostBuild(kind="host")}}, False),
    ],
)
def test_emulated_host_is_offered_only_where_it_can_be(
    made: Made, arch: Any, path: str, changed: dict[str, Any], may: bool
) -> None:
    """Lose this and the suite recommends an option that leaves the cell unsupported."""
    venues = made("tcg", matrix=SHIPPED.model_copy(update=changed))
    assert venues.may_be_emulated(arch, path) is may


@pytest.mark.parametrize(
    "wanted,path,lacks,why",
    [
        ("auto", "qmp", ("debian-13",), "build debian-13:ppc64el: gone"),
        ("auto", "qmp", (), ""),
        ("auto", "libvirt", ("debian-13",), ""),
        ("tcg", "qmp", ("debian-13",), ""),
    ],
)
def test_reader_learns_that_no_emulated_host_is_to_be_had(
    made: Made, hosts: Hosts, wanted: AcceleratorChoice, path: str, lacks: tuple[str, ...], why: str
) -> None:
    """Lose this and the reason of a cell recommends an option that cannot work with these builds."""
    hosts.lacks = lacks
    assert made(wanted).asked_in_vain("ppc64le", path) == why


def test_what_cannot_be_had_is_one_message(made: Made) -> None:
    """Lose this and a wrong option is a traceback, or is ignored."""
    with pytest.raises(
        UsageError, match="--accelerator kvm: KVM of this machine runs no x86_64 guests: there is no /dev/kvm"
    ):
        of(made("kvm"), "x86_64")
    with pytest.raises(Unsupported, match="path libvirt does not run on an emulated host"):
        of(made("emulated"), "ppc64le", "libvirt")


@pytest.mark.parametrize(
    "arch,versions", [("x86_64", "QEMU 6.2 or newer"), ("ppc64le", "QEMU 7.0 or newer, but not 10.0")]
)
def test_missing_emulator_is_one_message(made: Made, arch: str, versions: str) -> None:
    """Lose this and the user names a QEMU that cannot emulate such a host."""
    venues = made("emulated", matrix=SHIPPED.model_copy(update={"emulator": {}}))
    with pytest.raises(UsageError, match="--accelerator emulated: no build emulates a host") as raised:
        of(venues, arch)
    assert f"name one with {versions} under `emulator.{arch}` in the matrix file" in str(raised.value)
