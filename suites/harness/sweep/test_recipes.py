# SPDX-License-Identifier: Apache-2.0
"""The suite's own tests: how devices come onto a command line, without any QEMU."""

from __future__ import annotations

from fixtures.sweep.device_models import DeviceModel, models_in
from fixtures.sweep.recipes import devices_of, machine_arguments, needs_host, recipe_for

HELP = """Controller/Bridge/Hub devices:
name "pcie-root-port", bus PCI, desc "PCI Express Root Port"
name "usb-hub", bus usb-bus

Storage devices:
name "ich9-ahci", bus PCI, alias "ahci"
name "nvdimm", desc "DIMM memory module"
name "usb-hub", bus usb-bus

CPU devices:
name "qemu64-v1-x86_64-cpu"
"""


def _device(name: str, bus: str = "PCI") -> tuple[str, ...]:
    (device,) = devices_of([DeviceModel(name, bus, "")])
    return device.arguments


def test_help_is_read_line_by_line() -> None:
    """Lose this and the devices after one without an alias are never asked."""
    assert models_in(HELP) == (
        DeviceModel("ich9-ahci", "PCI", "ahci"),
        DeviceModel("nvdimm", "", ""),
        DeviceModel("pcie-root-port", "PCI", ""),
        DeviceModel("qemu64-v1-x86_64-cpu", "", ""),
        DeviceModel("usb-hub", "usb-bus", ""),
    )


def test_a_device_comes_after_its_backend() -> None:
    """Lose this and QEMU knows no backend by that name."""
    assert _device("virtio-net-pci") == (
        *("-netdev", "hubport,id=nd0,hubid=1"),
        *("-device", "virtio-net-pci,id=d0,netdev=nd0"),
    )


def test_a_model_without_a_recipe_is_tried_all_the_same() -> None:
    """Lose this and a device that came with a new QEMU is dropped in silence."""
    assert _device("brand-new") == ("-device", "brand-new,id=d0")


def test_devices_share_a_parent() -> None:
    """Lose this and every USB device of a machine brings a controller with the same id."""
    devices = devices_of([DeviceModel("usb-kbd", "usb-bus", ""), DeviceModel("usb-tablet", "usb-bus", "")])
    arguments = machine_arguments("x86_64", "pc-q35-7.2", devices)
    assert [word for word in arguments if "xhci" in word] == ["qemu-xhci,id=usb,p2=15,p3=15"]
    assert arguments.index("qemu-xhci,id=usb,p2=15,p3=15") < arguments.index("usb-kbd,id=d0,bus=usb.0")


def test_an_isa_device_on_pseries_brings_its_bus() -> None:
    """Lose this and no ISA device of pseries is ever moved."""
    devices = devices_of([DeviceModel("isa-serial", "ISA", "")])
    assert "i82378,id=isa" in machine_arguments("ppc64le", "pseries-7.2", devices)
    assert "i82378,id=isa" not in machine_arguments("x86_64", "pc-q35-7.2", devices)


def test_a_dimm_makes_room_for_itself() -> None:
    """Lose this and QEMU has no slot for the DIMM."""
    devices = devices_of([DeviceModel("pc-dimm", "", "")])
    arguments = machine_arguments("x86_64", "pc-q35-7.2", devices)
    assert arguments[arguments.index("-m") + 1] == "64M,slots=4,maxmem=4G"


def test_machine_options_of_a_device_reach_the_machine() -> None:
    """Lose this and the machine refuses its NVDIMM."""
    devices = devices_of([DeviceModel("nvdimm", "", "")])
    assert "pc-q35-7.2,nvdimm=on" in machine_arguments("x86_64", "pc-q35-7.2", devices)


def test_specific_recipes_come_before_general_ones() -> None:
    """Lose this and a controller is put on the bus that it makes."""
    assert not recipe_for(DeviceModel("usb-ehci", "PCI", "")).parents
    assert recipe_for(DeviceModel("usb-mouse", "usb-bus", "")).parents == ("usb",)


def test_numbers_stay_small() -> None:
    """Lose this and the two hundredth device has an impossible I2C address."""
    devices = devices_of(DeviceModel(f"m{place}", "", "") for place in range(200))
    assert max(device.number for device in devices) == 60
    assert len({device.id for device in devices}) == 200


def test_what_needs_the_host_is_listed_apart() -> None:
    """Lose this and the coverage figures count hardware that the host lacks against the suite."""
    assert needs_host("vfio-pci") == "a device of the host"
    assert needs_host("vhost-user-blk-pci") == "a vhost-user process"
    assert not needs_host("virtio-blk-pci")


def test_device_with_an_odd_name_is_none() -> None:
    """Lose this and a name that a build makes up moves the cursor, or evidence out of the report."""
    names = ("\x1b[2J", "../../passwd", "e 1000", "e1000")
    listed = models_in("".join(f'name "{name}", bus PCI\n' for name in names))
    assert [model.name for model in listed] == ["e1000"]
