# SPDX-License-Identifier: Apache-2.0
"""What libvirt must refuse, before anything happens to the guest."""

from fixtures.attempt.libvirt_moves import LibvirtMoves
from fixtures.guest.guest import Guest
from fixtures.matrix.cells import Cell
from fixtures.matrix.promises import promise

ABI = "(?i)does not match source|unsupported_configuration|config_unsupported"


@promise("one-daemon-refused", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_daemon_does_not_migrate_to_itself(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a mistyped address ends a guest in the daemon that runs it."""
    guest.works()
    assert libvirt.refuses("same host|already", to=libvirt.domain.daemon)
    assert guest.goes_on()


@promise("one-host-uuid-refused", path="libvirt", mechanism="precopy")
def test_two_daemons_with_one_host_uuid_do_not_migrate(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and our reason for giving each daemon a UUID of its own no longer holds."""
    guest.works()
    assert libvirt.refuses("same host", to=libvirt.with_host_uuid_of_source())
    assert guest.goes_on()


@promise(
    "machine-type-change-refused", path="libvirt", mechanism="precopy", nightly_on=("x86_64",), letter="H"
)
def test_another_machine_type_is_refused(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a guest wakes up on a board that it never booted on."""
    guest.works()
    assert libvirt.refuses(ABI, change=(r"machine='(pc-q35|pseries)-[^']+'", r"machine='\1-4.2'"))
    assert guest.goes_on()


@promise("cpu-change-refused", path="libvirt", mechanism="precopy", nightly_on=("x86_64",))
def test_another_cpu_model_is_refused(cell: Cell, guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a guest runs on with instructions that its CPU no longer has."""
    guest.works()
    other = {"x86_64": "kvm64", "ppc64le": "POWER8"}[cell.arch]
    assert libvirt.refuses(ABI, change=(r"(<model fallback='\w+'>)\w+(</model>)", rf"\1{other}\2"))
    assert guest.goes_on()


@promise("device-change-refused", path="libvirt", mechanism="precopy", hardware="virtio", letter="H")
def test_another_device_model_is_refused(guest: Guest, libvirt: LibvirtMoves) -> None:
    """Lose this and a guest's driver talks to a network card that is another one."""
    guest.works()
    card = r"(<interface.*?<model type=)'virtio'"
    assert libvirt.refuses(ABI, change=(f"(?s){card}", r"\1'e1000'"))
    assert guest.goes_on()
