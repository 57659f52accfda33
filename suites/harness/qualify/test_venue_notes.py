# SPDX-License-Identifier: Apache-2.0
"""What a run's report says of where its guests run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.qualify import pair_under_test as pair_module
from fixtures.qualify.pair_under_test import PairUnderTest
from suites.harness.support.scripted_venues import OLD, Hosts


def test_missing_build_does_not_end_the_run(power_pair: PairUnderTest, hosts: Hosts) -> None:
    """Lose this and a pair that Debian lacks for POWER has no table, and pages name an unused accelerator."""
    hosts.lacks = ("debian-13",)
    said = [power_pair.info(build) for build in (power_pair.old, power_pair.new)]
    note = "ppc64le guests are not moved: build debian-13:ppc64el: gone"
    assert [info.notes for info in said] == [(), (note,)]
    assert power_pair.notes() == [note]
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


def test_emulated_host_is_named_as_accelerator(power_pair: PairUnderTest) -> None:
    """Lose this and pages say that guests of an emulated host ran under TCG."""
    assert power_pair.info(power_pair.old).accelerators == {"ppc64le": "kvm on an emulated host"}
