# SPDX-License-Identifier: Apache-2.0
"""The domain XML describes the same guest as the command line."""

from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fixtures.machine.interface import label_of_destination
from fixtures.matrix.guest_options import USUAL, GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.machine_settings import GENERATION, SETTINGS
from fixtures.matrix.memory_options import Backing, MemoryOptions
from fixtures.matrix.names import Arch, Hardware
from fixtures.matrix.nics import VIRTIO
from fixtures.matrix.tpms import TpmModel, TpmOptions
from fixtures.path.libvirt.cpu_definition import HOST_CPU
from fixtures.path.libvirt.domain import Domain
from fixtures.path.libvirt.domain_xml import for_destination, render_domain, socket_paths

RUN_DIR = Path("/tmp/hp-x/hp-<y>")
HARD = "a&b<\"'>"
"""Letters that XML cannot have as they are."""
MACHINES: dict[Arch, str] = {"x86_64": "pc-q35-7.2", "ppc64le": "pseries-7.2,x-vof=on"}
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"


def xml_of(
    arch: Arch,
    hardware: Hardware = "virtio",
    vcpus: int = 2,
    *,
    round_memory: bool = False,
    accelerator: str = "tcg",
    cpu: str = "",
    options: GuestOptions = USUAL,
) -> str:
    """The XML of a guest with characters in all names that XML must escape."""
    return render_domain(
        GuestSpec(arch, MACHINES[arch], vcpus, "busy", hardware, 0, round_memory, options=options),
        name=f"hotpatch-{HARD}",
        program=f"/usr/bin/{HARD}",
        accelerator=accelerator,
        cpu=cpu,
        images=Path("/images", HARD),
        attempt_dir=RUN_DIR,
        sockets=socket_paths(RUN_DIR, "source"),
    )


def arguments(xml: str) -> list[str]:
    """What is passed through to QEMU."""
    found = ET.fromstring(xml).findall(f"{QEMU}commandline/{QEMU}arg")  # noqa: S314 - our own
    return [argument.get("value", "") for argument in found]


@pytest.mark.parametrize("arch,hardware,vcpus", list(product(MACHINES, ("bare", "virtio"), (1, 2))))
def test_domain_is_the_guest(arch: Arch, hardware: Hardware, vcpus: int) -> None:
    """Lose this and libvirt's cells qualify another guest than their names say."""
    root = ET.fromstring(xml_of(arch, hardware, vcpus))  # noqa: S314 - our own
    machine = root.find("os/type")
    assert machine is not None
    assert (machine.get("arch"), machine.get("machine")) == (arch, MACHINES[arch].partition(",")[0])
    assert root.findtext("vcpu") == str(vcpus)
    assert root.findtext("os/cmdline") == GuestSpec(arch, "", vcpus, "busy", hardware, 0).kernel_command_line
    sources = [source.get("path") for source in root.findall("devices/serial/source")]
    assert sources == [f"{RUN_DIR}/source-console", f"{RUN_DIR}/source-agent"]
    virtio = [
        root.find(f"devices/{device}") is not None for device in ("disk", "interface", "rng", "channel")
    ]
    assert virtio == [hardware == "virtio"] * 4


def test_names_arrive_as_they_are() -> None:
    """Lose this and a directory or a build with an ampersand in its name cannot be qualified by libvirt."""
    root = ET.fromstring(xml_of("x86_64"))  # noqa: S314 - our own
    assert root.findtext("name") == f"hotpatch-{HARD}"
    assert root.findtext("devices/emulator") == f"/usr/bin/{HARD}"
    assert root.findtext("os/kernel") == f"/images/{HARD}/kernel"


@pytest.mark.parametrize("accelerator,kind", [("tcg", "qemu"), ("kvm", "kvm")])
def test_domain_runs_on_the_accelerator_of_the_run(accelerator: str, kind: str) -> None:
    """Lose this and libvirt's cells say KVM and run under TCG."""
    root = ET.fromstring(xml_of("x86_64", accelerator=accelerator))  # noqa: S314 - our own
    assert root.get("type") == kind


def test_domain_has_the_cpu_that_libvirt_is_asked_for() -> None:
    """Lose this and the cells about definitions of CPUs have one and the same CPU."""
    root = ET.fromstring(xml_of("x86_64", accelerator="kvm", cpu=HOST_CPU))  # noqa: S314 - our own
    assert ET.tostring(root.find("cpu"), encoding="unicode").strip() == '<cpu mode="host-passthrough" />'  # type: ignore[arg-type]
    assert ET.fromstring(xml_of("x86_64")).find("cpu") is None  # noqa: S314 - our own


def test_property_of_the_machine_is_passed_through() -> None:
    """Lose this and ppc64le guests boot with other firmware by libvirt than by QMP."""
    assert arguments(xml_of("ppc64le")) == ["-machine", "x-vof=on"]


@pytest.mark.usefixtures("pages_of_4_kib")
def test_ram_that_libvirt_would_round_is_passed_through() -> None:
    """Lose this and x86_64 guests are in the reach of a defect of old QEMUs that hides all others."""
    passed = arguments(xml_of("x86_64"))
    assert passed[-1] == "size=262152K"
    assert "memory-backend=ram" in passed


def test_round_ram_is_libvirts_own() -> None:
    """Lose this and the cells of guests with the usual RAM have other RAM than guests in the field."""
    assert arguments(xml_of("x86_64", round_memory=True)) == []


@pytest.mark.parametrize("backing", ["memfd", "file"])
def test_ram_is_made_by_libvirts_elements(backing: Backing) -> None:
    """Lose this and the cell of a memfd has anonymous memory."""
    options = GuestOptions(memory=MemoryOptions(backing))
    xml = xml_of("x86_64", round_memory=True, options=options)
    memory = ET.fromstring(xml).find("memoryBacking")  # noqa: S314 - our own
    assert memory is not None
    assert [(each.tag, *each.attrib.values()) for each in memory] == [
        ("source", backing),
        ("access", "shared"),
    ]
    assert arguments(xml) == []
    assert ET.fromstring(xml_of("x86_64")).find("memoryBacking") is None  # noqa: S314 - our own


def test_huge_pages_are_libvirts_own() -> None:
    """Lose this and the cell of huge pages has small ones by libvirt."""
    options = GuestOptions(memory=MemoryOptions("hugepages"))
    xml = xml_of("x86_64", round_memory=True, options=options)
    memory = ET.fromstring(xml).find("memoryBacking")  # noqa: S314 - our own
    assert memory is not None
    page = memory.find("hugepages/page")
    assert page is not None
    assert page.attrib == {"size": "2048", "unit": "KiB"}
    assert [(each.tag, *each.attrib.values()) for each in memory][1:] == [
        ("source", "memfd"),
        ("access", "shared"),
    ]
    assert arguments(xml) == []


def test_numa_nodes_are_libvirts_own() -> None:
    """Lose this and the cell of two nodes has one by libvirt, or a node without memory."""
    options = GuestOptions(memory=MemoryOptions("memfd", nodes=2))
    xml = xml_of("x86_64", vcpus=2, round_memory=True, options=options)
    cells = ET.fromstring(xml).findall("cpu/numa/cell")  # noqa: S314 - our own
    assert [dict(each.attrib) for each in cells] == [
        {"id": "0", "cpus": "0", "memory": "131072", "unit": "KiB"},
        {"id": "1", "cpus": "1", "memory": "131072", "unit": "KiB"},
    ]
    assert arguments(xml) == []
    assert ET.fromstring(xml_of("x86_64")).find("cpu") is None  # noqa: S314 - our own


@pytest.mark.parametrize("arch,devices", [("x86_64", {"watchdog"}), ("ppc64le", {"input"})])
def test_managed_guest_has_what_is_managed(arch: Arch, devices: set[str]) -> None:
    """Lose this and libvirt's guests have no watchdog, keyboard or network to act on."""
    root = ET.fromstring(xml_of(arch, "managed"))  # noqa: S314 - our own
    assert {device.tag for device in root.iterfind("devices/*")} >= {*devices, "interface", "disk"}


def test_each_side_writes_its_own_frames() -> None:
    """Lose this and the destination's announcement is looked for among the source's frames."""
    xml = xml_of("x86_64", "managed")
    there = for_destination(xml.replace('"', "'").replace("&lt;y&gt;", "<y>"), RUN_DIR)
    assert f"file={RUN_DIR}/source-lan.pcap" in arguments(xml)[-1]
    assert f"file={RUN_DIR}/destination-lan.pcap" in there


def test_destination_differs_in_its_channels_only() -> None:
    """Lose this and libvirt's ABI check refuses the move, or both QEMUs share the rig's channels."""
    source = (
        "<a path='/r/source-console'/><b path='/r/source-agent'/><c path='/r/source-echo'/>"
        "<d path='/r/disk.raw'/><e path='/r/source-console-2'/><f path='/s/source-agent'/>"
        "<g>/r/source-echo</g>"
    )
    there = for_destination(source, Path("/r"))
    assert there == source.replace("'/r/source-console'", "'/r/destination-console'").replace(
        "'/r/source-agent'", "'/r/destination-agent'"
    ).replace("'/r/source-echo'", "'/r/destination-echo'")


def test_third_machine_has_channels_of_its_own() -> None:
    """Lose this and the second move's QEMU takes the console of the source."""
    xml = "<a path='/r/destination-console'/><b path='/r/destination-2-agent'/>"
    there = for_destination(xml, Path("/r"), "destination", label_of_destination(1))
    assert there == "<a path='/r/destination-2-console'/><b path='/r/destination-2-agent'/>"


def test_guest_on_a_tap_is_on_the_bridge() -> None:
    """Lose this and libvirt's guest has no card, or every guest has one."""
    card = "devices/interface[@type='bridge']/model"
    model = ET.fromstring(xml_of("x86_64", "bare", options=GuestOptions(nic=VIRTIO))).find(card)  # noqa: S314 - our own
    assert model is not None
    assert ET.fromstring(xml_of("x86_64", "bare")).find(card) is None  # noqa: S314 - our own


@pytest.mark.parametrize("model", ["tpm-crb", "tpm-tis"])
def test_guest_has_the_tpm_of_its_cell(model: TpmModel) -> None:
    """Lose this and libvirt moves a guest without the TPM that the cell is about, or gives each guest one."""
    xml = xml_of("x86_64", options=GuestOptions(tpm=TpmOptions(model)))
    found = ET.fromstring(xml).findall("devices/tpm")  # noqa: S314 - our own
    assert [each.get("model") for each in found] == [model]
    backend = found[0].find("backend")
    assert backend is not None
    assert backend.attrib == {"type": "emulator", "version": "2.0"}
    assert ET.fromstring(xml_of("x86_64")).find("devices/tpm") is None  # noqa: S314 - our own


@pytest.mark.parametrize(
    "interface, name",
    [
        ("<interface type='bridge'><target dev='vnet3'/></interface>", "vnet3"),
        ("<interface type='ethernet'><target dev='t-source' managed='no'/></interface>", "t-source"),
        ("", ""),
    ],
)
def test_tap_of_a_domain_is_named(interface: str, name: str) -> None:
    """Lose this and frames of a guest of libvirt are looked for at no port, or at another's."""
    other = "<interface type='user'><target dev='vnet9'/></interface>"
    handle = SimpleNamespace(XMLDesc=lambda _flags: f"<domain><devices>{other}{interface}</devices></domain>")
    domain: Any = SimpleNamespace(handle=handle, bounded=lambda call, _what: call())
    domain.described = lambda: Domain.described(domain)
    assert Domain.tap(domain) == name


def test_destination_takes_the_tap_that_it_is_given() -> None:
    """Lose this and the destination wants the source's tap, which is in use."""
    there = for_destination("<target dev='t-source' managed='no'/>", Path("/r"))
    assert there == "<target dev='t-destination' managed='no'/>"


def test_guest_without_a_user_network_has_no_card() -> None:
    """Lose this and libvirt refuses every guest of a QEMU that is built without libslirp."""
    assert "<interface" in xml_of("x86_64")
    assert "<interface" not in xml_of("x86_64", options=GuestOptions(user_network=False))


def test_settings_are_libvirts_own_elements() -> None:
    """Lose this and libvirt's guests have a HPET, which managers take out, or a setting is ignored."""
    names = tuple(setting.name for setting in SETTINGS)
    xml = xml_of("x86_64", options=GuestOptions(settings=names))
    found = ET.fromstring(xml)  # noqa: S314 - our own
    timers = {timer.get("name"): dict(timer.attrib) for timer in found.findall("clock[@offset='utc']/timer")}
    assert timers == {
        "hpet": {"name": "hpet", "present": "no"},
        "rtc": {"name": "rtc", "tickpolicy": "catchup"},
        "pit": {"name": "pit", "tickpolicy": "delay"},
    }
    states = {each.tag: each.get("state") for each in found.findall("features/*") if each.get("state")}
    assert states == {"vmport": "off", "vmcoreinfo": "on"}
    assert [(each.tag, each.get("enabled")) for each in found.findall("pm/*")] == [
        ("suspend-to-mem", "no"),
        ("suspend-to-disk", "no"),
    ]
    assert found.findtext("genid") == GENERATION
    assert "hpet" not in " ".join(arguments(xml))
    plain = ET.fromstring(xml_of("x86_64"))  # noqa: S314 - our own
    assert [plain.find(tag) for tag in ("clock", "pm", "genid")] == [None] * 3
