# SPDX-License-Identifier: Apache-2.0
"""The modules of a Debian kernel, and the order in which they can be loaded."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Iterable
from pathlib import Path

from fixtures.errors import RigError
from images.tools import run_tool


def module_name(file_name: str) -> str:
    """The kernel's name for the module in a file: virtio_rng for virtio-rng.ko.xz."""
    return file_name.split(".ko", 1)[0].replace("-", "_")


class ModuleTree:
    """The modules of one kernel: those that are built in and those that are files."""

    def __init__(self, directory: Path) -> None:
        self._files = {module_name(path.name): path for path in sorted(directory.rglob("*.ko*"))}
        listed = (directory / "modules.builtin").read_text().split()
        self._builtin = {module_name(Path(line).name) for line in listed}

    def is_builtin(self, name: str) -> bool:
        """Whether the module is built into the kernel, so that it need not be loaded."""
        return name in self._builtin

    def content(self, name: str) -> bytes:
        """The uncompressed module. Raises :class:`RigError` if the kernel does not have it."""
        path = self._files.get(name)
        if path is None:
            raise RigError(f"the kernel package has no module {name}, and it is not built in")
        if path.suffix == ".xz":
            return lzma.decompress(path.read_bytes())
        if path.suffix == ".zst":
            return run_tool(["zstd", "-dcq", str(path)], packages="zstd")
        return path.read_bytes()


def load_order(tree: ModuleTree, wanted: Iterable[str]) -> dict[str, bytes]:
    """File contents of the wanted modules and their dependencies, each after its own dependencies."""
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
    """Names in the field `depends=` of a module's section .modinfo."""
    for entry in _elf_section(elf, b".modinfo").split(b"\0"):
        key, _, value = entry.partition(b"=")
        if key == b"depends":
            return [name for name in value.decode().split(",") if name]
    return []


def _elf_section(elf: bytes, wanted: bytes) -> bytes:
    """One section of a 64-bit little-endian ELF file; the modules of both architectures have that format."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise RigError("a kernel module is not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    # From each section header: name (an offset into the section of names), file offset and size.
    headers = [struct.unpack_from("<I20xQQ", elf, table + i * size) for i in range(count)]
    names = headers[names_index][1]
    for name, offset, length in headers:
        if elf[names + name : elf.index(b"\0", names + name)] == wanted:
            return elf[offset : offset + length]
    raise RigError(f"a kernel module has no section {wanted.decode()}")
