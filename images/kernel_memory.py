# SPDX-License-Identifier: Apache-2.0
"""Where a running kernel has memory that never changes: its code and its read-only data.

The guest agent checks this memory before and after a hot patch. Jump labels are left out: the kernel patches
them whenever a static key changes, for example when it decides that the TSC is unstable.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fixtures.errors import RigError

ALLOCATED, EXECUTED, NO_BITS = 2, 4, 8
"""Flags SHF_ALLOC and SHF_EXECINSTR and type SHT_NOBITS of an ELF section."""
AFTER_READ_ONLY = (".data", ".init.text")
"""Both kernels begin with code and read-only data; the first of these sections ends them (vmlinux.lds.S)."""
CODE = (".head.text", ".text")
UNWIND = (".orc_unwind_ip", ".orc_unwind")
"""Tables behind the data that the kernel only reads (x86)."""
ENTRY = 16
"""A jump label: offset of the code (4 bytes), of its target (4) and of its key (8), each relative to its own
address (struct jump_entry in include/linux/jump_label.h)."""
FEWEST_LABELS = 500
PATCHED = 5
"""Bytes at a jump label: one jump of x86; POWER's has 4."""
WORD = 8
PAGE = 4096


@dataclass(frozen=True)
class _Section:
    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.address + self.size


def kernel_memory(elf: bytes) -> bytes:
    """The file that agent/constant.c reads, as 64-bit little-endian numbers.

    Number of ranges; begin and end address of each; number of words; address of each 8-byte word that is not
    checked, ascending. Code is left out if its jump labels are not found. Raises :class:`RigError` if `elf`
    is not a kernel's 64-bit little-endian ELF file.
    """
    sections = list(_sections(elf))
    still = list(_read_only(sections))
    if not still:
        raise RigError("the kernel has no read-only sections before its data")
    words = sorted({word for label in _jump_labels(elf, sections, still) for word in _words_at(label)})
    checked = still if words else [section for section in still if section.name not in CODE]
    ranges = _merged(checked)
    numbers = [len(ranges), *(bound for pair in ranges for bound in pair), len(words), *words]
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def _sections(elf: bytes) -> Iterator[_Section]:
    if elf[:6] != b"\x7fELF\x02\x01":
        raise RigError("the kernel is not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
    names = headers[names_index][4]
    for name, kind, flags, address, offset, length in headers:
        text = elf[names + name : elf.index(b"\0", names + name)].decode()
        yield _Section(text, kind, flags, address, offset, length)


def _read_only(sections: Iterable[_Section]) -> Iterator[_Section]:
    in_data = False
    for section in sections:
        in_data = in_data or section.name in AFTER_READ_ONLY
        if section.flags & ALLOCATED and section.kind != NO_BITS and (not in_data or section.name in UNWIND):
            yield section


def _merged(sections: Iterable[_Section]) -> list[tuple[int, int]]:
    """Ranges without the gaps between them, which the kernel frees if they are a page or longer."""
    ranges: list[tuple[int, int]] = []
    for section in sections:
        if ranges and section.address - ranges[-1][1] < PAGE:
            ranges[-1] = (ranges[-1][0], section.end)
        else:
            ranges.append((section.address, section.end))
    return ranges


def _jump_labels(elf: bytes, sections: list[_Section], still: list[_Section]) -> list[int]:
    """Code addresses of all jump labels.

    Their table is a part of .rodata without a section of its own, and the kernel has no symbols. It is the
    longest run of entries whose label and target are in code and whose key is in data.
    """
    code = [(section.address, section.end) for section in sections if section.flags & EXECUTED]
    data_end = max(section.end for section in sections)
    longest: list[int] = []
    for section in still:
        if section.name == ".rodata":
            longest = max(longest, *_runs(elf, section, code, data_end), key=len)
    return longest if len(longest) >= FEWEST_LABELS else []


def _runs(elf: bytes, section: _Section, code: list[tuple[int, int]], data_end: int) -> Iterator[list[int]]:
    size = section.size // WORD * WORD
    numbers = array("i", elf[section.offset : section.offset + size])
    keys = array("q", elf[section.offset : section.offset + size])
    yield []
    for phase in (0, 1):
        run: list[int] = []
        for at in range(phase, len(keys) - 1, ENTRY // WORD):
            here = section.address + at * WORD
            label, target = here + numbers[2 * at], here + 4 + numbers[2 * at + 1]
            key = here + WORD + keys[at + 1]
            places = (label, target) if section.address <= key < data_end else (0,)
            if all(any(low <= place < high for low, high in code) for place in places):
                run.append(label)
            elif run:
                yield run
                run = []
        yield run


def _words_at(label: int) -> Iterable[int]:
    return range(label // WORD * WORD, label + PATCHED, WORD)


def unchanging_page(elf: bytes) -> bytes:
    """Content of a page that the running kernel has as its file has it: names of exported symbols."""
    section = next(each for each in _sections(elf) if each.name == "__ksymtab_strings")
    begin = section.offset - section.address % PAGE + 2 * PAGE
    return elf[begin : begin + PAGE]
