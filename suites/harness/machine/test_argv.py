# SPDX-License-Identifier: Apache-2.0
"""The command line of a guest, which must be the same on both sides of a hot patch."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.machine.argv import CHANNELS
from fixtures.matrix.firmwares import UEFI_FIRMWARE
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.memory_options import MemoryOptions
from fixtures.matrix.power import PowerOptions
from suites.harness.support.command_lines import FDS, PSERIES, Q35, line

pytestmark = pytest.mark.usefixtures("pages_of_4_kib")

Q35_LINE = """
qemu -name hotpatch-hp-1,debug-threads=on -nodefaults -no-user-config -no-reboot -no-shutdown -display none
-machine pc-q35-7.2,accel=kvm -m 262152K -smp 2
-chardev socket,id=monitor,fd=13 -chardev socket,id=console,fd=14
-chardev socket,id=agent,fd=15 -chardev socket,id=echo,fd=16
-qmp chardev:monitor -serial chardev:console -serial chardev:agent
-kernel /images/kernel -initrd /images/initrd
-append "{append}"
-blockdev driver=raw,node-name=disk,file.driver=file,file.filename=/tmp/hp-1/disk.raw
-device virtio-blk-pci,id=blk,drive=disk
-netdev user,id=lan,restrict=on -device virtio-net-pci,id=net,netdev=lan
-object rng-random,id=entropy,filename=/dev/urandom -device virtio-rng-pci,id=rng,rng=entropy
-device virtio-balloon-pci,id=balloon
-device virtio-serial-pci,id=ports
-device virtserialport,id=port,bus=ports.0,chardev=echo,name=hotpatch.echo
"""


PSERIES_LINE = """
qemu -name hotpatch-hp-1,debug-threads=on -nodefaults -no-user-config -no-reboot -no-shutdown -display none
-machine pseries-5.2,accel=tcg -m 524288K -smp 1
-chardev socket,id=monitor,fd=13 -chardev socket,id=console,fd=14 -chardev socket,id=agent,fd=15
-qmp chardev:monitor -serial chardev:console -serial chardev:agent
-kernel /images/kernel -initrd /images/initrd
-append "{append}"
"""


def test_q35_guest_with_virtio_is_started_word_for_word() -> None:
    """Lose this and the machine that is qualified changes unnoticed, order of its devices included."""
    assert line(Q35, accelerator="kvm") == shlex.split(Q35_LINE.format(append=Q35.kernel_command_line))


def test_bare_pseries_guest_is_started_word_for_word() -> None:
    """Lose this and the ppc64le guest differs from what the reports say."""
    assert line(PSERIES) == shlex.split(PSERIES_LINE.format(append=PSERIES.kernel_command_line))


def test_pseries_guest_on_an_emulated_host_lacks_what_kvm_lacks_there() -> None:
    """Lose this and no ppc64le guest starts on an emulated host."""
    words = line(PSERIES, accelerator="kvm", emulated=True)
    machine = words[words.index("-machine") + 1]
    lacks = "cap-ccf-assist=off,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-large-decr=off"
    assert machine == f"{PSERIES.machine_type},{lacks},accel=kvm"
    assert words[words.index("-cpu") + 1] == "host"


def test_x86_guest_on_an_emulated_host_is_that_of_kvm() -> None:
    """Lose this and the guests of two hosts differ in more than their host."""
    assert line(Q35, accelerator="kvm", emulated=True) == line(Q35, accelerator="kvm")


def test_cpu_of_the_host_is_asked_for() -> None:
    """Lose this and no guest has the CPU of its host; each QEMU shows another part of that CPU."""
    guest = replace(Q35, options=GuestOptions(cpu_host=True))
    assert line(guest, accelerator="kvm")[line(guest, accelerator="kvm").index("-cpu") + 1] == "host"
    assert "-cpu" not in line(guest) + line(Q35, accelerator="kvm")


def test_dirty_ring_belongs_to_the_accelerator() -> None:
    """Lose this and KVM logs dirty pages in a bitmap, or QEMU refuses two accelerators."""
    words = line(replace(Q35, options=GuestOptions(dirty_ring=True)), accelerator="kvm")
    assert words[words.index("-machine") + 1] == "pc-q35-7.2"
    assert words[words.index("-accel") + 1] == "kvm,dirty-ring-size=4096"


def test_numa_nodes_have_a_socket_each() -> None:
    """Lose this and Linux warns of a socket in two nodes when the guest boots again, which is a finding."""
    words = line(replace(Q35, options=GuestOptions(memory=MemoryOptions("memfd", nodes=2))))
    assert words[words.index("-smp") + 1] == "2,sockets=2"


def test_power_guest_gets_its_processor() -> None:
    """Lose this and a cell about threads or compatibility modes is about the default guest."""
    power = PowerOptions(compat="power8", threads=2, hash_mmu=True)
    words = line(replace(PSERIES, vcpus=2, options=GuestOptions(power=power)))
    assert words[words.index("-machine") + 1] == f"{PSERIES.machine_type},max-cpu-compat=power8,accel=tcg"
    assert words[words.index("-smp") + 1] == "2,threads=2"
    assert "disable_radix" in words[words.index("-append") + 1].split()


def test_power_guest_gets_what_its_manager_says_of_interrupts() -> None:
    """Lose this and a cell about `vsmt` or two interrupt controllers is about the default guest."""
    power = PowerOptions(ic_mode="dual", legacy_interrupts=True, vsmt=8)
    words = line(replace(PSERIES, options=GuestOptions(power=power)))
    assert words[words.index("-machine") + 1] == f"{PSERIES.machine_type},ic-mode=dual,vsmt=8,accel=tcg"
    assert "xive=off" in words[words.index("-append") + 1].split()


@pytest.mark.parametrize("spec", [Q35, PSERIES])
def test_destination_differs_by_incoming_only(spec: GuestSpec) -> None:
    """Lose this and a hot patch fails for the rig's own mistake, and the update is blamed."""
    assert line(spec, incoming=True) == [*line(spec), "-incoming", "defer"]


def test_every_channel_is_an_inherited_socket() -> None:
    """Lose this and the rig is deaf to one of the guest's ports, or QEMU opens a port of the host."""
    words = line(Q35)
    assert [word for word in words if "fd=" in word] == [
        f"socket,id={name},fd={FDS[name]}" for name in CHANNELS
    ]


def test_qemu_that_inherits_no_socket_connects_to_the_suite() -> None:
    """Lose this and a QEMU that another one executes starts without its monitor."""
    sockets = {name: Path("/attempt", name) for name in CHANNELS}
    words = line(Q35, connects=sockets)
    assert not [word for word in words if "fd=" in word]
    assert [word for word in words if word.startswith("socket,")] == [
        f"socket,id={name},path=/attempt/{name}" for name in CHANNELS
    ]


def test_bare_guest_has_no_virtio() -> None:
    """Lose this and a broken virtio device fails the cells that are to show that it alone is broken."""
    words = line(replace(Q35, hardware="bare"))
    assert not [word for word in words if "virt" in word or "hotpatch.devices" in word]
    assert "-device" not in words


@pytest.mark.parametrize(
    "machine,file",
    [
        ("pc-q35-2.4", "kernel-packed"),
        ("pc-i440fx-3.1", "kernel-packed"),
        ("pc-q35-4.0", "kernel"),
        ("pc-q35-10.0.1", "kernel"),
        ("pseries-2.12", "kernel"),
        ("pseries-7.2,x-vof=on", "kernel"),
    ],
)
def test_old_machine_types_get_the_kernel_that_they_can_start(machine: str, file: str) -> None:
    """Lose this and QEMU refuses to start a guest on an old machine type."""
    words = line(replace(Q35, machine_type=machine))
    assert f"/images/{file}" in words


@pytest.mark.parametrize(
    "machine,cpu,properties",
    [
        ("pseries-2.7", ["power8"], ["cap-htm=off", "accel=tcg"]),
        ("pseries-2.8", [], ["cap-htm=off", "accel=tcg"]),
        ("pseries-2.12-sxxm", [], ["accel=tcg"]),
        ("pseries-7.2", [], ["accel=tcg"]),
    ],
)
def test_oldest_pseries_guests_get_what_they_can_run_on(
    machine: str, cpu: list[str], properties: list[str]
) -> None:
    """Lose this and QEMU refuses to start, or the guest's first program dies of an unknown instruction."""
    words = line(replace(PSERIES, machine_type=machine))
    assert [words[place + 1] for place, word in enumerate(words) if word == "-cpu"] == cpu
    assert words[words.index("-machine") + 1].split(",") == [machine, *properties]


def test_uefi_guest_has_its_firmware_and_its_own_variables() -> None:
    """Lose this and a guest that should boot by UEFI boots by SeaBIOS, or none starts its kernel."""
    words = line(replace(Q35, options=GuestOptions(firmware=UEFI_FIRMWARE)))
    assert words[words.index("-machine") + 1] == "pc-q35-7.2,pflash0=code,pflash1=variables,accel=tcg"
    files = [word.partition("filename=")[2] for word in words if "node-name=code-file" in word]
    assert files == ["/usr/share/OVMF/OVMF_CODE_4M.fd,read-only=on"]
    assert any(word.endswith("filename=/tmp/hp-1/variables.fd") for word in words)
    assert words[words.index("-kernel") + 1] == "/images/kernel-packed"


def test_guest_that_sleeps_is_started_by_its_firmware() -> None:
    """Lose this and Linux does not wake, under any build, so that no guest that sleeps is tested."""
    words = line(replace(Q35, options=GuestOptions(sleeps=True)))
    assert words[words.index("-kernel") + 1] == "/images/kernel-packed"


def test_guest_that_is_to_reboot_is_not_stopped_by_it() -> None:
    """Lose this and a guest that is reset on purpose stands still."""
    assert "-no-reboot" in line(Q35)
    assert "-no-reboot" not in line(replace(Q35, options=GuestOptions(may_reboot=True)))


def test_qemu_of_a_guest_that_may_power_off_ends_with_it() -> None:
    """Lose this and the exit status of QEMU after a guest has powered off is never seen."""
    assert "-no-shutdown" in line(Q35)
    assert "-no-shutdown" not in line(replace(Q35, hardware="managed"))


def test_each_side_writes_its_own_frames() -> None:
    """Lose this and the destination's announcement is looked for among the source's frames."""
    files = [
        word.partition("file=/tmp/hp-1/")[2]
        for incoming in (False, True)
        for word in line(replace(Q35, hardware="managed"), incoming=incoming)
        if word.startswith("filter-dump")
    ]
    assert files == ["source-lan.pcap", "destination-lan.pcap"]


def test_spare_port_is_for_boards_with_pci_express() -> None:
    """Lose this and QEMU refuses to start a managed guest on a board without PCI Express."""
    managed = replace(Q35, hardware="managed")
    ports = {
        machine: [word for word in line(replace(managed, machine_type=machine)) if "root-port" in word]
        for machine in ("pc-q35-7.2", "pc-i440fx-7.2")
    }
    assert [len(found) for found in ports.values()] == [1, 0]


def test_rigs_own_ports_are_not_virtio() -> None:
    """Lose this and the device under test can blind the rig that watches it."""
    words = line(Q35)
    assert [words[i + 1] for i, word in enumerate(words) if word == "-serial"] == [
        "chardev:console",
        "chardev:agent",
    ]
