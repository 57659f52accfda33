# SPDX-License-Identifier: Apache-2.0
"""What is prepared to run guests on an emulated host: its boot, and the builds in it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import RigError, Unsupported, UsageError
from fixtures.hosts.emulated.connection import HostLost
from fixtures.matrix.names import AcceleratorChoice
from fixtures.qualify.emulated_hosts import EmulatedHosts
from fixtures.qualify.pair_under_test import PairUnderTest
from suites.harness.support.scripted_venues import OLD, STRETCH, Hosts, Made, of


def test_emulated_host_has_builds_of_its_own(made: Made, hosts: Hosts) -> None:
    """Lose this and a POWER host gets programs for x86_64."""
    venue = of(made("emulated"), "ppc64le")
    assert venue.old.sandbox.root == Path("/ppc64el/debian-12")
    assert (venue.programs.kind, venue.accelerator) == ("emulated", "kvm")
    assert Path("/dev/kvm") in venue.devices
    assert ("debian-13", "ppc64el") in hosts.opened


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


@pytest.mark.parametrize("stopped, boots", [(1, True), (2, False)])
def test_host_whose_boot_stops_is_booted_once_more(
    stopped: int,
    boots: bool,
    made: Made,
    hosts: Hosts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lose this and one boot that the emulator stops ends a run undecided, or nobody reads of it."""
    tries = []

    def boot(*all_: Any, **more: Any) -> Any:
        tries.append(1)
        if len(tries) <= stopped:
            raise HostLost("it did not boot within 240 s")
        return hosts.boot(*all_, **more)

    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", boot)
    venues = made("emulated")
    with nullcontext() if boots else pytest.raises(HostLost):
        notes = [of(venues, "x86_64").note for _ in range(2)]
        assert notes == ["the host was booted once more: it did not boot within 240 s", ""]
    assert len(tries) == 2


def test_machine_of_its_own_sees_all_files_and_is_booted_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a round on an emulated host finds no suite there, or ends by a boot that stops."""
    booted: list[dict[str, Any]] = []

    def boot(*_all: Any, **more: Any) -> Any:
        booted.append(more)
        if len(booted) == 1:
            raise HostLost("it did not boot within 240 s")
        return "the host"

    monkeypatch.setattr("fixtures.qualify.emulated_hosts.boot", boot)
    hosts = EmulatedHosts(lambda _arch: OLD, lambda: tmp_path)
    made: Any = hosts.of_whole_machine("x86_64", tmp_path, tmp_path / "kept", 1234, 1)
    assert made == "the host"
    assert [each["evidence"] for each in booted] == [tmp_path / "kept", tmp_path / "kept/booted-again"]
    assert all(each["directories"] == [Path("/")] and each["whole_machine"] for each in booted)
    assert {(each["memory_mib"], each["vcpus"]) for each in booted} == {(1234, 1)}


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
    assert venues.notes_on_pair(["x86_64", "ppc64le"]) == [
        "ppc64le guests run under TCG: build debian-13:ppc64el: gone"
    ]


def test_machine_without_network_runs_what_it_has(made: Made, hosts: Hosts) -> None:
    """Lose this and a run without a network ends, because of a build that it can do without."""
    hosts.offline = True
    venues = made("auto")
    assert of(venues, "ppc64le").label == "tcg"
    assert venues.notes_on_pair(["ppc64le"]) == [
        "ppc64le guests run under TCG: the Debian mirror cannot be reached"
    ]


def test_strict_pins_hold_for_emulated_hosts(made: Made, hosts: Hosts) -> None:
    """Lose this and a pin that is gone for POWER changes the accelerator, although pins are strict."""
    hosts.offline = True
    with pytest.raises(UsageError, match="mirror cannot be reached"):
        of(made("auto", strict_pins=True), "ppc64le")


def test_time_limit_learns_how_slow_the_host_is(power_pair: PairUnderTest) -> None:
    """Lose this and a test on a slow host ends before its own waits do."""
    learnt: list[float] = []
    power_pair.when_placed = learnt.append
    power_pair.venue("ppc64le", "qmp")
    assert learnt == [STRETCH]


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
