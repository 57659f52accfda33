# SPDX-License-Identifier: Apache-2.0
"""Builds a guest: the agent compiled for its architecture, a Debian kernel, and an initramfs of both.

The same inputs give the same bytes, so that an image can be named by what went into it, and two runs of
the suite boot the same guest.
"""

from __future__ import annotations

import lzma
import os
import stat
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fixtures.errors import RigError, UsageError

AGENT = Path(__file__).resolve().parent / "agent"

#: What a guest with virtio devices needs; what these depend on is found in the modules themselves.
MODULES = (
    "virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "virtio_balloon", "virtio_console",
)  # fmt: skip

COMMAND_SECONDS = 300.0


@dataclass(frozen=True)
class Toolchain:
    """A compiler that makes static programs for one architecture, and the Debian packages it comes in."""

    compiler: str
    packages: str


TOOLCHAINS: Mapping[str, Toolchain] = {
    "x86_64": Toolchain("gcc", "gcc libc6-dev"),
    "ppc64le": Toolchain("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross"),
}


def build_agent(arch: str, work: Path) -> Path:
    """Compile the guest agent for `arch` into `work`; the same sources give the same bytes."""
    toolchain = TOOLCHAINS.get(arch)
    if toolchain is None:
        known = ", ".join(TOOLCHAINS)
        raise UsageError(f"no guest agent for architecture {arch!r}", fix=f"use one of {known}")
    work.mkdir(parents=True, exist_ok=True)
    agent = work / f"agent-{arch}"
    _run(
        [
            toolchain.compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-static",
            "-s", "-Wl,--build-id=none", f"-ffile-prefix-map={AGENT}=agent", "-frandom-seed=agent",
            "-o", str(agent.resolve()), *sorted(path.name for path in AGENT.glob("*.c")),
        ],
        packages=toolchain.packages,
        cwd=AGENT,
    )  # fmt: skip
    return agent


def build_image(arch: str, kernel_deb: Path, out: Path) -> None:
    """Write `out`/kernel and `out`/initrd from a linux-image package; each appears whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hotpatch-image-") as scratch:
        tree = Path(scratch) / "tree"
        _run(["dpkg-deb", "-x", str(kernel_deb), str(tree)], packages="dpkg")
        kernel = _only(tree, "boot/vmlinu[xz]-*", kernel_deb)
        modules = load_order(ModuleTree(_modules_directory(tree, kernel_deb)), MODULES)
        agent = build_agent(arch, Path(scratch)).read_bytes()
        _replace(out / "kernel", kernel.read_bytes())
    _replace(out / "initrd", cpio(_initramfs_entries(agent, modules)))


def _run(command: list[str], *, packages: str, cwd: Path | None = None) -> bytes:
    """Run a program of the host; say which Debian packages it needs, or quote what it complained about."""
    environment = {**os.environ, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, check=False, timeout=COMMAND_SECONDS
        )
    except FileNotFoundError as error:
        raise UsageError(
            f"the program {command[0]} is not installed",
            where="building a guest",
            fix=f"apt-get install {packages}",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RigError(f"{command[0]} did not end within {COMMAND_SECONDS:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise RigError(f"{command[0]} ended with {done.returncode} while building a guest:\n{said}")
    return done.stdout


def _only(tree: Path, pattern: str, package: Path) -> Path:
    found = sorted(tree.glob(pattern))
    if len(found) != 1:
        raise RigError(f"{package.name} has {len(found)} files {pattern}, expected one")
    return found[0]


def _modules_directory(tree: Path, package: Path) -> Path:
    """Where the modules are: newer Debian ships them below /usr."""
    below = "usr/lib" if (tree / "usr/lib/modules").is_dir() else "lib"
    return _only(tree, f"{below}/modules/*", package)


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the former one or the whole new one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as temporary:
        temporary.write(data)
        os.fchmod(temporary.fileno(), 0o644)
    Path(temporary.name).replace(path)


# --- modules -------------------------------------------------------------------------------------------


def module_name(file_name: str) -> str:
    """The name that the kernel uses: virtio-rng.ko.xz is virtio_rng."""
    return file_name.split(".ko", 1)[0].replace("-", "_")


class ModuleTree:
    """The modules of one kernel: which are built in, which are files, and what these depend on."""

    def __init__(self, directory: Path) -> None:
        self._files = {module_name(path.name): path for path in sorted(directory.rglob("*.ko*"))}
        listed = (directory / "modules.builtin").read_text().split()
        self._builtin = {module_name(Path(line).name) for line in listed}

    def is_builtin(self, name: str) -> bool:
        """Whether the kernel itself contains it, so that there is nothing to load."""
        return name in self._builtin

    def content(self, name: str) -> bytes:
        """The module as the kernel loads it, that is, not compressed."""
        path = self._files.get(name)
        if path is None:
            raise RigError(f"the kernel package has no module {name}, and it is not built in")
        if path.suffix == ".xz":
            return lzma.decompress(path.read_bytes())
        if path.suffix == ".zst":
            return _run(["zstd", "-dcq", str(path)], packages="zstd")
        return path.read_bytes()


def load_order(tree: ModuleTree, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """The wanted modules and all they depend on, each after what it depends on."""
    order: dict[str, bytes] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered or tree.is_builtin(name):
            return
        entered.add(name)
        content = tree.content(name)
        for dependency in module_depends(content):
            enter(module_name(dependency))
        order[name] = content

    for name in wanted:
        enter(name)
    return order


def module_depends(elf: bytes) -> list[str]:
    """What a module says it depends on: `depends=` in its section .modinfo."""
    for entry in _elf_section(elf, b".modinfo").split(b"\0"):
        key, _, value = entry.partition(b"=")
        if key == b"depends":
            return [name for name in value.decode().split(",") if name]
    return []


def _elf_section(elf: bytes, wanted: bytes) -> bytes:
    """One section of a 64-bit little-endian ELF file, which modules of both architectures are."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise RigError("a kernel module is not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    # Of a section header: name (offset in the section of names), offset and size in the file.
    headers = [struct.unpack_from("<I20xQQ", elf, table + i * size) for i in range(count)]
    names = headers[names_index][1]
    for name, offset, length in headers:
        if elf[names + name : elf.index(b"\0", names + name)] == wanted:
            return elf[offset : offset + length]
    raise RigError(f"a kernel module has no section {wanted.decode()}")


# --- the initramfs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One file of the archive."""

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def _initramfs_entries(agent: bytes, modules: Mapping[str, bytes]) -> list[Entry]:
    order = "".join(f"{name}.ko\n" for name in modules)
    return [
        Entry("dev", stat.S_IFDIR | 0o755),
        Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),  # the kernel opens it for init
        Entry("init", stat.S_IFREG | 0o755, agent),
        Entry("modules", stat.S_IFDIR | 0o755),
        Entry("modules/order", stat.S_IFREG | 0o644, order.encode()),
        *(Entry(f"modules/{name}.ko", stat.S_IFREG | 0o644, data) for name, data in modules.items()),
        *(Entry(name, stat.S_IFDIR | 0o755) for name in ("proc", "sys")),
    ]


def cpio(entries: list[Entry]) -> bytes:
    """A newc archive with nothing in it that depends on when, where or by whom it was made.

    Not compressed: it is small, and gzip made no measurable difference to the boot under TCG.
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
    # inode, mode, uid, gid, links, mtime, size, device of the file (2), device it is (2), name, checksum
    fields = (
        inode, entry.mode, owner, group, links, mtime, len(entry.data), 0, 0, *entry.device, len(name), 0,
    )  # fmt: skip
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return _padded(header) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
