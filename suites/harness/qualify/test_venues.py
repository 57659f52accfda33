# SPDX-License-Identifier: Apache-2.0
"""Where the guests of a cell run, by `--accelerator` and by what works."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import RigError, Unsupported, UsageError
from fixtures.matrix.names import AcceleratorChoice
from fixtures.matrix.schema import HostBuild, Matrix, Pair, RootBuild
from fixtures.qualify import pair_under_test as pair_module
from fixtures.qualify import venues as venues_module
from fixtures.qualify.emulated_hosts import EmulatedHosts
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.venue import Venue
from fixtures.qualify.venues import Venues
from suites.harness.support.scripted_attempts import SHIPPED

PAIR = Pair(old="debian-12", new="debian-13")
OLD, NEW = (Build(name, Sandbox(Path(f"/{name}")), {}) for name in (PAIR.old, PAIR.new))
Made = Callable[..., Venues]
STRETCH = 7.0


class Hosts:
    """Stand-ins for emulated hosts, and for all that they need."""

    def __init__(self) -> None:
        self.booted: list[str] = []
        self.lacks: tuple[str, ...] = ()
        """Builds that cannot be had for another architecture."""
        self.offline = False
        """True if no build can be made for another architecture."""
        self.opened: list[tuple[str, str]] = []

    def open_build(self, _matrix: Matrix, name: str, *, host_arch: str = "amd64", **_more: Any) -> Build:
        """A build that is never run."""
        if name in self.lacks and host_arch != "amd64":
            raise Unsupported(f"build {name}:{host_arch}: gone")
        if self.offline and host_arch != "amd64":
            raise UsageError("the Debian mirror cannot be reached")
        self.opened.append((name, host_arch))
        return Build(name, Sandbox(Path(f"/{host_arch}/{name}")), {})

    def boot(self, _emulator: Build, arch: str, _image: Path, **_more: Any) -> Any:
        """A host that is never asked anything."""
        self.booted.append(arch)
        lives = SimpleNamespace(lost=None)
        return SimpleNamespace(kind="emulated", stretch=STRETCH, connection=lives, close=lambda: None)


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """What the venues boot and open."""
    hosts = Hosts()
    monkeypatch.setattr(venues_module, "open_build", hosts.open_build)
    monkeypatch.setattr(venues_module, "probed", lambda _build, _arch, host: host())
    monkeypatch.setattr(venues_module, "EMULATED_BY_DEFAULT", frozenset({"ppc64le"}))
    for name in ("host_image", "guest_image"):
        monkeypatch.setattr(venues_module, name, lambda _matrix, arch, **_more: Path(f"/{arch}"))
    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", hosts.boot)
    return hosts


@pytest.fixture
def made(hosts: Hosts, tmp_path: Path) -> Made:
    """Makes venues of the shipped matrix."""

    def make(
        wanted: AcceleratorChoice, *, kvm: bool = False, matrix: Matrix = SHIPPED, strict_pins: bool = False
    ) -> Venues:
        return Venues(
            matrix,
            PAIR,
            wanted,
            strict_pins=strict_pins,
            has_kvm=lambda _arch: kvm,
            why_no_kvm=lambda _arch: "there is no /dev/kvm",
            evidence=lambda: tmp_path,
        )

    return make


@pytest.fixture
def power_pair(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> PairUnderTest:
    """A run of ppc64le guests on emulated hosts, with builds that are never run."""
    monkeypatch.setattr(pair_module, "probed", lambda _build, _arch: SimpleNamespace(version="10.0.13"))
    monkeypatch.setattr(pair_module, "usable_accelerator", lambda _build, _arch, _image: "tcg")
    monkeypatch.setattr(pair_module, "digest_of", lambda _build, _archs: "")
    for name in ("image_notes", "notes_on_shared"):
        monkeypatch.setattr(pair_module, name, lambda *_all: [])
    monkeypatch.setattr(pair_module, "guest_image", lambda *_all, **_more: Path("/image"))
    pair = PairUnderTest(SHIPPED, PAIR, strict_pins=False, accelerator="emulated")
    pair.old, pair.new = (replace(build, programs={"ppc64le": "/usr/bin/qemu"}) for build in (OLD, NEW))
    pair.archs = ("ppc64le",)
    return pair


def of(venues: Venues, arch: Any, path: str = "qmp") -> Venue:
    """Where guests of these two builds run."""
    return venues.of(arch, path, OLD, NEW)


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


@pytest.mark.parametrize(
    "wanted,kvm,label",
    [
        ("auto", True, "kvm"),
        ("auto", False, "kvm on an emulated host"),
        ("kvm", True, "kvm"),
        ("emulated", True, "kvm on an emulated host"),
    ],
)
def test_what_needs_kvm_runs_under_kvm(made: Made, wanted: AcceleratorChoice, kvm: bool, label: str) -> None:
    """Lose this and what a cell says of KVM's code was seen under TCG."""
    assert made(wanted, kvm=kvm).of("x86_64", "qmp", OLD, NEW, needs_kvm=True).label == label


@pytest.mark.parametrize(
    "wanted,path,emulator,why",
    [
        ("tcg", "qmp", SHIPPED.emulator, "it needs KVM, which --accelerator tcg excludes"),
        (
            "auto",
            "qmp",
            {},
            r"it needs KVM: .*\(there is no /dev/kvm\), and no emulated host runs these builds",
        ),
    ],
)
def test_what_needs_kvm_is_unsupported_without(
    made: Made, wanted: AcceleratorChoice, path: str, emulator: dict[str, str], why: str
) -> None:
    """Lose this and a run without KVM ends with an error, or its cells pass under TCG."""
    venues = made(wanted, matrix=SHIPPED.model_copy(update={"emulator": emulator}))
    with pytest.raises(Unsupported, match=why):
        venues.of("x86_64", path, OLD, NEW, needs_kvm=True)
    assert venues.of("x86_64", path, OLD, NEW).label == "tcg"


def test_host_for_what_needs_kvm_is_prepared(made: Made, hosts: Hosts) -> None:
    """Lose this and every worker makes the emulated host's image and asks its builds, at the same time."""
    venues = made("auto")
    venues.prepare([("x86_64", "qmp", False)])
    assert not hosts.booted
    venues.prepare([("x86_64", "qmp", True)])
    assert hosts.booted == ["x86_64"]
    assert venues.on_this_machine("x86_64", "qmp")
    assert not venues.on_this_machine("x86_64", "qmp", needs_kvm=True)


def test_emulated_host_has_builds_of_its_own(made: Made, hosts: Hosts) -> None:
    """Lose this and a POWER host gets programs for x86_64."""
    venue = of(made("emulated"), "ppc64le")
    assert venue.old.sandbox.root == Path("/ppc64el/debian-12")
    assert (venue.programs.kind, venue.accelerator) == ("emulated", "kvm")
    assert Path("/dev/kvm") in venue.devices
    assert ("debian-13", "ppc64el") in hosts.opened


def test_builds_on_this_machine_are_those_of_the_run(made: Made, hosts: Hosts) -> None:
    """Lose this and each cell opens the builds again, or an unusable /dev/kvm is shown to QEMU."""
    venue = of(made("tcg"), "ppc64le")
    assert (venue.old, venue.new, venue.programs.kind) == (OLD, NEW, "local")
    assert venue.devices == (Path("/dev/userfaultfd"),)
    assert not hosts.opened


def test_host_is_booted_once(made: Made, hosts: Hosts) -> None:
    """Lose this and each cell waits for a boot."""
    venues = made("emulated")
    for _ in range(3):
        of(venues, "ppc64le")
    of(venues, "x86_64")
    assert hosts.booted == ["ppc64le", "x86_64"]


def test_lost_host_is_replaced(made: Made, hosts: Hosts) -> None:
    """Lose this and one crash of the host fails all cells after it."""
    venues = made("emulated")
    host: Any = of(venues, "ppc64le").programs
    host.connection.lost = "it ended"
    assert of(venues, "ppc64le").programs is not host
    assert hosts.booted == ["ppc64le", "ppc64le"]


def test_host_that_does_not_boot_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and each cell waits minutes for a host that never comes."""
    tries = []

    def boot(*_all: Any, **_more: Any) -> None:
        tries.append(1)
        raise RigError("no KVM in it")

    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", boot)
    hosts = EmulatedHosts(lambda _arch: OLD, lambda: tmp_path)
    for _ in range(2):
        with pytest.raises(RigError, match="no KVM in it"):
            hosts.of("ppc64le", tmp_path, [])
    assert len(tries) == 1


@pytest.mark.parametrize("wanted,ends", [("auto", False), ("emulated", True)])
def test_host_that_does_not_boot_ends_only_a_run_that_asks_for_it(
    wanted: AcceleratorChoice, ends: bool, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and one broken host keeps all other guests from being qualified."""

    def boot(*_all: Any, **_more: Any) -> None:
        raise RigError("no KVM in it")

    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", boot)
    venues = made(wanted)
    with pytest.raises(RigError, match="no KVM in it") if ends else nullcontext():
        venues.prepare([("ppc64le", "qmp", False)])
    assert of(made("tcg"), "x86_64").label == "tcg"
    with pytest.raises(RigError, match="no KVM in it"):
        of(venues, "ppc64le")


def test_missing_build_is_unsupported_where_the_host_is_demanded(made: Made, hosts: Hosts) -> None:
    """Lose this and a build that Debian lacks for POWER ends the run."""
    hosts.lacks = ("debian-13",)
    venues = made("emulated")
    venues.prepare([("ppc64le", "qmp", False)])
    with pytest.raises(Unsupported, match="build debian-13:ppc64el: gone"):
        of(venues, "ppc64le")


def test_missing_build_is_noted_where_the_host_is_only_preferred(made: Made, hosts: Hosts) -> None:
    """Lose this and ppc64le guests run under TCG, and nobody reads why."""
    hosts.lacks = ("debian-13",)
    venues = made("auto")
    assert of(venues, "ppc64le").label == "tcg"
    assert venues.notes(["x86_64", "ppc64le"], "debian-13") == [
        "ppc64le guests run under TCG: build debian-13:ppc64el: gone"
    ]


def test_machine_without_network_runs_what_it_has(made: Made, hosts: Hosts) -> None:
    """Lose this and a run without a network ends, because of a build that it can do without."""
    hosts.offline = True
    venues = made("auto")
    assert of(venues, "ppc64le").label == "tcg"
    assert venues.notes(["ppc64le"], "debian-12") == [
        "ppc64le guests run under TCG: the Debian mirror cannot be reached"
    ]


def test_strict_pins_hold_for_emulated_hosts(made: Made, hosts: Hosts) -> None:
    """Lose this and a pin that is gone for POWER changes the accelerator, although pins are strict."""
    hosts.offline = True
    with pytest.raises(UsageError, match="mirror cannot be reached"):
        of(made("auto", strict_pins=True), "ppc64le")


def test_missing_build_does_not_end_the_run(power_pair: PairUnderTest, hosts: Hosts) -> None:
    """Lose this and a pair that Debian lacks for POWER has no table, and pages name an unused accelerator."""
    hosts.lacks = ("debian-13",)
    said = [power_pair.info(build) for build in (power_pair.old, power_pair.new)]
    assert [info.notes for info in said] == [
        ("ppc64le guests are not moved: build debian-13:ppc64el: gone",),
    ] * 2
    assert [info.accelerators for info in said] == [{}, {}]


def test_kvm_that_boots_no_guest_names_the_builds(
    power_pair: PairUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a user whose /dev/kvm is there does not know that a build fails with it."""
    monkeypatch.setattr(pair_module, "lack_of_kvm", lambda _arch: "")
    monkeypatch.setattr(
        pair_module, "usable_accelerator", lambda build, *_: "kvm" if build.name == OLD.name else "tcg"
    )
    assert power_pair.why_no_kvm("ppc64le") == (
        "/dev/kvm exists, but a guest does not boot with it under debian-13"
    )


def test_package_is_that_of_the_guests(power_pair: PairUnderTest) -> None:
    """Lose this and a run of ppc64le guests reports the package of QEMU for x86_64."""
    installed = {"qemu-system-x86": "1:10.0.13", "qemu-system-ppc": "1:10.0.12"}
    power_pair.old = replace(power_pair.old, installed=installed)
    assert power_pair.info(power_pair.old).package == "qemu-system-ppc 1:10.0.12"


def test_time_limit_learns_how_slow_the_host_is(power_pair: PairUnderTest) -> None:
    """Lose this and a test on a slow host ends before its own waits do."""
    learnt: list[float] = []
    power_pair.when_placed = learnt.append
    power_pair.venue("ppc64le", "qmp")
    assert learnt == [STRETCH]


def test_emulated_host_is_named_as_accelerator(power_pair: PairUnderTest) -> None:
    """Lose this and pages say that guests of an emulated host ran under TCG."""
    assert power_pair.info(power_pair.old).accelerators == {"ppc64le": "kvm on an emulated host"}


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


class Losable:
    """A host that a test can lose."""

    gone = False

    def lost(self) -> bool:
        """See :class:`fixtures.hosts.interface.ProgramHost`."""
        return self.gone


def test_lost_host_has_no_daemons(power_pair: PairUnderTest) -> None:
    """Lose this and every cell after a host that was lost asks libvirt daemons that ended with it."""
    host: Any = Losable()
    daemons = power_pair.daemons_on(host)
    assert power_pair.daemons_on(host) is daemons
    host.gone = True
    other: Any = Losable()
    assert power_pair.daemons_on(other) is not daemons
    assert host not in power_pair._daemons
