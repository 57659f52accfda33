# SPDX-License-Identifier: Apache-2.0
"""`info qtree` of any QEMU becomes devices with their properties, and sections find their device in it."""

import pytest

from fixtures.still.qtree import Bar, TreeError, parse

TREE = """\
bus: main-system-bus
  type System
  dev: hpet, id ""
    gpio-in "" 2
    timers = 3 (0x3)
    msi = false
    mmio 00000000fed00000/0000000000000400
  dev: q35-pcihost, id ""
    pci-hole64-size = 34359738368 (32 GiB)
    bus: pcie.0
      type PCIE
      dev: virtio-net-pci, id "d12"
        vectors = 4 (0x4)
        addr = 03.0
        romfile = "efi-virtio.rom"
        class Ethernet controller, addr 00:03.0, pci id 1af4:1000 (sub 1af4:0001)
        bar 0: i/o at 0xffffffffffffffff [0x1e]
        bar 1: mem at 0xfebd1000 [0xfebd1fff]
        bus: virtio-bus
          type virtio-pci-bus
          dev: virtio-net-device, id ""
            mac = "52:54:00:12:34:56"
            netdev = "n12"
      dev: pci-bridge, id "d13"
        addr = 04.0
        class PCI bridge, addr 00:04.0, pci id 1b36:0001 (sub 0000:0000)
        bus: d13
          type PCI
          dev: qemu-xhci, id "usb"
            addr = 01.0
            class USB controller, addr 00:01.0, pci id 1b36:000d (sub 1af4:1100)
            bus: usb.0
              type usb-bus
              dev: usb-kbd, id "d14"
                port = ""
                addr 0.0, port 1, speed 480, name QEMU USB Keyboard, attached
              dev: usb-hub, id "d15"
                port = "2"
                addr 0.0, port 2, speed 12, name QEMU USB Hub, attached
      dev: lsi53c895a, id "scsi"
        addr = 05.0
        class SCSI controller, addr 00:05.0, pci id 1000:0012 (sub 0000:1000)
        bus: scsi.0
          type SCSI
          dev: scsi-hd, id "d16"
            channel = 0 (0x0)
            scsi-id = 2 (0x2)
            lun = 1 (0x1)
      dev: ICH9-LPC, id ""
        addr = 1f.0
        class ISA bridge, addr 00:1f.0, pci id 8086:2918 (sub 1af4:1100)
        bus: isa.0
          type ISA
          dev: isa-i8259, id ""
            iobase = 160 (0xa0)
          dev: isa-i8259, id ""
            iobase = 32 (0x20)
"""
SPAPR = """\
bus: main-system-bus
  type System
  dev: spapr-pci-host-bridge, id "d1"
    index = 1 (0x1)
    bus: d1.0
      type PCI
      dev: e1000, id "d2"
        addr = 00.0
        class Ethernet controller, addr 00:00.0, pci id 8086:100e (sub 1af4:1100)
  dev: spapr-vio-bridge, id ""
    bus: spapr-vio
      type spapr-vio-bus
      dev: spapr-vscsi, id "d3"
        reg = 1895825409 (0x71000001)
"""
DEVICES = {device.key: device for device in parse(TREE)}


def test_every_device_has_a_key_of_its_own() -> None:
    """Lose this and two devices of a machine are compared as one."""
    assert list(DEVICES) == [
        "hpet", "q35-pcihost", "d12", "d12/virtio-net-device", "d13", "usb", "d14", "d15", "scsi", "d16",
        "q35-pcihost/ICH9-LPC", "q35-pcihost/ICH9-LPC/isa-i8259", "q35-pcihost/ICH9-LPC/isa-i8259#1",
    ]  # fmt: skip


def test_properties_are_plain_values() -> None:
    """Lose this and a number that another QEMU prints in other units looks changed."""
    assert DEVICES["hpet"].properties == {"timers": "3", "msi": "false"}
    assert DEVICES["q35-pcihost"].properties == {"pci-hole64-size": "34359738368"}
    assert DEVICES["d12/virtio-net-device"].properties == {"mac": '"52:54:00:12:34:56"', "netdev": '"n12"'}


def test_pci_lines_are_read() -> None:
    """Lose this and a device that got another PCI id or window passes for the same."""
    assert DEVICES["d12"].pci_id == "1af4:1000 1af4:0001"
    assert DEVICES["d12"].bars == {0: Bar("i/o", 0x20), 1: Bar("mem", 0x1000)}
    assert DEVICES["hpet"].pci_id == ""


def test_devices_within_belong_to_the_one_on_the_command_line() -> None:
    """Lose this and a difference of a virtio device is not assigned to it."""
    assert DEVICES["d12/virtio-net-device"].owner == "d12"
    assert DEVICES["q35-pcihost/ICH9-LPC/isa-i8259"].owner == ""


@pytest.mark.parametrize(
    "key,path",
    [
        ("d12", "0000:00:03.0"),
        ("d13", "0000:00:04.0"),
        ("usb", "0000:00:04.0:01.0"),
        ("d14", "0000:00:04.0:01.0/1"),
        ("d15", "0000:00:04.0:01.0/2"),
        ("d16", "0000:00:05.0/0:2:1"),
        ("q35-pcihost/ICH9-LPC", "0000:00:1f.0"),
        ("hpet", ""),
    ],
)
def test_path_is_the_prefix_of_the_sections(key: str, path: str) -> None:
    """Lose this and the configuration space and the RAM of one device are read as another's."""
    assert DEVICES[key].path == path


@pytest.mark.parametrize("key,path", [("d2", "pci@800000020000001:00.0"), ("d3", "v-scsi@71000001")])
def test_path_is_the_prefix_of_the_sections_on_pseries(key: str, path: str) -> None:
    """Lose this and no device of a pseries guest is found in its stream."""
    assert {device.key: device.path for device in parse(SPAPR)}[key] == path


def test_value_with_a_line_break_does_no_harm() -> None:
    """Lose this and isa-applesmc ends the sweep, because old builds print random memory for it."""
    text = TREE.replace('romfile = "efi-virtio.rom"', 'osk = "key\x1a\n\x85\x1c"')
    assert [device.key for device in parse(text)] == list(DEVICES)


def test_foreign_text_is_reported() -> None:
    """Lose this and a machine without a tree passes for one without devices."""
    with pytest.raises(TreeError, match="unknown command"):
        parse("unknown command: 'info qtree'")
