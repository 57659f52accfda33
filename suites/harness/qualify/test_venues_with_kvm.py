# SPDX-License-Identifier: Apache-2.0
"""Where the cells run that need KVM."""

from __future__ import annotations

import pytest

from fixtures.errors import Unsupported
from fixtures.matrix.names import AcceleratorChoice
from suites.harness.support.scripted_attempts import SHIPPED
from suites.harness.support.scripted_venues import NEW, OLD, Hosts, Made


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
