# SPDX-License-Identifier: Apache-2.0
"""Builds a guest: the agent compiled for its architecture, a Debian kernel, and an initramfs of both.

The same inputs give the same bytes, so an image can be named by a hash of its inputs, and two runs of the
suite boot the same guest.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.errors import RigError, UsageError
from fixtures.matrix.driven import Driven
from fixtures.matrix.guest_devices import MODULE_OPTIONS
from fixtures.matrix.names import ARCHES
from fixtures.matrix.own_arch import toolchain
from fixtures.temporary import temporary_directory
from images.boot_image import unwrapped
from images.kernel_memory import kernel_memory
from images.modules import ModuleTree, load_order
from images.tools import run_tool

AGENT = Path(__file__).resolve().parent / "agent"


BASE_MODULES: Mapping[str, tuple[str, ...]] = {"x86_64": ("msr", "efivarfs"), "ppc64le": ()}
"""Modules of every guest, whatever devices it has. The agent loads them if they are in the image, `efivarfs`
only in a guest that is asked for its UEFI variables."""


def build_agent(arch: str, work: Path) -> Path:
    """Compile the guest agent for `arch` into the directory `work`; the same sources give the same bytes.

    Raises :class:`UsageError` for an unknown architecture or a missing compiler.
    """
    return compiled(AGENT, arch, work)


def compiled(sources: Path, arch: str, work: Path) -> Path:
    """Compile the directory `sources` to one static program for `arch`, in the directory `work`.

    The same sources give the same bytes. Raises :class:`UsageError` for an unknown architecture or a missing
    compiler.
    """
    tools = toolchain(arch)
    name = sources.name
    if tools is None:
        known = ", ".join(ARCHES)
        raise UsageError(f"no {name} for architecture {arch!r}", fix=f"use one of {known}")
    work.mkdir(parents=True, exist_ok=True)
    program = work / f"{name}-{arch}"
    run_tool(
        [
            tools.compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-static",
            "-s", "-Wl,--build-id=none", f"-ffile-prefix-map={sources}={name}", f"-frandom-seed={name}",
            "-o", str(program.resolve()), *sorted(path.name for path in sources.glob("*.c")),
        ],
        packages=tools.packages,
        cwd=sources,
    )  # fmt: skip
    return program


def build_image(arch: str, kernel_deb: Path, out: Path, devices: Sequence[Driven]) -> None:
    """Write `kernel`, `kernel-packed` and `initrd` into `out`, from a linux-image package; each atomically.

    `kernel-packed` is the package's own file, for machine types that cannot start an ELF file. The initrd has
    the modules of `devices`. Raises :class:`RigError` if the package does not have what is expected.
    """
    out.mkdir(parents=True, exist_ok=True)
    with temporary_directory("hotpatch-image-") as scratch:
        kernel, modules = unpacked_kernel(kernel_deb, scratch)
        wanted = load_order(modules, [*BASE_MODULES[arch], *(name for d in devices for name in d.modules)])
        unpacked = unwrapped(kernel)
        agent = build_agent(arch, scratch).read_bytes()
        entries = _initramfs_entries(agent, kernel_memory(unpacked), wanted, modules, devices)
        replace_file(out / "kernel", unpacked)
        replace_file(out / "kernel-packed", kernel)
    replace_file(out / "initrd", cpio(entries))


def unpacked_kernel(kernel_deb: Path, scratch: Path) -> tuple[bytes, ModuleTree]:
    """The kernel file of a linux-image package, and its modules, which are unpacked in `scratch`.

    Raises :class:`RigError` if the package does not have what is expected.
    """
    tree = scratch / "tree"
    run_tool(["dpkg-deb", "-x", str(kernel_deb), str(tree)], packages="dpkg")
    kernel = _only(tree, "boot/vmlinu[xz]-*", kernel_deb)
    return kernel.read_bytes(), ModuleTree(_modules_directory(tree, kernel_deb))


def _only(tree: Path, pattern: str, package: Path) -> Path:
    found = sorted(tree.glob(pattern))
    if len(found) != 1:
        raise RigError(f"{package.name} has {len(found)} files {pattern}, expected one")
    return found[0]


def _modules_directory(tree: Path, package: Path) -> Path:
    """The directory of the modules; newer Debian packages have it below /usr."""
    below = "usr/lib" if (tree / "usr/lib/modules").is_dir() else "lib"
    return _only(tree, f"{below}/modules/*", package)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file atomically: a reader sees the old file or the complete new one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as temporary:
        temporary.write(data)
        os.fchmod(temporary.fileno(), 0o644)
    Path(temporary.name).replace(path)


# --- the initramfs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One file of the archive; `device` has major and minor number of a device node."""

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def _initramfs_entries(
    agent: bytes,
    constant: bytes,
    wanted: Mapping[str, bytes],
    modules: ModuleTree,
    devices: Sequence[Driven],
) -> list[Entry]:
    return [
        Entry("dev", stat.S_IFDIR | 0o755),
        Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),  # the kernel opens it for init
        Entry("init", stat.S_IFREG | 0o755, agent),
        Entry("kernel-memory", stat.S_IFREG | 0o644, constant),
        Entry("modules", stat.S_IFDIR | 0o755),
        *(Entry(f"modules/{name}.ko", stat.S_IFREG | 0o644, data) for name, data in wanted.items()),
        Entry("devices", stat.S_IFDIR | 0o755),
        *(
            Entry(f"devices/{device.name}", stat.S_IFREG | 0o644, _device_file(device, modules))
            for device in devices
        ),
        *(Entry(name, stat.S_IFDIR | 0o755) for name in ("proc", "sys", "tmpfs")),
    ]


def _device_file(device: Driven, modules: ModuleTree) -> bytes:
    """The file that agent/drivers.c reads: kind of check and selector, then the modules in load order."""
    files = [f"{name}.ko {MODULE_OPTIONS.get(name, '')}" for name in load_order(modules, device.modules)]
    return "".join(f"{line.rstrip()}\n" for line in (f"{device.kind} {device.selector}", *files)).encode()


def cpio(entries: list[Entry]) -> bytes:
    """A newc archive that does not depend on the time, the place or the user of the build.

    Not compressed: it is small, and gzip made no measurable difference to the boot time under TCG.
    """
    archive = b"".join(_cpio_records(sorted(entries, key=lambda entry: entry.path)))
    return archive + b"\0" * (-len(archive) % 512)


def _cpio_records(entries: list[Entry]) -> Iterator[bytes]:
    for inode, entry in enumerate(entries, start=1):
        yield _cpio_record(inode, entry)
    yield _cpio_record(0, Entry("TRAILER!!!", 0))


def _cpio_record(inode: int, entry: Entry) -> bytes:
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    owner = group = mtime = 0
    # inode, mode, uid, gid, links, mtime, size, its device (2), device node (2), length of name, checksum
    fields = (
        inode, entry.mode, owner, group, links, mtime, len(entry.data), 0, 0, *entry.device, len(name), 0,
    )  # fmt: skip
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return _padded(header) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
