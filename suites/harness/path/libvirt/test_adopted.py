# SPDX-License-Identifier: Apache-2.0
"""What the restarted daemon says of a guest, compared with what it said before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fixtures.path.libvirt.adopted import added, definition, disks_in, same_definition, same_state

BEFORE = """
<domain type='qemu' id='1'><name>g</name><memory unit='KiB'>262144</memory>
<devices><disk type='file'><target dev='vda'/></disk><disk type='file'><target dev='vdb'/></disk></devices>
</domain>
"""


def domain(xml: str = BEFORE, state: str = "running booted") -> Any:
    """A domain of which its daemon says this."""
    described = ET.fromstring(xml)  # noqa: S314 - a sample
    return SimpleNamespace(described=lambda _flags: described, state=lambda: state)


def test_same_definition_is_the_same() -> None:
    """Lose this and every update is blamed for nothing."""
    assert same_definition(definition(domain()), definition(domain()))


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("<target dev='vdb'/>", "<target dev='vdc'/>", "'vdb' is lost"),
        ("<disk type='file'><target dev='vdb'/></disk>", "", "'vdb' is lost"),
        ("262144", "131072", "'262144' is now '131072'"),
    ],
)
def test_change_of_a_definition_is_found(old: str, new: str, said: str) -> None:
    """Lose this and a daemon may forget a guest's disk when it is restarted."""
    check = same_definition(definition(domain()), definition(domain(BEFORE.replace(old, new))))
    assert not check
    assert said in check.detail


def test_what_a_newer_daemon_knows_beside_it_is_no_change() -> None:
    """Lose this and each new element of libvirt is a finding."""
    before = definition(domain())
    now = definition(domain(BEFORE.replace("</devices>", "<audio id='1' type='none'/></devices>")))
    assert same_definition(before, now)
    assert "domain/devices[]/audio[none]@type = 'none'" in added(before, now)


@pytest.mark.parametrize("now, held", [("running unknown", True), ("gone", False), ("paused user", False)])
def test_guest_must_be_in_the_state_it_was_in(now: str, *, held: bool) -> None:
    """Lose this and a guest that its daemon forgot passes."""
    assert bool(same_state("running booted", domain(state=now))) is held


def test_order_of_elements_is_no_difference() -> None:
    """Lose this and every update is blamed when libvirt lists controllers in another order."""
    one, other = (
        "<disk type='file'><target dev='vda'/></disk>",
        "<disk type='file'><target dev='vdb'/></disk>",
    )
    turned = BEFORE.replace(one + other, other + one)
    assert turned != BEFORE
    assert same_definition(definition(domain()), definition(domain(turned)))


def test_disks_are_known_by_their_names() -> None:
    """Lose this and no statistics of a disk are asked for after an update."""
    assert disks_in(definition(domain())) == ["vda", "vdb"]
