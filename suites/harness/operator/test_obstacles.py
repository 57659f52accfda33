# SPDX-License-Identifier: Apache-2.0
"""Which guests cannot move within their host, and why."""

from dataclasses import replace

import libvirt
import pytest

from fixtures.operator.obstacles import obstacles
from fixtures.places import ROOT
from suites.harness.support.scripted_daemons import running_guest as guest

DEVICES = {
    "hostdev": ("<hostdev mode='subsystem' type='pci'/>", "device of the host"),
    "tap that exists": ("<interface type='ethernet'/>", "'ethernet'"),
    "macvtap": ("<interface type='direct'/>", "'direct'"),
    "vhost-user": ("<interface type='vhostuser'/>", "'vhostuser'"),
    "passt": ("<interface type='user'><backend type='passt'/></interface>", "with passt"),
    "network without a bridge": ("<interface type='network'><source network='a'/></interface>", "no bridge"),
    "filter": ("<interface type='bridge'><filterref filter='clean-traffic'/></interface>", "a filter"),
    "volume": ("<disk type='volume'><target dev='vda'/></disk>", "'volume'"),
    "9p": ("<filesystem type='mount'/>", "(9p)"),
    "virtiofs": ("<filesystem type='mount'><driver type='virtiofs'/></filesystem>", "(virtiofs)"),
    "vsock": ("<vsock><cid auto='no' address='3'/></vsock>", "fixed CID 3"),
    "TPM of the host": ("<tpm model='tpm-tis'><backend type='passthrough'/></tpm>", "TPM"),
    "TPM with a directory": (
        "<tpm><backend type='emulator'><source type='dir' path='/t'/></backend></tpm>",
        "TPM",
    ),
    "shared memory": ("<shmem name='a'/>", "<shmem>"),
    "serial of the host": ("<serial type='dev'><source path='/dev/ttyS0'/></serial>", "its serial"),
    "NVMe": ("<disk type='nvme'><target dev='vda'/></disk>", "disk vda is of type 'nvme'"),
    "transient disk": ("<disk type='file'><transient/><target dev='vda'/></disk>", "is transient"),
    "reservations": (
        "<disk type='block'><source dev='/d'><reservations managed='yes'/></source></disk>",
        "reservations",
    ),
    "NVDIMM": ("<memory model='nvdimm'/>", "'nvdimm'"),
}
REST = {
    "encrypted": ("<launchSecurity type='sev'/>", "encrypted"),
    "forwarded port": (
        "<qemu:commandline><qemu:arg value='user,hostfwd=tcp::22-:22'/></qemu:commandline>",
        "(hostfwd)",
    ),
}


@pytest.mark.parametrize("what", DEVICES)
def test_device_that_cannot_be_there_twice_is_found(what: str) -> None:
    """Lose this and the command tries a move that fails, or that breaks the guest."""
    devices, words = DEVICES[what]
    [found] = obstacles(guest(devices))
    assert words in found.reason
    assert found.way_out


@pytest.mark.parametrize("what", REST)
def test_guest_that_cannot_move_is_found(what: str) -> None:
    """Lose this and the command tries a move that fails."""
    more, words = REST[what]
    [found] = obstacles(guest(more=more))
    assert words in found.reason


def test_guest_with_passt_is_not_told_to_detach_its_card() -> None:
    """Lose this and the plan and docs/hot-patch-a-host.md give different ways out."""
    [found] = obstacles(guest("<interface type='user'><backend type='passt'/></interface>"))
    assert found.way_out.startswith("restart it instead; with a card on a bridge")


def test_job_on_a_disk_has_the_way_out_of_the_page() -> None:
    """Lose this and an operator waits for a copy that never ends by itself."""
    page = (ROOT / "docs/hot-patch-a-host.md").read_text()
    [found] = obstacles(replace(guest(), name="NAME", worked_on=("DISK",)))
    assert "--pivot` finishes a copy or a commit" in found.way_out
    assert f"| {found.way_out} |" in page


def test_command_in_a_way_out_has_the_name_as_one_word() -> None:
    """Lose this and who copies the command runs what a guest's name says."""
    [found] = obstacles(replace(guest(), name="a; reboot", worked_on=("vda",)))
    assert found.way_out.startswith("`virsh blockjob 'a; reboot' vda --pivot`")


STATES: dict[str, dict[str, int | bool | tuple[str, ...]]] = {
    "asleep": {"state": libvirt.VIR_DOMAIN_PMSUSPENDED},
    "snapshots": {"snapshots": 1},
    "checkpoints": {"checkpoints": 1},
    "job": {"job": True},
    "merged disk": {"worked_on": ("vda",)},
}


@pytest.mark.parametrize("what", STATES)
def test_state_in_which_libvirt_moves_no_guest_is_found(what: str) -> None:
    """Lose this and the command stops at such a guest instead of leaving it alone."""
    assert len(obstacles(replace(guest(), **STATES[what]))) == 1  # type: ignore[arg-type]


FREE = {
    "usual devices": "<disk type='file'><target dev='vda'/></disk><interface type='bridge'/><memballoon/>",
    "network": "<interface type='network'><mac address='52:54:00:00:00:01'/></interface>",
    "TPM": "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
    "vsock": "<vsock><cid auto='yes'/></vsock>",
    "plugged memory": "<memory model='dimm'/>",
    "console": "<serial type='pty'/><console type='pty'/>",
}


@pytest.mark.parametrize("what", FREE)
def test_usual_guest_moves(what: str) -> None:
    """Lose this and no guest is ever moved."""
    assert obstacles(guest(FREE[what])) == []


def test_paused_guest_moves() -> None:
    """Lose this and a guest that its owner has paused keeps the old QEMU."""
    assert obstacles(replace(guest(), state=libvirt.VIR_DOMAIN_PAUSED)) == []
