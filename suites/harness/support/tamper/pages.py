# SPDX-License-Identifier: Apache-2.0
"""Changes pages of RAM as rules say. It knows nothing about how pages are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from suites.harness.support.tamper.places import like
from suites.harness.support.tamper.rules import PageRule

AREA_MAGIC = b"hotpatch"
"""The first bytes of each page of the agent's test area on a little-endian guest (images/agent/page.c)."""
FIRST_STILL = 1 << 32
"""The lowest index of a page that the agent never writes again (images/agent/still.c)."""
STALE = ("repeat", "delay")
PRIME = 2654435761


class PageId(NamedTuple):
    """A page of RAM."""

    block: str
    number: int


@dataclass
class _Used:
    """A rule, and the pages that it applies to so far."""

    rule: PageRule
    pages: set[PageId]


class Pages:
    """All page rules of one stream, for all its channels."""

    def __init__(self, rules: Iterable[PageRule], page_size: int = 4096) -> None:
        self._rules = [_Used(rule, set()) for rule in rules]
        self._zeros = bytes(page_size)
        self._first: dict[PageId, bytes] = {}
        self.changed: Counter[str] = Counter()
        """How often each kind of change was made."""
        self.want_zero_pages = any(each.rule.content == "zero" for each in self._rules)
        """Does a rule apply to pages of zeros?"""

    def __bool__(self) -> bool:
        return bool(self._rules)

    def sent(self, page: PageId, content: bytes, *, final: bool) -> bytes | None:
        """What is to be sent in place of this content; None to send nothing."""
        for used in self._rules:
            if self._applies(used, page, content, final=final):
                self.changed[used.rule.what] += 1
                return self._changed(used.rule, page, content)
        return content

    def at_the_end(self) -> list[tuple[PageId, bytes]]:
        """The pages that are to be sent at the end of the final part."""
        left, self._first = list(self._first.items()), {}
        return left

    def _applies(self, used: _Used, page: PageId, content: bytes, *, final: bool) -> bool:
        rule = used.rule
        if not rule.first <= page.number <= rule.last or (rule.part == "last" and not final):
            return False
        if page not in used.pages:
            known = len(used.pages) < rule.most and _chosen(page.number, rule.one_in)
            if not known or not like(rule.block, page.block):
                return False
            if not self._has(rule, content):
                return False
            used.pages.add(page)
        return True

    def _has(self, rule: PageRule, content: bytes) -> bool:
        zero, known = content == self._zeros, content.startswith(AREA_MAGIC)
        still = known and int.from_bytes(content[8:16], "little") >= FIRST_STILL
        return {
            "any": not zero,
            "area": known and not still,
            "still": still,
            "other": not zero and not known,
            "zero": zero,
        }[rule.content]

    def _changed(self, rule: PageRule, page: PageId, content: bytes) -> bytes | None:
        if rule.what in STALE:
            self._first.setdefault(page, content)
        match rule.what:
            case "zero":
                return self._zeros
            case "flip":
                return content[: rule.byte] + bytes([content[rule.byte] ^ 0x10]) + content[rule.byte + 1 :]
            case "repeat":
                return content
            case "drop" | "delay":
                return None


def _chosen(number: int, one_in: int) -> bool:
    """Is this one of the pages that a rule for one page in so many means? They are spread evenly."""
    return one_in == 1 or (number * PRIME >> 8) % one_in == 0
