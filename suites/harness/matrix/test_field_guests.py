# SPDX-License-Identifier: Apache-2.0
"""Field guests: whole machines that matrix.yaml names, and their cells."""

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.cell_ids import cell_named
from fixtures.matrix.cells import Cell
from fixtures.matrix.disks import DiskOptions
from fixtures.matrix.field_cells import field_cells, moved_back_field_cells
from fixtures.matrix.guest_devices import DRIVEN, OF_STORAGE
from fixtures.matrix.machine_settings import GENERATION
from fixtures.matrix.schema import Matrix, load_matrix
from fixtures.matrix.tpms import TpmOptions
from fixtures.outcome.outcome import Outcome
from fixtures.outcome.support import facts
from fixtures.path.libvirt.disk_xml import disk_elements
from fixtures.path.libvirt.field_xml import field_elements
from fixtures.places import MATRIX_FILE
from suites.harness.support.command_lines import FDS, line
from suites.harness.support.matrix_samples import GOOD
from suites.harness.support.report_samples import make_cell

GUEST = "{arch: x86_64, machine: q35, devices: [root-ports, virtio-disk], source: ours}"
FIELD = GOOD.replace("  vcpus: [1, 2]\n", f"  vcpus: [1, 2]\n  field:\n    fleet: {GUEST}\n")
MISTAKES = {
    "unknown-device": (
        "virtio-disk",
        "virtio-disc",
        "devices[1]: unknown device 'virtio-disc'; did you mean",
    ),
    "tpm-without-uefi": (
        "virtio-disk",
        "tpm-crb",
        "fleet: the guest finds its tpm-crb only with UEFI firmware",
    ),
    "two-tpms": (
        "q35, devices: [root-ports, virtio-disk",
        "q35, firmware: ovmf-4m, devices: [tpm-tis, tpm-crb",
        "fleet: a guest has one TPM; take out all but one of tpm-tis, tpm-crb",
    ),
    "spice-without-server": (
        "virtio-disk",
        "virtio-video, spice-agent",
        "fleet: spice-agent needs a SPICE server; add the device spice-video",
    ),
    "disk-of-storage": ("virtio-disk", "io-nvme", "devices[1]: no field guest can have the device io-nvme"),
    "two-virtio-disks": (
        "machine: q35",
        "machine: q35, disk: {format: chain}",
        "fleet: a guest with a `disk` has it on virtio-blk; take out virtio-disk",
    ),
    "unknown-setting": (
        "machine: q35",
        "machine: q35, settings: [no-hpett]",
        "settings[0]: unknown setting 'no-hpett'; did you mean no-hpet?",
    ),
    "settings-of-power": (
        "arch: x86_64, machine: q35, devices: [root-ports, virtio-disk]",
        "arch: ppc64le, machine: pseries, devices: [virtio-disk], settings: [no-sleep, no-hpet]",
        "fleet: only x86_64 guests have the settings no-sleep, no-hpet",
    ),
    "unknown-firmware": ("machine: q35", "machine: q35, firmware: ovmf", "firmware: unknown firmware 'ovmf'"),
    "device-of-another-arch": ("virtio-disk", "spapr-vscsi", "fleet: x86_64 has no device spapr-vscsi"),
    "machine-of-another-arch": ("q35", "pseries", "fleet: machine pseries is none of x86_64"),
    "kind-of-hardware": ("fleet:", "virtio:", "field.virtio: is the name of a kind of hardware"),
    "number-in-front": ("fleet:", "of-2vcpu:", "field.of-2vcpu: is 'of-2vcpu'; allowed: what matches"),
    "root-ports-on-pc": ("q35, d", "pc, d", "fleet: only machine q35 can have root-ports"),
    "without-source": (", source: ours", "", "fleet: the key 'source' is missing"),
    "unknown-key": ("source:", "from: x, source:", "from: unknown key"),
}


def matrix_of(text: str, place: Path) -> Matrix:
    """The matrix in this text."""
    (place / "matrix.yaml").write_text(text)
    return load_matrix(place / "matrix.yaml")


def words(cell: Cell) -> list[str]:
    """QEMU's command line of its guest."""
    return line(cell.guest("a-machine"), fds={**FDS, "tpm": 17})


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake_is_one_clear_message(case: str, tmp_path: Path) -> None:
    """Lose this and whoever describes a guest of their own fleet has to guess what is wrong."""
    written, instead, expected = MISTAKES[case]
    with pytest.raises(UsageError) as refused:
        matrix_of(FIELD.replace(written, instead, 1), tmp_path)
    assert expected in str(refused.value)
    assert str(refused.value).count("line ") == 1


def test_allowed_devices_can_be_used(tmp_path: Path) -> None:
    """Lose this and the message about a misspelt device offers one that no field guest can have."""
    with pytest.raises(UsageError) as refused:
        matrix_of(FIELD.replace("virtio-disk", "tpm-crc", 1), tmp_path)
    allowed = str(refused.value).partition("allowed: ")[2]
    assert "virtio-disk, " in allowed
    assert "tpm-crb, " in allowed
    assert not [name for name in OF_STORAGE if name in allowed]


def test_guest_of_a_fleet_has_its_cells(tmp_path: Path) -> None:
    """Lose this and a guest that a user describes is not tested, or in one way only."""
    matrix = matrix_of(FIELD.replace("[qmp]", "[qmp, libvirt]"), tmp_path)
    cells = field_cells(matrix)
    assert [(cell.path, cell.mechanism, cell.covering) for cell in cells] == [
        ("qmp", "precopy", False),
        ("qmp", "postcopy", True),
        ("libvirt", "precopy", False),
        ("libvirt", "postcopy", False),
    ]
    assert cells[0].id == "x86_64-q35.newest-old-qmp-precopy-busy-fleet-2vcpu-field"


def test_guest_that_libvirt_cannot_express_is_moved_by_qmp(tmp_path: Path) -> None:
    """Lose this and a guest with any device of the table fails in libvirt, or has another device there."""
    text = FIELD.replace("virtio-disk", "nvme").replace("[qmp]", "[qmp, libvirt]")
    assert {cell.path for cell in field_cells(matrix_of(text, tmp_path))} == {"qmp"}


def test_tpm_of_a_field_guest_is_in_its_cells(tmp_path: Path) -> None:
    """Lose this and a guest of the field is moved without the TPM that its manager gives it."""
    text = FIELD.replace("virtio-disk]", "virtio-disk, tpm-tis], firmware: ovmf-4m")
    cells = field_cells(matrix_of(text.replace("[qmp]", "[qmp, libvirt]"), tmp_path))
    assert {cell.path for cell in cells} == {"qmp", "libvirt"}
    for cell in cells:
        assert cell.options.tpm == TpmOptions("tpm-tis")
        assert [device.name for device in cell.guest("q35").devices].count("tpm-tis") == 1
    assert "tpm-tis,id=tpm,tpmdev=tpm-backend" in line(cells[0].guest("q35"), fds={**FDS, "tpm": 17})


def test_disk_of_a_field_guest_is_in_its_cells(tmp_path: Path) -> None:
    """Lose this and Nova's guest is moved without the qcow2 image that Nova gives it."""
    text = FIELD.replace(
        "root-ports, virtio-disk]", "virtio-nic], disk: {format: chain, cache: writeback, discard: true}"
    )
    cells = field_cells(matrix_of(text.replace("[qmp]", "[qmp, libvirt]"), tmp_path))
    assert {cell.path for cell in cells} == {"qmp", "libvirt"}
    for cell in cells:
        assert cell.options.disk == DiskOptions("chain", "virtio-blk", cache="writeback", discard=True)
        assert any(
            'type="qcow2" cache="writeback" io="threads" discard="unmap"' in element
            for element in disk_elements(cell.options.disk, tmp_path)
        )
        assert field_elements(cell.guest("q35"), tmp_path)
    words_of_it = words(cells[0])
    assert "virtio-blk-pci,id=io,drive=io-image,write-cache=on" in words_of_it
    image = next(word for word in words_of_it if word.startswith("driver=qcow2"))
    assert "backing=io-base" in image
    assert "cache.direct=off,discard=unmap" in image


@pytest.mark.parametrize("machine_type,power", [("pc-q35-9.0", "ICH9-LPC"), ("pc-i440fx-9.0", "PIIX4_PM")])
def test_settings_are_on_the_command_line(machine_type: str, power: str, tmp_path: Path) -> None:
    """Lose this and guests have a HPET and sleep states, which managers do not give them."""
    names = "settings: [no-sleep, rtc-catchup, no-hpet, no-vmport, vmgenid], "
    cell = field_cells(matrix_of(FIELD.replace("devices: [", names + "devices: ["), tmp_path))[0]
    found = line(cell.guest(machine_type))
    assert found[found.index("-machine") + 1].startswith(f"{machine_type},hpet=off,vmport=off,")
    assert found[found.index("-rtc") + 1] == "base=utc,driftfix=slew"
    assert {f"{power}.disable_s3=1", f"{power}.disable_s4=1"} <= set(found)
    assert f"vmgenid,guid={GENERATION}" in found
    assert "tsc=reliable" in found[found.index("-append") + 1].split()
    plain = words(field_cells(matrix_of(FIELD, tmp_path))[0])
    assert not {"-rtc", "-global"} & set(plain)
    assert "hpet=off" not in " ".join(plain)


def test_default_run_has_each_guest_and_each_way() -> None:
    """Lose this and a kind of field guest, or a way to move them, is seen at night only, or never."""
    cells = field_cells(load_matrix(MATRIX_FILE))
    covering = [cell for cell in cells if cell.covering]
    assert sorted(cell.hardware for cell in covering) == sorted({cell.hardware for cell in cells})
    ways = {(cell.path, cell.mechanism) for cell in covering if cell.arch == "x86_64"}
    assert len(ways) == 4


def test_night_moves_each_guest_in_another_way() -> None:
    """Lose this and the other path, or the other mechanism, of a guest runs only if somebody asks for it."""
    matrix = load_matrix(MATRIX_FILE)
    cells, others = field_cells(matrix), moved_back_field_cells(matrix)
    ways = {cell.hardware: (cell.path, cell.mechanism) for cell in cells if cell.covering}
    assert not any(cell.nightly for cell in cells)
    assert all(cell.nightly and not cell.covering for cell in others)
    at_night = {cell.hardware: (cell.path, cell.mechanism) for cell in others}
    assert list(at_night) == list(ways)
    for name, (path, mechanism) in at_night.items():
        assert path != ways[name][0]
        assert mechanism != ways[name][1] or name == "pseries-libvirt"


def test_way_back_is_tried_by_night_and_once_by_default() -> None:
    """Lose this and the default run takes twice as long for field guests, or no run tries their way back."""
    cells = field_cells(load_matrix(MATRIX_FILE))
    assert all(cell.and_back for cell in cells if not cell.covering)
    assert [cell.hardware for cell in cells if cell.covering and cell.and_back] == [
        "virt-install",
        "pseries-libvirt",
    ]


def test_id_names_the_cell() -> None:
    """Lose this and the controller of a run takes a field guest for a test that judges nothing."""
    matrix = load_matrix(MATRIX_FILE)
    for cell in [*field_cells(matrix), *moved_back_field_cells(matrix)]:
        named = cell_named(cell.id)
        assert named is not None
        assert (named.hardware, named.aspect, named.subject) == (cell.hardware, cell.aspect, cell.subject)


def test_firmware_of_a_field_guest_is_known() -> None:
    """Lose this and a policy about UEFI firmware does not apply to the guests that have it."""
    uefi = make_cell(1, Outcome.PASS, subject="busy-virt-install-uefi-2vcpu-field-ovmf-4m")
    assert facts(uefi)["firmware"] == "ovmf-4m"
    back = make_cell(1, Outcome.PASS, subject="busy-virt-install-uefi-2vcpu-field-ovmf-4m-moved-back")
    assert facts(back)["firmware"] == "ovmf-4m"
    assert facts(make_cell(1, Outcome.PASS, subject="busy-nova-2vcpu-field"))["firmware"] == "seabios"


def test_each_device_has_a_root_port_of_its_own() -> None:
    """Lose this and QEMU's guests have no device behind a root port, as those of libvirt have."""
    cells = field_cells(load_matrix(MATRIX_FILE), ["x86_64"])
    guest = next(cell for cell in cells if cell.hardware == "virt-install")
    placed = [
        int(word.partition(",bus=pci.")[2].partition(",addr=0x0")[0])
        for word in words(guest)
        if "bus=pci." in word and "id=io," not in word
    ]
    assert placed == [1, 2, 3, 4, 5]
    assert any(word.startswith("virtio-blk-pci,id=io,bus=pci.14,") for word in words(guest))
    ports = [word for word in words(guest) if word.startswith("pcie-root-port,")]
    assert len(ports) == 14
    assert words(guest).index(ports[-1]) < min(
        place for place, word in enumerate(words(guest)) if "bus=pci." in word
    )


@pytest.mark.usefixtures("pages_of_4_kib")
def test_guest_that_reports_free_pages_has_room_for_those_that_wait() -> None:
    """Lose this and such a guest has too little memory on a busy host, and ends before it is moved."""
    specs = {cell.hardware: cell.guest("a-machine") for cell in field_cells(load_matrix(MATRIX_FILE))}
    assert specs["kubevirt"].memory_kib == specs["proxmox"].memory_kib == 384 * 1024 + 8
    assert specs["nova"].memory_kib == specs["virt-install"].memory_kib == 256 * 1024 + 8


def test_channels_of_spice_are_on_the_command_line() -> None:
    """Lose this and guests are moved without what virt-install and GNOME Boxes give them."""
    cells = {cell.hardware: cell for cell in field_cells(load_matrix(MATRIX_FILE)) if cell.path == "qmp"}
    assert {name for name, cell in cells.items() if "-spice" in words(cell)} == {
        "virt-install", "virt-install-uefi", "gnome-boxes",
    }  # fmt: skip
    found = words(cells["gnome-boxes"])
    chardevs = [found[at + 1].split(",")[0] for at, word in enumerate(found) if word == "-chardev"]
    assert chardevs.count("spicevmc") == 6  # agent, smart card, four USB devices
    assert chardevs.count("spiceport") == 1
    assert "chardev=echo" not in " ".join(found)  # Boxes gives no guest agent, so nothing answers there.
    server = found[found.index("-spice") + 1]
    assert server.startswith("unix=on,addr=/tmp/hp-1/source-spice,disable-ticketing=on,")


def test_ports_of_spice_are_no_echo() -> None:
    """Lose this and the suite waits for an echo on the port of SPICE's agent."""
    cells = {cell.hardware: cell.guest("m") for cell in field_cells(load_matrix(MATRIX_FILE))}
    assert not cells["gnome-boxes"].has_port
    assert cells["virt-install"].has_agent_channel


def test_no_placeholder_is_left() -> None:
    """Lose this and QEMU does not start a guest, or source and destination share a socket."""
    cells = field_cells(load_matrix(MATRIX_FILE))
    assert not [word for cell in cells for word in words(cell) if "{" in word]


def test_devices_of_field_guests_are_in_no_other_guest() -> None:
    """Lose this and each new device changes the guests that drive all devices."""
    assert [device.name for device in DRIVEN if device.xml and not device.alone] == []
