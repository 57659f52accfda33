# SPDX-License-Identifier: Apache-2.0
"""Builds for hosts of another architecture: only what such a host needs, from the same source versions."""

import pytest

from fixtures.builds.host_arch import entry_name, on_host
from fixtures.errors import Unsupported
from fixtures.matrix.build_specs import DebianBuild

pytestmark = pytest.mark.usefixtures("machine_of_x86_64")

QEMU = {"qemu-system-x86": "1:7.2-1", "qemu-system-ppc": "1:7.2-1", "qemu-system-data": "1:7.2-1"}
LIBVIRT = {"libvirt-daemon": "9.0.0-4", "libvirt-clients": "9.0.0-4"}
BUILD = DebianBuild(
    kind="debian",
    suites=("bookworm",),
    packages={**QEMU, "seabios": "1.16.2-1", **LIBVIRT},
    extra=("qemu-system-x86-xen", "ovmf", "qemu-utils", "swtpm", "swtpm-tools", "libtpms0", "ipxe-qemu"),
)


def test_power_host_gets_what_its_guests_need() -> None:
    """Lose this and a POWER host lacks its firmware, or its root needs packages that only amd64 has."""
    needed = on_host("mine", BUILD, "ppc64el")
    assert list(needed.packages) == ["qemu-system-ppc", "qemu-system-data", "seabios"]
    assert needed.extra == ("ipxe-qemu",)


def test_amd64_host_gets_every_package() -> None:
    """Lose this and the default run has another build than before."""
    assert on_host("mine", BUILD, "amd64") == BUILD


def test_machine_of_power_gets_every_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a POWER machine has no libvirt, no disks and no x86_64 guests."""
    monkeypatch.setattr("platform.machine", lambda: "ppc64le")
    assert on_host("mine", BUILD, "ppc64el") == BUILD
    assert on_host("mine", BUILD, "amd64") == BUILD


def test_build_without_qemu_for_power_is_unsupported() -> None:
    """Lose this and a build for x86_64 alone ends the run instead of its cells on POWER."""
    x86 = BUILD.model_copy(update={"packages": {"qemu-system-x86": "1:7.2-1"}})
    with pytest.raises(Unsupported, match="build mine has no package qemu-system-ppc, which ppc64el hosts"):
        on_host("mine", x86, "ppc64el")


def test_lock_keeps_the_names_of_amd64() -> None:
    """Lose this and nothing that is locked today is compared any more."""
    assert entry_name("debian-12", "amd64") == "debian-12"
    assert entry_name("debian-12", "ppc64el") == "debian-12:ppc64el"
