# SPDX-License-Identifier: Apache-2.0
"""Can this host do postcopy? The answer comes before a guest is moved, with advice."""

import errno
import os
from pathlib import Path

import pytest

from fixtures.hosts.userfaultfd import call_userfaultfd, missing, needed_capabilities

ABSENT = Path("/nonexistent/userfaultfd")


@pytest.mark.parametrize("version", ["5.2.0", "10.0.13"])
def test_host_that_gives_it_lacks_nothing(version: str) -> None:
    """Lose this and no postcopy cell is ever run."""
    assert missing(version, call=lambda: 0, device=ABSENT) is None


def test_kernel_without_it_is_reported() -> None:
    """Lose this and a kernel without userfaultfd fails each postcopy cell with QEMU's riddle."""
    message = missing("10.0.13", call=lambda: errno.ENOSYS, device=ABSENT)
    assert message == "the host's kernel has no userfaultfd (CONFIG_USERFAULTFD)"


@pytest.mark.parametrize("version,device_helps", [("7.2.22", False), ("8.0.0", True), ("10.0.13", True)])
def test_forbidden_is_reported_with_the_ways_out(version: str, device_helps: bool) -> None:
    """Lose this and a user gets advice about a device that their QEMU never opens."""
    message = missing(version, call=lambda: errno.EPERM, device=ABSENT)
    assert message is not None
    assert "sysctl vm.unprivileged_userfaultfd=1" in message
    assert (f"access to {ABSENT}" in message) is device_helps


@pytest.mark.parametrize("version,usable", [("7.2.22", False), ("8.0.0", True)])
def test_device_is_enough_for_a_qemu_that_knows_it(version: str, usable: bool, tmp_path: Path) -> None:
    """Lose this and postcopy is unsupported where it works, or fails where it was promised."""
    device = tmp_path / "userfaultfd"
    device.touch(mode=0o600)
    assert (missing(version, call=lambda: errno.EPERM, device=device) is None) is usable


def test_other_failure_is_reported_with_the_kernels_message() -> None:
    """Lose this and on a host without free file descriptors the advice is to change a sysctl."""
    message = missing("10.0.13", call=lambda: errno.EMFILE, device=ABSENT)
    assert message == "the host's userfaultfd fails: Too many open files"


def test_this_kernel_is_really_asked() -> None:
    """Lose this and the question to the kernel is broken on the very host that asks it."""
    assert call_userfaultfd() in {0, errno.EPERM, errno.ENOSYS}


@pytest.mark.parametrize(
    "version,everybody_may,needed",
    [("7.2.22", False, ("CAP_SYS_PTRACE",)), ("7.2.22", True, ()), ("8.0.0", False, ())],
)
def test_only_a_qemu_that_makes_the_system_call_gets_its_capability(
    version: str, everybody_may: bool, needed: tuple[str, ...], tmp_path: Path
) -> None:
    """Lose this and postcopy into QEMU 7.2 fails as its defect, or newer builds may trace processes."""
    device, setting = tmp_path / "userfaultfd", tmp_path / "unprivileged_userfaultfd"
    device.touch()
    setting.write_text(f"{everybody_may:d}\n")
    assert needed_capabilities(version, device=device, unprivileged=setting) == needed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("mode,needed", [(0o600, ("CAP_SYS_PTRACE",)), (0o666, ())])
def test_device_of_another_user_is_no_way_for_root(
    mode: int, needed: tuple[str, ...], tmp_path: Path
) -> None:
    """Lose this and postcopy is unsupported once libvirt gave the device to the user of its own guests."""
    device = tmp_path / "userfaultfd"
    device.touch()
    device.chmod(mode)
    os.chown(device, 64055, 64055)
    assert needed_capabilities("10.0.13", device=device, unprivileged=ABSENT) == needed


def test_kernel_without_the_device_needs_the_capability_for_every_qemu(tmp_path: Path) -> None:
    """Lose this and no postcopy cell passes on kernels before 6.1."""
    assert needed_capabilities("10.0.13", device=ABSENT, unprivileged=ABSENT) == ("CAP_SYS_PTRACE",)
