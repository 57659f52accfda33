# SPDX-License-Identifier: Apache-2.0
"""Proof of the update's checks: packages with a defect on purpose replace those of a host with guests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.builds.build import Build
from fixtures.builds.debian_system import debian_system
from fixtures.cache import cache_root
from fixtures.errors import Unsupported
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.machine.machine_types import resolve
from fixtures.machine.probe import probed
from fixtures.matrix.build_specs import DebianBuild
from fixtures.outcome.judgement import Judgement
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.run.executing import pair_under_test_of
from fixtures.update import rounds
from fixtures.update.emulated import made_inside
from fixtures.update.guests import guests_of
from fixtures.update.round import Round
from suites.harness.support.seeds_of_packages import KVM_SEEDS, PACKAGE_SEEDS, PackageSeed
from suites.harness.support.wrong_packages import wrong_system

SECONDS = 1800
KVM_SECONDS = 7200
pytestmark = [pytest.mark.x86_64, pytest.mark.seeded, pytest.mark.slow, pytest.mark.timeout(SECONDS)]


@pytest.fixture
def under_test(request: pytest.FixtureRequest) -> PairUnderTest:
    """The pair of this run, of which the new build is used."""
    found = pair_under_test_of(request.config)
    if not isinstance(found.matrix.build(found.pair.new), DebianBuild):
        pytest.skip("wrong packages are made of a build of kind `debian`")
    return found


@pytest.fixture
def place() -> Iterator[Path]:
    """In the cache, because hard links must be on the file system of their file."""
    with attempt_dir(cache_root()) as made:
        yield made


def test_wrong_package_is_blamed(
    under_test: PairUnderTest, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a defect of the new packages may be blamed on the old ones, or on moves."""
    if under_test.pair.old == under_test.pair.new:
        pytest.skip("old and new are the same build")
    seed, matrix = PACKAGE_SEEDS["kills-the-log"], under_test.matrix
    right = {build.name: debian_system(matrix, build.name) for build in (under_test.old, under_test.new)}
    # In a package of QEMU: an update that has no newer libvirt leaves the packages of libvirt alone.
    wrong = wrong_system(right[under_test.new.name], replace(seed.wrong, package="qemu-system-x86"), place)
    systems = {**right, under_test.new.name: wrong}
    (guest,) = (each.up_to(seed.step) for each in guests_of(matrix) if each.name == seed.guest)
    monkeypatch.setattr(rounds, "debian_system", lambda _matrix, name: systems[name])
    monkeypatch.setattr(rounds, "guests_of", lambda *_, **__: [guest])
    probes = (probed(build, "x86_64") for build in (under_test.old, under_test.new))
    sweep: Any = SimpleNamespace(
        under_test=under_test,
        report=tmp_path,
        suite="update",
        plan=SimpleNamespace(needs_kvm=False),
        venue=SimpleNamespace(place="tcg", accelerator="tcg"),
    )
    made = rounds.Rounds(sweep, resolve("q35", "newest-old", *probes))

    def run(source: Build, destination: Build, label: str) -> RunRecord:
        return made.record(source, destination, label, guest, seed.step)

    outcome, reason = Judgement(run, under_test.old, under_test.new).outcome()
    assert (outcome, reason.partition(":")[0]) == (Outcome.DEFECT_NEW, seed.check), reason


def round_with(seed: PackageSeed, under_test: PairUnderTest, place: Path, evidence: Path) -> Round:
    """The new build is installed again, with this defect in a package."""
    build, matrix = under_test.new, under_test.matrix
    right, probe = debian_system(matrix, build.name), probed(build, "x86_64")
    residents = guests_of(matrix, interrupted=seed.interrupted, under_kvm=seed.under_kvm)
    return Round(
        matrix,
        build,
        build,
        (right, wrong_system(right, seed.wrong, place)),
        resolve("q35", "newest-old", probe, probe),
        under_test.image("x86_64"),
        evidence,
        [replace(each, away="precopy", back="precopy") for each in residents if each.name == seed.guest],
        "kvm" if seed.under_kvm else "tcg",
    )


def demand_found(seed: PackageSeed, made: Round) -> None:
    """The step of the seed fails as it must, and no step before it that need not."""
    record = made.records[(seed.guest, seed.step)]
    said = f"{record.result}: {record.reason} ({record.harm}: {record.harm_proof})"
    assert record.reason.startswith(f"{seed.check}: "), said
    assert record.harm is seed.harm, said
    steps = made.guests[0].steps
    before = steps[: steps.index(seed.step)]
    failed = [step for step in before if made.records[(seed.guest, step)].result != "pass"]
    assert failed == ([seed.after] if seed.after else [])


@pytest.mark.parametrize("name", PACKAGE_SEEDS)
def test_wrong_package_is_found(name: str, under_test: PairUnderTest, place: Path, tmp_path: Path) -> None:
    """Lose this and the check of this step may be one that cannot fail."""
    made = round_with(PACKAGE_SEEDS[name], under_test, place, tmp_path)
    try:
        made.run()
    except Unsupported as error:
        pytest.skip(str(error))
    demand_found(PACKAGE_SEEDS[name], made)


@pytest.mark.kvm
@pytest.mark.timeout(KVM_SECONDS)
@pytest.mark.parametrize("name", KVM_SEEDS)
def test_wrong_package_is_found_under_kvm(
    name: str, under_test: PairUnderTest, place: Path, tmp_path: Path
) -> None:
    """Lose this and guests under KVM may be rehearsed without KVM, or without AppArmor."""
    made = round_with(KVM_SEEDS[name], under_test, place, tmp_path)
    try:
        if under_test.place("x86_64", "libvirt", needs_kvm=True) == "emulated":
            made_inside(made, partial(under_test.machine_of_its_own, "x86_64"))
        elif KVM_SEEDS[name].check == "confinement":
            pytest.skip("a host has AppArmor only inside an emulated host")
        else:
            made.run()
    except Unsupported as error:
        pytest.skip(str(error))
    demand_found(KVM_SEEDS[name], made)
