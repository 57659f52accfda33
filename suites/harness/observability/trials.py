# SPDX-License-Identifier: Apache-2.0
"""What is tried: every field of every section, and pages of RAM, each changed in one way.

The elements of an array are one field, and are changed together: `vq[0]/num` and `vq[1]/num` are `vq/num`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from fixtures.still.ram import CONTINUE, PAGE, PAGE_BYTES, Page, SentPage, sent_pages
from fixtures.still.section_fields import EQUAL
from fixtures.still.stream import Stream
from suites.harness.observability.knowledge import Knowledge
from suites.harness.support.tamper.fields import DROPS, Change, Mode, new_bytes
from suites.harness.support.tamper.places import Place, all_places

RAM = "ram"
RECORD_BYTES = 8
"""A record of a page begins with its address and flags."""
MODES: tuple[Mode, ...] = ("zero", "invert", "ones")
TIMERS = ("timer", "int64", "uint64")
"""Types for which all ones is tried in any case: a timer of 0 is due at once, which does no harm."""


@dataclass(frozen=True)
class Trial:
    """One field, or one page of RAM, and how it is changed."""

    section: str
    path: str
    mode: Mode
    places: tuple[Place, ...]

    @property
    def label(self) -> str:
        """As reports show it."""
        return f"{self.section} {self.path} ({self.mode})"

    @property
    def field(self) -> tuple[str, str]:
        """The field without the way in which it is changed."""
        return self.section, self.path

    @property
    def key(self) -> tuple[str, str, Mode]:
        """What is changed, and how, in another capture too."""
        return self.section, self.path, self.mode

    @property
    def page(self) -> Page:
        """Of a trial of RAM: its block, and its number in it."""
        block, _, number = self.path.partition(" page ")
        return block, int(number, 16)

    @property
    def must_be_equal(self) -> bool:
        """Does QEMU refuse the load if this field differs from its own (VMSTATE_*_EQUAL)?"""
        return bool(self.places) and all(each.type.endswith(EQUAL) for each in self.places)

    def apply(self, raw: bytearray, base: int) -> None:
        """Change `raw`, which begins `base` bytes after the start of the stream."""
        change = Change(self.section, self.path, self.mode)
        for each in self.places:
            begin, end = each.offset - base, each.end - base
            raw[begin:end] = new_bytes(bytes(raw[begin:end]), each, change)


def device_of(section: str) -> str:
    """Name of a section without device path and instance."""
    return section.rpartition("/")[2].partition("#")[0]


def field_trials(stream: Stream, knowledge: Knowledge) -> list[Trial]:
    """One trial for each field and each mode that changes anything, in the order of the stream."""
    fields: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for each in all_places(stream):
        if each.kind == "field" and knowledge.left_out(each.section, each.bare) is None:
            fields[each.section, each.bare].append(each)
    return [
        Trial(section, path, mode, tuple(places))
        for (section, path), places in fields.items()
        for mode in MODES
        if has_effect(stream.raw, places, mode)
    ]


def first_choice(trials: Iterable[Trial]) -> list[Trial]:
    """The most telling trials of each field: zero, or inverted if it is zero; and ones for timers."""
    chosen: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        so_far = chosen[trial.field]
        if not so_far or (trial.mode == "ones" and trial.places[0].type.startswith(TIMERS)):
            so_far.append(trial)
    return [trial for found in chosen.values() for trial in found]


def spread(trials: Iterable[Trial], seed: int) -> list[Trial]:
    """The trials in a random order in which all sections get their turn, whenever the time ends."""
    by_section: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_section[trial.section].append(trial)
    chance = random.Random(seed)
    for found in by_section.values():
        chance.shuffle(found)
    sections = list(by_section.values())
    chance.shuffle(sections)
    return [trial for turn in zip_longest(*sections) for trial in turn if trial is not None]


def page_trials(pages: Sequence[SentPage], count: int, seed: int) -> list[Trial]:
    """`count` random pages of those that were sent with a content, each zeroed in all its sendings."""
    return [
        Trial(RAM, _page_name(block, number), "zero", tuple(_page_places(block, offsets)))
        for block, number, offsets in _sample(pages, count, seed)
    ]


def stale_page_trials(raw: bytes, count: int, seed: int) -> list[Trial]:
    """`count` random pages whose last content is never sent, so that an older one stays."""
    pages = [each for each in sent_pages(raw) if _has_an_older_content(raw, each)]
    return [
        Trial(
            RAM,
            _page_name(block, number),
            DROPS,
            (Place(RAM, block, "page", offsets[-1] - RECORD_BYTES, RECORD_BYTES + PAGE_BYTES),),
        )
        for block, number, offsets in _sample(pages, count, seed)
    ]


def _has_an_older_content(raw: bytes, page: SentPage) -> bool:
    """Was it sent before with another content, and last in a record that does not name the block?"""
    _block, number, offsets = page
    *_, before, last = (offsets[0], *offsets)
    record = (number * PAGE_BYTES | PAGE | CONTINUE).to_bytes(RECORD_BYTES)
    changed = raw[before : before + PAGE_BYTES] != raw[last : last + PAGE_BYTES]
    return changed and raw[last - RECORD_BYTES : last] == record


def _sample(pages: Sequence[SentPage], count: int, seed: int) -> list[SentPage]:
    return random.Random(seed).sample(pages, min(count, len(pages)))


def _page_name(block: str, number: int) -> str:
    return f"{block} page {number:#x}"


def _page_places(block: str, offsets: Iterable[int]) -> Iterator[Place]:
    for offset in offsets:
        yield Place(RAM, block, "page", offset, PAGE_BYTES)


def has_effect(raw: bytes, places: Iterable[Place], mode: Mode) -> bool:
    """Does `mode` change any byte of these places?"""
    change = Change("", "", mode)
    contents = ((each, raw[each.offset : each.end]) for each in places)
    return any(new_bytes(content, each, change) != content for each, content in contents)
