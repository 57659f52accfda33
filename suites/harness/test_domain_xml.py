# SPDX-License-Identifier: Apache-2.0
"""The domain XML: the same guest as the command line makes, in libvirt's words."""

from itertools import product
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fixtures.domain_xml import for_destination, render_domain, socket_paths
from fixtures.guestspec import GuestSpec
from fixtures.matrix import Arch, Hardware

RUN_DIR = Path("/tmp/hp-x/hp-<y>")
MACHINES: dict[Arch, str] = {"x86_64": "pc-q35-7.2", "ppc64le": "pseries-7.2,x-vof=on"}
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"


def xml_of(arch: Arch, hardware: Hardware = "virtio") -> str:
    """The XML of a guest whose directory has letters that XML cannot have as they are."""
    return render_domain(
        GuestSpec(arch, MACHINES[arch], 2, "busy", hardware, 0),
        name="hotpatch-x",
        program="/usr/bin/qemu",
        accelerator="tcg",
        images=Path("/images"),
        run_dir=RUN_DIR,
        sockets=socket_paths(RUN_DIR, "source"),
    )


def arguments(xml: str) -> list[str]:
    """What is passed through to QEMU."""
    found = ET.fromstring(xml).findall(f"{QEMU}commandline/{QEMU}arg")  # noqa: S314 - our own
    return [argument.get("value", "") for argument in found]


@pytest.mark.parametrize("arch,hardware", list(product(MACHINES, ("bare", "virtio"))))
def test_domain_is_the_guest(arch: Arch, hardware: Hardware) -> None:
    """Lose this and libvirt's cells qualify another guest than their names say."""
    root = ET.fromstring(xml_of(arch, hardware))  # noqa: S314 - our own
    machine = root.find("os/type")
    assert machine is not None
    assert (machine.get("arch"), machine.get("machine")) == (arch, MACHINES[arch].partition(",")[0])
    assert root.findtext("vcpu") == "2"
    sources = [source.get("path") for source in root.findall("devices/serial/source")]
    assert sources == [f"{RUN_DIR}/source-console", f"{RUN_DIR}/source-agent"]
    virtio = [
        root.find(f"devices/{device}") is not None for device in ("disk", "interface", "rng", "channel")
    ]
    assert virtio == [hardware == "virtio"] * 4


def test_property_of_the_machine_is_passed_through() -> None:
    """Lose this and ppc64le guests boot with other firmware by libvirt than by QMP."""
    assert arguments(xml_of("ppc64le")) == ["-machine", "x-vof=on"]


def test_ram_that_libvirt_would_round_is_passed_through() -> None:
    """Lose this and x86_64 guests are in the reach of a defect of old QEMUs that hides all others."""
    passed = arguments(xml_of("x86_64"))
    assert passed[-1] == "size=262152K"
    assert "memory-backend=ram" in passed


def test_destination_differs_in_its_channels_only() -> None:
    """Lose this and libvirt's ABI check refuses the move, or both QEMUs share the rig's channels."""
    source = "<a path='/r/source-console'/><b path='/r/source-agent'/><c path='/r/disk.raw'/>"
    there = for_destination(source, Path("/r"))
    assert there == source.replace("/r/source-", "/r/destination-")
