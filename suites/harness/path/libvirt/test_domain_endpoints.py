# SPDX-License-Identifier: Apache-2.0
"""Is an endpoint in the definition of its domain, and is its address found in the XML of a running one?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fixtures.matrix.domain_endpoints import BY_NAME, DOMAIN_ENDPOINTS, DomainEndpoint
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.path.libvirt.daemon import Daemon
from fixtures.path.libvirt.daemon_files import STATE
from fixtures.path.libvirt.domain_xml import for_destination, render_domain, socket_paths

PLACE = Path("/tmp/hp-<'y>")
RUNNING = {
    "vnc-port": ("<graphics type='vnc' port='5905' autoport='no' listen='127.0.0.1'>", "5905"),
    "vnc-autoport": ("<graphics type='vnc' port='5900' autoport='yes' listen='127.0.0.1'>", "5900"),
    "vnc-socket": ("<graphics type='vnc' socket='/tmp/x/vnc'>", "/tmp/x/vnc"),
    "spice-port": ("<graphics type='spice' port='5930' autoport='no' listen='127.0.0.1'>", "5930"),
    "spice-autoport": ("<graphics type='spice' port='5900' autoport='yes'>", "5900"),
    "channel-path": ("<source mode='bind' path='/tmp/x/channel'/>", "/tmp/x/channel"),
    "channel-auto": ("<source mode='bind' path='/run/libvirt/x'/>", "/run/libvirt/x"),
}
"""A part of what libvirt 11.3 gives of a running domain, and the address in it."""


def xml_of(endpoint: DomainEndpoint) -> str:
    """The XML of a guest that has it."""
    hardware, options = "virtio" if endpoint.is_channel else "bare", GuestOptions(endpoint=endpoint.name)
    return render_domain(
        GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", hardware, 0, options=options),
        name="hotpatch",
        program="/usr/bin/qemu",
        accelerator="tcg",
        images=Path("/images"),
        attempt_dir=PLACE,
        sockets=socket_paths(PLACE, "source"),
    )


@pytest.mark.parametrize("endpoint", DOMAIN_ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_domain_has_its_endpoint(endpoint: DomainEndpoint) -> None:
    """Lose this and a guest without it passes for one whose address is reachable."""
    devices = ET.fromstring(xml_of(endpoint)).find("devices")  # noqa: S314 - our own
    assert devices is not None
    graphics, channels = devices.findall("graphics"), devices.findall("channel/source")
    assert [each.get("type") for each in graphics] == ([] if endpoint.is_channel else [endpoint.protocol])
    assert [each.get("mode") for each in channels] == (["bind"] if endpoint.is_channel else [])
    if endpoint.name == "vnc-socket":
        assert [each.get("socket") for each in graphics[0]] == [f"{PLACE}/vnc"]


@pytest.mark.parametrize("endpoint", DOMAIN_ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_destination_gets_the_address_of_the_source(endpoint: DomainEndpoint) -> None:
    """Lose this and the two sides do not want the same address, so that nothing is tested."""
    there = ET.fromstring(for_destination(xml_of(endpoint), PLACE))  # noqa: S314 - our own
    here = ET.fromstring(xml_of(endpoint))  # noqa: S314 - our own
    wanted = "devices/channel" if endpoint.is_channel else "devices/graphics"
    assert [*map(ET.tostring, there.findall(wanted))] == [*map(ET.tostring, here.findall(wanted))]


@pytest.mark.parametrize("name", BY_NAME)
def test_address_is_found(name: str) -> None:
    """Lose this and the suite connects to an address that libvirt does not name."""
    xml, address = RUNNING[name]
    found = re.search(BY_NAME[name].address, xml)  # type: ignore[index]
    assert found is not None
    assert found[1] == address


def test_path_that_a_daemon_names_is_found_outside_of_it() -> None:
    """Lose this and a channel in libvirt's own directory counts as unreachable."""
    daemon: Any = object.__new__(Daemon)
    daemon._state = {inner: Path("/tmp/hp-x/s1") / name for inner, name in STATE.items()}
    assert daemon.outside(Path("/run/libvirt/a/b")) == Path("/tmp/hp-x/s1/run/a/b")
    assert daemon.outside(Path("/var/lib/libvirt/c")) == Path("/tmp/hp-x/s1/lib/c")
    assert daemon.outside(Path("/tmp/hp-x/vnc")) == Path("/tmp/hp-x/vnc")
