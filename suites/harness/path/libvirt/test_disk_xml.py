# SPDX-License-Identifier: Apache-2.0
"""The disk that a guest writes to, and its CD-ROM drive, as libvirt's elements; and how its QEMU ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import libvirt
import pytest

from fixtures.errors import HotPatchFailure
from fixtures.machine.management import ActFailed
from fixtures.matrix.cdroms import SECOND, CdromOptions
from fixtures.matrix.disks import BY_LIBVIRT, FULL_VOLUME, ROOMY_VOLUME, DiskOptions
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.path.libvirt.cdrom import LibvirtDrive
from fixtures.path.libvirt.disk_xml import disk_elements, with_room
from fixtures.path.libvirt.domain import Domain
from fixtures.path.libvirt.domain_xml import render_domain, socket_paths
from suites.harness.support.libvirt_errors import error_of

PLACE = Path('/tmp/hp-<y>&"x"')


def domain_with(disk: DiskOptions | None, options: GuestOptions | None = None) -> ET.Element:
    """The definition of a guest that has this disk, or these options."""
    options = options or GuestOptions(disk=disk)
    xml = render_domain(
        GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0, options=options),
        name="guest",
        program="/usr/bin/qemu",
        accelerator="tcg",
        images=Path("/images"),
        attempt_dir=PLACE,
        sockets=socket_paths(PLACE, "source"),
    )
    return ET.fromstring(xml)  # noqa: S314 - our own


@pytest.mark.parametrize("disk", [disk for disk, _ in BY_LIBVIRT], ids=lambda disk: disk.name)
def test_element_is_the_disk(disk: DiskOptions) -> None:
    """Lose this and libvirt moves another disk than the name of the cell says."""
    element = domain_with(disk).find("devices/disk")
    assert element is not None
    driver, source, target = (element.find(name) for name in ("driver", "source", "target"))
    assert driver is not None
    assert source is not None
    assert target is not None
    assert (driver.get("cache"), driver.get("io")) == (disk.cache, disk.aio)
    assert driver.get("type") == ("raw" if disk.is_raw else "qcow2")
    assert source.get("file") == f"{PLACE}/io.img"
    assert target.get("bus") == {"virtio-blk": "virtio", "virtio-scsi": "scsi", "ahci": "sata"}[disk.bus]


@pytest.mark.parametrize("bus, where", [("virtio-blk", "disk/driver"), ("virtio-scsi", "controller/driver")])
def test_thread_serves_the_disk(bus: Any, where: str) -> None:
    """Lose this and the cells of I/O threads have none."""
    root = domain_with(DiskOptions("raw", bus, iothread=True))
    assert root.findtext("iothreads") == "1"
    assert [each.get("iothread") for each in root.iterfind(f"devices/{where}")] == ["1"]
    without = domain_with(DiskOptions("raw", bus))
    assert without.find("iothreads") is None
    assert not [each for each in without.iter() if each.get("iothread")]


def test_image_below_is_named() -> None:
    """Lose this and libvirt looks for the chain itself, or the chain has no second image."""
    below = domain_with(DiskOptions("chain", "ahci")).find("devices/disk/backingStore/source")
    assert below is not None
    assert below.get("file") == f"{PLACE}/io-base.raw"
    assert domain_with(DiskOptions("qcow2", "ahci")).find("devices/disk/backingStore") is None


def test_volume_that_fills_is_a_slice_of_its_file() -> None:
    """Lose this and libvirt's guest is not suspended before its move, or has no room after it."""
    root = domain_with(DiskOptions("chain", "virtio-blk", fills=True))
    volume, driver = root.find("devices/disk/source/slices/slice"), root.find("devices/disk/driver")
    assert volume is not None
    assert driver is not None
    assert (volume.get("type"), volume.get("size")) == ("storage", str(FULL_VOLUME))
    assert (driver.get("error_policy"), driver.get("rerror_policy")) == ("stop", "stop")
    assert with_room(f"<slice size='{FULL_VOLUME}'/>") == f"<slice size='{ROOMY_VOLUME}'/>"
    others = domain_with(DiskOptions("chain", "virtio-blk"))
    assert others.find("devices/disk/source/slices") is None


def test_guest_without_a_disk_has_no_element() -> None:
    """Lose this and each guest of libvirt has another definition than before."""
    assert list(disk_elements(None, PLACE)) == []
    assert domain_with(None).find("devices/disk") is None


def _ended(destroy_flags: Any) -> None:
    """End a domain whose libvirt answers by `destroy_flags`."""
    domain = SimpleNamespace(
        handle=SimpleNamespace(destroyFlags=destroy_flags),
        bounded=lambda call, _what: call(),
        last_words=lambda: "it still runs",
    )
    Domain.ends(domain)  # type: ignore[arg-type]


def test_qemu_may_close_its_disks() -> None:
    """Lose this and libvirt kills a slow QEMU, whose image then counts as damaged."""
    seen: list[int] = []
    _ended(seen.append)
    assert seen == [libvirt.VIR_DOMAIN_DESTROY_GRACEFUL]


def test_qemu_that_does_not_end_is_a_failure() -> None:
    """Lose this and the image of a QEMU that still writes to it is judged."""

    def refuses(_flags: int) -> None:
        raise libvirt.libvirtError("failed to kill qemu process with SIGTERM")

    with pytest.raises(HotPatchFailure, match=r"libvirt cannot end the guest: .*it still runs"):
        _ended(refuses)


@pytest.mark.parametrize("bus, target", [("ahci", "sata"), ("virtio-scsi", "scsi")])
def test_element_is_the_drive(bus: Any, target: str) -> None:
    """Lose this and libvirt moves a guest without a CD-ROM drive, or with a medium that can be written."""
    options = GuestOptions(cdrom=CdromOptions(bus))
    element = domain_with(None, options).find("devices/disk")
    assert element is not None
    assert (element.get("device"), element.find("readonly") is not None) == ("cdrom", True)
    source, place = element.find("source"), element.find("target")
    assert source is not None
    assert place is not None
    assert (source.get("file"), place.get("bus")) == (f"{PLACE}/cdrom-1.iso", target)
    assert [
        each.get("model") for each in domain_with(None, options).iterfind("devices/controller[@type='scsi']")
    ] == (["virtio-scsi"] if bus == "virtio-scsi" else [])


def test_libvirt_is_given_another_medium(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and the medium stays the same, or a refusal of libvirt breaks the suite."""
    asked: list[str] = []

    def update(xml: str, _flags: int) -> None:
        asked.append(xml)
        if len(asked) > 1:
            raise error_of(libvirt.VIR_ERR_OPERATION_FAILED, "no such file")

    domain = object.__new__(Domain)
    monkeypatch.setattr(Domain, "handle", SimpleNamespace(updateDeviceFlags=update))
    monkeypatch.setattr(domain, "last_words", lambda: "it still runs")
    domain.host = SimpleNamespace(attempt_dir=PLACE)  # type: ignore[assignment]
    drive = LibvirtDrive(domain, CdromOptions("virtio-scsi"))
    drive.insert(SECOND)
    (element,) = map(ET.fromstring, asked)
    assert (element.tag, element.get("device")) == ("disk", "cdrom")
    assert f"{PLACE}/cdrom-2.iso" in [source.get("file") for source in element.iterfind("source")]
    with pytest.raises(ActFailed, match="updateDeviceFlags: no such file"):
        drive.insert(SECOND)
