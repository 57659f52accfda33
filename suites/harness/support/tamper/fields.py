# SPDX-License-Identifier: Apache-2.0
"""Changes fields of the sections of a stream, and leaves out sections and subsections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fixtures.still.stream import Stream
from suites.harness.support.tamper.places import LUMPS, Place, all_places
from suites.harness.support.tamper.virtio_lump import fields_of_virtio

LUMPS["virtio"] = fields_of_virtio

Mode = Literal["zero", "ones", "invert", "plus", "replace", "leave-out"]
"""`zero`, `ones` and `invert` clear, set or invert all bits; `plus` adds to each element; `replace` writes
other bytes; `leave-out` removes a section or subsection with its header (and footer).

Zero is kind to timers, because a timer of 0 is due at once. All ones is a timer that is never due.
"""
DROPS: Mode = "leave-out"


@dataclass(frozen=True)
class Change:
    """What happens to one field, subsection or section; see :meth:`Place.matches` for what it applies to."""

    section: str
    path: str = ""
    mode: Mode = "zero"
    value: str = ""
    """In hexadecimal. For `replace`: bytes; if the field has more, they are repeated. For `plus`: the number
    to add; 1 if empty."""
    element: int | None = None
    """Only this element of an array of numbers, counted from 0."""

    def applies_to(self, place: Place) -> bool:
        """Does it change this place?"""
        fits = place.kind != "field" if self.mode == DROPS else place.kind == "field"
        return fits and place.matches(self.section, self.path)


@dataclass(frozen=True)
class Changed:
    """A stream after its changes."""

    raw: bytes
    places: tuple[Place, ...]
    """What has other bytes now, or none."""
    without_effect: tuple[Place, ...]
    """What had these bytes before, such as zeros that became zeros."""
    unused: tuple[Change, ...]
    """Changes that apply to no place of the stream."""


def changed(stream: Stream, changes: Iterable[Change]) -> Changed:
    """Apply all changes. Raises :class:`StreamError` if a section is not where the description says."""
    wanted = list(changes)
    found = [
        (place if change.element is None else place.only(change.element), change)
        for place in all_places(stream)
        for change in wanted
        if change.applies_to(place)
    ]
    gone = [place for place, change in found if change.mode == DROPS]
    raw = bytearray(stream.raw)
    done: list[Place] = []
    same: list[Place] = []
    # From the end, so that what is left out does not move what is still to be changed.
    for place, change in sorted(found, key=lambda pair: pair[0].offset, reverse=True):
        if any(each.offset < place.offset and place.end <= each.end for each in gone):
            continue
        before = bytes(raw[place.offset : place.end])
        after = new_bytes(before, place, change)
        raw[place.offset : place.end] = after
        (same if after == before else done).append(place)
    used = {change for _, change in found}
    return Changed(bytes(raw), tuple(done), tuple(same), tuple(each for each in wanted if each not in used))


def new_bytes(before: bytes, place: Place, change: Change) -> bytes:
    """What a place has after a change, given what it has before it."""
    match change.mode:
        case "zero":
            return bytes(len(before))
        case "ones":
            return b"\xff" * len(before)
        case "invert":
            return bytes(each ^ 0xFF for each in before)
        case "plus":
            more = int(change.value or "1", 16)
            return b"".join(_plus(each, more) for each in _elements(before, place.width))
        case "replace":
            value = bytes.fromhex(change.value)
            return (value * (len(before) // len(value) + 1))[: len(before)]
        case "leave-out":
            return b""


def _elements(content: bytes, width: int) -> Iterable[bytes]:
    return (content[at : at + width] for at in range(0, len(content), width))


def _plus(number: bytes, more: int) -> bytes:
    """The sum as a big-endian number; after the greatest follows 0."""
    return ((int.from_bytes(number) + more) % (1 << 8 * len(number))).to_bytes(len(number))
