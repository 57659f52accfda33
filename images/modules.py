# SPDX-License-Identifier: Apache-2.0
"""The modules of a Debian kernel: which it has, and in which order they can be loaded."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Iterable
from pathlib import Path

from fixtures.errors import RigError
from images.tools import run_tool


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
            return run_tool(["zstd", "-dcq", str(path)], packages="zstd")
        return path.read_bytes()


def load_order(tree: ModuleTree, wanted: Iterable[str]) -> dict[str, bytes]:
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
