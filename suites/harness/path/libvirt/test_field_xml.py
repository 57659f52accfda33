# SPDX-License-Identifier: Apache-2.0
"""Field guests as libvirt's own elements."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fixtures.errors import RigError
from fixtures.matrix.cells import Cell
from fixtures.matrix.field_cells import field_cells
from fixtures.matrix.firmwares import BY_NAME
from fixtures.matrix.guest_devices import driven
from fixtures.matrix.schema import load_matrix
from fixtures.path.libvirt.chosen_firmware import demand_chosen
from fixtures.path.libvirt.domain_xml import for_destination, render_domain, socket_paths
from fixtures.path.libvirt.field_xml import field_elements
from fixtures.places import MATRIX_FILE

RUN_DIR = Path("/tmp/hp-x/hp-<y>")
CELLS = {cell.hardware: cell for cell in field_cells(load_matrix(MATRIX_FILE)) if cell.path == "libvirt"}


def xml_of(cell: Cell) -> str:
    """The definition of its guest."""
    return render_domain(
        cell.guest("a-machine"),
        name="a-guest",
        program="/usr/bin/qemu",
        accelerator="tcg",
        images=Path("/images"),
        attempt_dir=RUN_DIR,
        sockets=socket_paths(RUN_DIR, "source"),
    )


def root_of(name: str) -> ET.Element:
    """The same, of the guest with this name, as a tree."""
    return ET.fromstring(xml_of(CELLS[name]))  # noqa: S314 - our own


@pytest.mark.parametrize("name", CELLS)
def test_nothing_but_ram_is_passed_through(name: str) -> None:
    """Lose this and libvirt's own addresses, controllers and firmware are not what is tested."""
    passed = [each.get("value", "") for each in root_of(name).iter() if each.tag.endswith("}arg")]
    assert all(word in {"-object", "-machine", "-m"} or "ram" in word or "size=" in word for word in passed)


@pytest.mark.parametrize("name", CELLS)
def test_each_device_is_there(name: str) -> None:
    """Lose this and libvirt's guest has other devices than QMP's."""
    found = [each.tag for each in root_of(name).iterfind("devices/*")]
    assert {"disk", "interface", "video", "graphics", "memballoon", "channel"} <= set(found)
    assert found.count("memballoon") == found.count("graphics") == found.count("video") == 1


def test_kubevirt_has_root_ports_an_iothread_and_polled_statistics() -> None:
    """Lose this and libvirt moves none of the devices that only field guests have."""
    root = root_of("kubevirt")
    models = [each.get("model") for each in root.iterfind("devices/controller")]
    assert models.count("pcie-root-port") == 14
    assert models[-1] == "none"
    assert root.findtext("iothreads") == "1"
    disk = root.find("devices/disk/driver")
    stats = root.find("devices/memballoon/stats")
    assert disk is not None
    assert stats is not None
    assert (disk.get("iothread"), stats.get("period")) == ("1", "10")


def test_disk_of_nova_is_qcow2_over_raw_and_opened_past_the_page_cache() -> None:
    """Lose this and Nova's guests are moved with another image or cache than Nova gives them."""
    (disk,) = root_of("nova").iterfind("devices/disk")
    driver, base = disk.find("driver"), disk.find("backingStore/format")
    assert driver is not None
    assert base is not None
    assert (driver.get("type"), driver.get("cache"), base.get("type")) == ("qcow2", "none", "raw")
    assert not [device.name for device in CELLS["nova"].guest("m").devices if device.kind == "disk"]


def test_only_direct_disks_are_opened_past_the_page_cache() -> None:
    """Lose this and guests are moved with another cache than their managers give them."""
    (disk,) = driven(["virtio-disk-direct"])
    assert disk.direct
    assert ",cache.direct=on,file.cache.direct=on" in " ".join(disk.arguments)
    assert 'cache="none"' in str(disk.xml)
    others = [device for cell in CELLS.values() for device in cell.guest("m").devices]
    assert not [device.name for device in others if device.direct or "cache.direct" in str(device.arguments)]


def test_uefi_guest_of_virt_install_has_one_tpm() -> None:
    """Lose this and libvirt's UEFI guests have no TPM, as virt-install gives them."""
    with_tpm = [name for name in CELLS if root_of(name).find("devices/tpm") is not None]
    assert with_tpm == ["virt-install-uefi"]
    assert len(root_of("virt-install-uefi").findall("devices/tpm")) == 1


def test_uefi_guest_has_code_and_variables_of_its_own() -> None:
    """Lose this and libvirt boots the guest with SeaBIOS, or all guests share one file of variables."""
    cell = CELLS["virt-install-uefi"]
    named = replace(cell, options=replace(cell.options, firmware=BY_NAME["ovmf-secboot-4m"]))
    root = ET.fromstring(xml_of(named))  # noqa: S314 - our own
    assert root.findtext("os/loader") == "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
    assert root.findtext("os/nvram") == f"{RUN_DIR}/variables.fd"
    assert root.find("features/smm") is not None
    assert root_of("virt-install").find("os/loader") is None


def test_libvirt_chooses_the_firmware_of_virt_installs_guest() -> None:
    """Lose this and the guest has another firmware than virt-install's, which has SMM on Debian."""
    root = root_of("virt-install-uefi")
    assert root.find("os[@firmware='efi']") is not None
    assert root.findtext("os/nvram") == f"{RUN_DIR}/variables.fd"
    assert (root.find("os/loader"), root.find("features/smm")) == (None, None)
    assert root_of("virt-install").find("os[@firmware]") is None


@pytest.mark.parametrize("chosen, stands", [("OVMF_CODE_4M.ms.fd", True), ("OVMF_CODE_4M.fd", False)])
def test_other_firmware_than_expected_is_an_error(chosen: str, stands: bool) -> None:
    """Lose this and a cell about firmware with SMM passes with a guest that has none."""
    spec = CELLS["virt-install-uefi"].guest("a-machine")
    xml = f"<domain><os><loader>/usr/share/OVMF/{chosen}</loader></os></domain>"
    with (
        nullcontext() if stands else pytest.raises(RigError, match=r"a daemon chose .*OVMF_CODE_4M\.fd, not")
    ):
        demand_chosen(spec, xml, "a daemon")


@pytest.mark.parametrize("name,display", [("nova", "vnc"), ("virt-install", "spice")])
def test_each_side_has_a_display_of_its_own(name: str, display: str) -> None:
    """Lose this and the destination takes the source's socket of VNC or SPICE from it."""
    xml = xml_of(CELLS[name]).replace('"', "'").replace("&lt;y&gt;", "<y>")
    assert f"'{RUN_DIR}/source-{display}'" in xml
    there = for_destination(xml, RUN_DIR, "source", "destination-2")
    assert f"'{RUN_DIR}/destination-2-{display}'" in there


def test_channels_of_spice_are_elements() -> None:
    """Lose this and libvirt's guests have other channels of SPICE than their managers give them."""
    root = root_of("gnome-boxes")
    redirections = root.findall("devices/redirdev")
    assert [each.get("type") for each in redirections] == ["spicevmc"] * 4
    channels = [each.get("type") for each in root.iterfind("devices/channel")]
    assert channels == ["spicevmc", "spiceport"]
    assert [each.get("type") for each in root.iterfind("devices/smartcard")] == ["spicevmc"]
    assert len(root_of("virt-install").findall("devices/redirdev")) == 2


def test_device_without_element_is_an_error_of_the_suite() -> None:
    """Lose this and libvirt's guest silently lacks a device."""
    spec = CELLS["nova"].guest("a-machine")
    with pytest.raises(ValueError, match="libvirt has no element for the device nvme of nova"):
        field_elements(type(spec)(**{**vars(spec), "only_devices": ("nvme",)}), RUN_DIR)
