# SPDX-License-Identifier: Apache-2.0
"""Whom the files of a guest belong to, and what libvirt remembers of them."""

import os
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest

from fixtures.path.libvirt.domain import Domain
from fixtures.update.files import REMEMBERED, owners, same_owners


class _Described:
    """A domain with one disk."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk

    def described(self) -> ET.Element:
        domain = ET.Element("domain")
        disk = ET.SubElement(ET.SubElement(domain, "devices"), "disk")
        ET.SubElement(disk, "source", file=str(self._disk))
        return domain


def _remember(disk: Path, **values: str) -> None:
    try:
        for name, value in values.items():
            os.setxattr(disk, REMEMBERED + name, value.encode() + b"\0")
    except OSError as error:
        pytest.skip(f"attributes that only root may set: {error.strerror}")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """An image as libvirt leaves it while its guest runs."""
    disk = tmp_path / "disk.qcow2"
    disk.write_bytes(b"")
    disk.chmod(0o644)
    _remember(disk, dac="+0:+0", ref_dac="1", timestamp_dac="1700000000")
    return disk


def test_boot_of_the_host_is_no_owner(disk: Path) -> None:
    """Lose this and a libvirt that writes a date anew is a finding."""
    domain = cast("Domain", _Described(disk))
    before = owners(domain)
    os.setxattr(disk, REMEMBERED + "timestamp_dac", b"1800000000")
    check = same_owners(before, domain)
    assert check
    assert check.detail == "1 disk, 1 of them with an owner that libvirt remembers"


@pytest.mark.parametrize("changed", [{"dac": "+64055:+64055"}, {"ref_dac": "2"}])
def test_what_libvirt_remembers_is_compared(disk: Path, changed: dict[str, str]) -> None:
    """Lose this and an image that libvirt never gives back, or gives to a stranger, goes unnoticed."""
    domain = cast("Domain", _Described(disk))
    before = owners(domain)
    _remember(disk, **changed)
    check = same_owners(before, domain)
    assert not check
    assert "0:0 644, remembered dac +0:+0, ref_dac 1, now 0:0 644, remembered dac" in check.detail


def test_forgotten_owner_is_noticed(disk: Path) -> None:
    """Lose this and an image whose owner libvirt has forgotten stays libvirt's for good, unnoticed."""
    domain = cast("Domain", _Described(disk))
    before = owners(domain)
    for name in ("dac", "ref_dac"):
        os.removexattr(disk, REMEMBERED + name)
    assert "now 0:0 644, remembered nothing" in same_owners(before, domain).detail
