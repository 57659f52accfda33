# SPDX-License-Identifier: Apache-2.0
"""Comparison of two builds' machines, with the differences that a guest can notice marked."""

import struct
from typing import Any

import pytest

from fixtures.still.guest_view import (
    SeenDifference,
    View,
    capabilities,
    compare,
    compare_machines,
    configuration_space,
    views,
)
from fixtures.still.qtree import parse as parse_tree
from fixtures.still.stream import parse as parse_stream
from suites.harness.support.streams import stream_of

TREE = """\
bus: main-system-bus
  type System
  dev: i440FX-pcihost, id ""
    bus: pci.0
      type PCI
      dev: nic, id "d12"
        vectors = 4 (0x4)
        netdev = "n12"
        addr = 03.0
        class Ethernet controller, addr 00:03.0, pci id 8086:100e (sub 1af4:1100)
        bar 0: mem at 0xffffffffffffffff [0x1fffe]
      dev: PIIX3, id ""
        addr = 01.0
        class ISA bridge, addr 00:01.0, pci id 8086:7000 (sub 1af4:1100)
"""
NIC: dict[str, Any] = {
    "qdev_id": "d12",
    "slot": 3,
    "function": 0,
    "regions": [{"bar": 0, "type": "memory", "prefetch": False, "mem_type_64": True}],
}
PCI: list[dict[str, Any]] = [{"bus": 0, "devices": [NIC]}]
MSIX_AT, EXPRESS_AT = 0x40, 0x60


def config(
    *, revision: int = 3, vectors: int = 4, link_status: int = 0x11, slot: int = 0, extended: bytes = b""
) -> bytes:
    """A configuration space with MSI-X and PCI Express."""
    space = bytearray(4096 if extended else 256)
    space[0:4] = struct.pack("<HH", 0x8086, 0x100E)
    space[6], space[8], space[0x34] = 0x10, revision, MSIX_AT
    space[MSIX_AT : MSIX_AT + 12] = struct.pack("<BBHII", 0x11, EXPRESS_AT, vectors - 1, 0, 0x800)
    space[EXPRESS_AT : EXPRESS_AT + 2] = b"\x10\0"
    space[EXPRESS_AT + 18 : EXPRESS_AT + 24] = struct.pack("<HI", link_status, slot)
    space[0x100 : 0x100 + len(extended)] = extended
    return bytes(space)


def machine(
    tree: str = TREE, space: bytes | None = None, pci: list[dict[str, Any]] | None = None, **blocks: int
) -> dict[str, View]:
    """A machine with one network card."""
    sent = config() if space is None else space
    section = {
        "name": "0000:00:03.0/nic",
        "instance_id": 0,
        "vmsd_name": "nic",
        "version": 1,
        "fields": [{"name": "config", "type": "pci config", "size": len(sent)}],
    }
    sizes = {"pc.ram": 0x4000, "0000:00:03.0/nic.rom": 0x40000, "/rom@etc/acpi/tables": 0x20000} | blocks
    stream = parse_stream(stream_of([(section, sent)], sizes))
    return views(stream, parse_tree(tree), PCI if pci is None else pci)


def the(found: list[SeenDifference]) -> SeenDifference:
    """The only difference."""
    (only,) = found
    return only


def test_a_machine_is_the_same_as_itself() -> None:
    """Lose this and every update is accused."""
    assert compare_machines(machine(), machine()) == []


def test_devices_are_named_as_the_rig_named_them() -> None:
    """Lose this and a difference cannot be assigned to a device."""
    found = machine()
    assert list(found) == ["machine", "i440FX-pcihost", "d12", "0000:00:01.0"]
    assert found["d12"].seen["bar 0"] == "mem 0x20000"
    assert found["d12"].seen["bar 0 kind"] == "64-bit memory"
    assert found["d12"].seen["RAM block 0000:00:03.0/nic.rom"] == "0x40000"


@pytest.mark.parametrize(
    "new,what",
    [
        ({"tree": TREE.replace("8086:100e", "8086:10d3")}, "ids"),
        ({"tree": TREE.replace("0x1fffe", "0x3fffe")}, "bar 0"),
        ({"tree": TREE.replace("vectors = 4 (0x4)", "vectors = 5 (0x5)")}, "property vectors"),
        ({"space": config(revision=4)}, "revision"),
        ({"space": config(vectors=5)}, "capability at 0x40: 0x11"),
        ({"space": config(slot=7)}, "capability at 0x60: 0x10"),
        ({"0000:00:03.0/nic.rom": 0x80000}, "RAM block 0000:00:03.0/nic.rom"),
        ({"pc.bios": 0x40000}, "RAM block pc.bios"),
        ({"pci": [{"devices": [NIC | {"regions": [{"bar": 0, "prefetch": True}]}]}]}, "bar 0 kind"),
    ],
)  # fmt: skip
def test_what_a_guest_can_notice_is_reported(new: dict[str, Any], what: str) -> None:
    """Lose this and a guest finds another device than it booted with, and the update passes."""
    found = the(compare_machines(machine(), machine(**new)))
    assert (found.what, found.guest_visible) == (what, True)


@pytest.mark.parametrize(
    "old,new",
    [
        ('netdev = "n12"', 'netdev = "other"'),
        ("vectors = 4 (0x4)", "vectors = 4 (0x4)\n        x-new = true"),
        ("vectors = 4 (0x4)", "vectors = 4 (0x4)\n        pit = "),
        ("dev: PIIX3,", "dev: piix3-isa,"),
    ],
    ids=["backend", "only one build has it", "empty", "renamed type"],
)
def test_what_only_the_host_sees_is_not_held_against_the_update(old: str, new: str) -> None:
    """Lose this and every update is unsafe for things that no guest can notice."""
    found = compare_machines(machine(), machine(tree=TREE.replace(old, new)))
    assert not any(each.guest_visible for each in found)


@pytest.mark.parametrize(
    "name,old,new,visible",
    [
        ("rombar", "1", "-1", False),
        ("logical_block_size", "512", "0", False),
        ("logical_block_size", "512", "4096", True),
        ("queue-size", "256", "1024", True),
        ("x-pcie-ext-tag", "true", "false", True),
        ("romfile", '"efi-e1000.rom"', '"other.rom"', False),
        ("i8042", '"/machine/unattached/device[8]"', '"/machine/unattached/device[9]"', False),
    ],
)
def test_properties_of_the_host_are_distinguished_from_those_of_the_guest(
    name: str, old: str, new: str, visible: bool
) -> None:
    """Lose this and a default in another spelling counts, or a queue of another size does not."""
    before, after = (View("d1", "nic", properties={name: value}) for value in (old, new))
    assert the(compare(before, after)) == SeenDifference("d1", f"property {name}", old, new, visible)


def test_memory_behind_a_property_is_no_difference() -> None:
    """Lose this and a build differs from itself from one run to the next."""
    first, second = (View("d1", "isa-applesmc", properties={"osk": value}) for value in ("a", "b"))
    assert compare(first, second) == []


def test_registers_that_migrate_are_left_out() -> None:
    """Lose this and a link that is up in one build and not yet in the other makes an update unsafe."""
    assert compare_machines(machine(), machine(space=config(link_status=0x2011))) == []


def test_tables_that_are_resized_go_over_unnoticed() -> None:
    """Lose this and every update that changes ACPI tables is unsafe."""
    grown: dict[str, Any] = {"/rom@etc/acpi/tables": 0x40000}
    found = the(compare_machines(machine(), machine(**grown)))
    assert not found.guest_visible


def test_extended_capabilities_are_compared() -> None:
    """Lose this and PCI Express devices may change what they can do."""
    serial, other = (struct.pack("<IQ", 0x00010003, number) for number in (1, 2))
    found = the(
        compare_machines(machine(space=config(extended=serial)), machine(space=config(extended=other)))
    )
    assert (found.what, found.guest_visible) == ("extended capability at 0x100", True)


def test_capability_that_is_gone_is_reported() -> None:
    """Lose this and a driver that uses MSI-X finds none after the move."""
    without = bytearray(config())
    without[0x34] = EXPRESS_AT
    found = the(compare_machines(machine(), machine(space=bytes(without))))
    assert (found.what, found.new) == ("capability at 0x40: 0x11", "")


def test_capabilities_that_point_at_each_other_end() -> None:
    """Lose this and a broken device hangs the rig."""
    loop = bytearray(config())
    loop[EXPRESS_AT + 1] = MSIX_AT
    assert list(capabilities(bytes(loop))) == ["capability at 0x40: 0x11", "capability at 0x60: 0x10"]


@pytest.mark.parametrize("express,length", [(True, 4096), (False, 256)])
def test_configuration_space_of_virtio_is_found(express: bool, length: int) -> None:
    """Lose this and virtio devices, which save it by code of their own, are not compared."""
    space = bytearray(config(extended=bytes(16)))
    if not express:
        space[MSIX_AT + 1] = 0
    state = struct.pack(">I", 2) + bytes(space) + bytes(100)
    section = {
        "name": "0000:00:03.0/virtio-net", "instance_id": 0, "vmsd_name": "virtio-net", "version": 11,
        "fields": [{"name": "virtio", "type": "virtio", "size": len(state)}],
    }  # fmt: skip
    stream = parse_stream(stream_of([(section, state)]))
    assert configuration_space(stream, stream.sections["0000:00:03.0/virtio-net", 0]) == bytes(space[:length])


def test_device_that_is_gone_from_the_bus_is_reported() -> None:
    """Lose this and a built-in PCI device that a build no longer has goes unnoticed."""
    without = TREE[: TREE.index("      dev: PIIX3")]
    assert the(compare_machines(machine(), machine(tree=without))).guest_visible


@pytest.mark.parametrize(
    "model, name, value, offered",
    [
        ("virtio-net-device", "guest_uso4", "true", True),
        ("virtio-net-device", "guest_uso4", "false", False),
        ("virtio-net-device", "x-internal", "true", False),
        ("virtio-net-pci", "ioeventfd", "true", False),
    ],
)
def test_new_feature_of_virtio_on_an_old_machine_type_is_seen(
    model: str, name: str, value: str, offered: bool
) -> None:
    """Lose this and a feature whose compatibility property was forgotten is offered to old guests unseen."""
    found = the(compare(View("d1", model), View("d1", model, properties={name: value})))
    assert found.guest_visible == offered
