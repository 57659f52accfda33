# SPDX-License-Identifier: Apache-2.0
"""Every field of every section and subsection of a stream, with its path and its offset.

A path consists of the names of the structures around a field and its own name, joined by `/`. An element of
an array of structures has its number: `timer[2]/cmp`. The path of a subsection's field has the subsection's
name in angle brackets: `<hpet/offset>/hpet_offset`. If a structure has two fields of one name, the second one
is `name~2`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from fixtures.still.stream import FOOTER_BYTES, Field, Section, Stream, StreamError, Structure

Kind = Literal["field", "subsection", "section"]
HEADER_BYTES = 1 + 4 + 1 + 4 + 4
"""A section's header without its name: mark, section id, the name's length, instance id, version."""
SUBSECTION_HEADER_BYTES = 1 + 1 + 4
"""A subsection's header without its name: mark, the name's length, version."""
INDEX = re.compile(r"\[\d+\]|~\d+")


class Inner(NamedTuple):
    """A field that a parser found inside a lump: a field that QEMU describes only as a whole."""

    path: str
    """Below the lump's own path."""
    type: str
    offset: int
    """Bytes from the start of the lump."""
    width: int
    """Bytes of one element."""
    elements: int = 1
    kind: Kind = "field"


LumpParser = Callable[[Section, bytes], Iterator[Inner]]
"""From a section and a lump's bytes to the fields in the lump."""
LUMPS: dict[str, LumpParser] = {}
"""Parsers of lumps by QEMU's name of the type, such as `virtio`. A lump without parser is one field."""


@dataclass(frozen=True)
class Place:
    """A field, a subsection or a section."""

    section: str
    """The section's label: its name, with `#` and its instance id if that is not 0."""
    path: str
    """See the module. Empty for the section itself."""
    type: str
    """QEMU's name of the field's type; the structure's name for a subsection or section."""
    offset: int
    """Bytes from the start of the stream. A section or subsection begins with its header."""
    width: int
    """Bytes of one element."""
    elements: int = 1
    kind: Kind = "field"

    @property
    def length(self) -> int:
        """Bytes of all elements."""
        return self.width * self.elements

    @property
    def end(self) -> int:
        """Bytes from the start of the stream to the end of this place."""
        return self.offset + self.length

    @property
    def bare(self) -> str:
        """The path without numbers of elements: fields that differ only in these are one kind."""
        return INDEX.sub("", self.path)

    def only(self, element: int) -> Place:
        """One element of this array of numbers."""
        path = f"{self.path}[{element}]"
        return replace(self, path=path, offset=self.offset + element * self.width, elements=1)

    def matches(self, section: str, path: str) -> bool:
        """Is this what a rule means? `*` in `section` or `path` stands for any characters.

        A section's name without its device path is enough, and a path without numbers matches all elements.
        """
        names = {self.section, self.section.rpartition("/")[2]}
        return any(like(section, name) for name in names) and (like(path, self.path) or like(path, self.bare))


def all_places(stream: Stream) -> Iterator[Place]:
    """All sections in the stream's order, each followed by its fields and subsections."""
    for key in stream.sections:
        yield from section_places(stream, *key)


def section_places(stream: Stream, name: str, instance_id: int = 0) -> Iterator[Place]:
    """A section, its fields and its subsections. Raises :class:`StreamError`, `KeyError`."""
    section = stream.sections[name, instance_id]
    begin, end = stream.section_place(name, instance_id)
    yield Place(section.label, "", section.vmsd_name, begin, end - begin, kind="section")
    walk = _Walk(section, stream.raw)
    yield from walk.structure(section, begin + HEADER_BYTES + len(name.encode()), "")
    if walk.end != end - FOOTER_BYTES:
        short = end - FOOTER_BYTES - walk.end
        raise StreamError(f"{section.label}: the described fields end {short} bytes before the footer")


def place(stream: Stream, section: str, path: str = "") -> Place:
    """The place with this section's label or name and exactly this path. Raises `KeyError`."""
    for each in all_places(stream):
        if each.path == path and each.matches(section, path):
            return each
    raise KeyError(f"{section} has no {path or 'section'}")


class _Walk:
    """Walks through one section in the order of the stream."""

    def __init__(self, section: Section, raw: bytes) -> None:
        self.section = section
        self.raw = raw
        self.end = 0
        """Where the part that was walked last ends."""

    def structure(self, structure: Structure, begin: int, prefix: str) -> Iterator[Place]:
        """The fields of a structure that begins there, then its subsections."""
        seen: Counter[str] = Counter()
        for each in structure.fields:
            seen[each.label] += 1
            again = f"~{seen[each.label]}" if seen[each.label] > 1 else ""
            yield from self._field(each, begin, f"{prefix}{each.label}{again}")
            begin += each.size * each.count
        for sub in structure.subsections:
            length = SUBSECTION_HEADER_BYTES + len(sub.vmsd_name.encode())
            path = f"{prefix}<{sub.vmsd_name}>"
            yield self._place(path, sub.vmsd_name, begin, length + sub.size, kind="subsection")
            yield from self.structure(sub, begin + length, f"{path}/")
            begin += length + sub.size
        self.end = begin

    def _field(self, each: Field, begin: int, path: str) -> Iterator[Place]:
        if each.structure and each.type != "qtailq":
            for number in range(each.count):
                name = f"{path}[{number}]" if each.count > 1 else path
                yield from self.structure(each.structure, begin + number * each.size, f"{name}/")
        elif each.type in LUMPS:
            yield from self._lump(each, begin, path)
        elif each.size * each.count:
            yield self._place(path, each.type, begin, each.size, each.count)

    def _lump(self, each: Field, begin: int, path: str) -> Iterator[Place]:
        for inner in LUMPS[each.type](self.section, self.raw[begin : begin + each.size]):
            where = f"{path}/{inner.path}"
            yield self._place(
                where, inner.type, begin + inner.offset, inner.width, inner.elements, inner.kind
            )

    def _place(
        self, path: str, kind_of_data: str, offset: int, width: int, elements: int = 1, kind: Kind = "field"
    ) -> Place:
        return Place(self.section.label, path, kind_of_data, offset, width, elements, kind)


def like(pattern: str, text: str) -> bool:
    """Does `text` match `pattern`, in which only `*` is special? Names contain brackets."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
