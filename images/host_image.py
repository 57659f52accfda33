# SPDX-License-Identifier: Apache-2.0
"""Builds the inner Linux of an emulated host: its init compiled, a Debian kernel, and an initramfs of both.

The kernel and its modules come from the package that the guests use. The same inputs give the same bytes.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from fixtures.temporary import temporary_directory
from images.boot_image import unwrapped
from images.initramfs import Entry, compiled, cpio, replace_file, unpacked_kernel
from images.modules import load_order
from images.tools import run_tool

HOST = Path(__file__).resolve().parent / "host"
COMMON = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p")
INSTALLED = ("overlay", "tun", "bridge")
"""For a host that boots an installed one: writable files over read-only ones, and a network of its own."""
MODULES: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("irqbypass", "ccp", "kvm", "kvm_amd", *COMMON, *INSTALLED),
    "ppc64le": ("kvm", "kvm_hv", *COMMON),
}
"""What the init loads, in this order."""


def build_host_image(arch: str, kernel_deb: Path, out: Path) -> None:
    """Write `kernel` and `initrd` into `out`, and `work`, a program of this machine that measures its speed.

    Raises :class:`RigError` if the package does not have what is expected.
    """
    out.mkdir(parents=True, exist_ok=True)
    with temporary_directory("hotpatch-host-") as scratch:
        kernel, modules = unpacked_kernel(kernel_deb, scratch)
        init = compiled(HOST, arch, scratch).read_bytes()
        replace_file(out / "initrd", cpio(_entries(init, load_order(modules, MODULES[arch]))))
        replace_file(out / "kernel", unwrapped(kernel))
    build_work(out / "work")


def build_work(out: Path) -> None:
    """Compile host/work.c for this machine, as the init has it for the emulated one."""
    run_tool(
        ["gcc", "-std=gnu11", "-O2", "-DWORK_ONLY", "-o", str(out.resolve()), "work.c"],
        packages="gcc libc6-dev",
        cwd=HOST,
    )


def _entries(init: bytes, modules: Mapping[str, bytes]) -> list[Entry]:
    return [
        Entry("dev", stat.S_IFDIR | 0o755),
        Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),  # the kernel opens it for init
        Entry("init", stat.S_IFREG | 0o755, init),
        Entry("modules", stat.S_IFDIR | 0o755),
        Entry("modules/order", stat.S_IFREG | 0o644, "".join(f"{name}\n" for name in modules).encode()),
        *(Entry(f"modules/{name}.ko", stat.S_IFREG | 0o644, data) for name, data in modules.items()),
        *(Entry(name, stat.S_IFDIR | 0o755) for name in ("proc", "sys", "tmp", "roots", "newroot")),
    ]
