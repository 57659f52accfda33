# SPDX-License-Identifier: Apache-2.0
"""What a tampering proxy does to the moves of a build, and the file that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from suites.harness.support.tamper.fields import Change

PageChange = Literal["zero", "flip", "drop", "repeat", "delay"]
"""`zero` sends zeros, `flip` inverts one bit, `drop` sends nothing. `repeat` sends the page's first content
once more at the end of the final part, when it may be out of date. `delay` sends that content only then."""
Content = Literal["any", "area", "still", "other", "zero"]
"""Pages by content: all that are not zero; those of the agent's test area; those of its still memory; all
others that are not zero; pages of zeros."""
Part = Literal["every", "last"]
"""Every sending of a page, or only those of the final part: sent while the guest stands still, in postcopy
after it runs on the destination. Pages in multifd's channels are never of the final part."""


@dataclass(frozen=True)
class PageRule:
    """What happens to which pages of RAM."""

    what: PageChange
    content: Content = "any"
    block: str = "*ram"
    """The RAM block's name. `*` stands for any characters."""
    first: int = 0
    """The lowest page number, counted from 0 in the block."""
    last: int = 1 << 40
    """The highest page number."""
    one_in: int = 1
    """One page in so many is changed. The choice depends only on the page's number."""
    most: int = 1 << 40
    """No more pages than this are changed."""
    part: Part = "every"
    byte: int = 2048
    """The byte in which `flip` inverts a bit."""


@dataclass(frozen=True)
class Flow:
    """What happens to the stream as a whole. 0 means that it does not happen."""

    mib_per_second: float = 0
    """The greatest speed of each channel."""
    hold_ms: int = 0
    """The device state, in postcopy the package with it, is sent so much later."""
    cut_after: int = 0
    """Both sides lose the connection after this many bytes of the stream."""
    cut_in_state: int = 0
    """Both sides lose the connection after this many bytes of device state."""


@dataclass(frozen=True)
class Words:
    """Bytes in the device state of a precopy, and what arrives in their place. Both in hexadecimal."""

    sent: str
    arrives: str


@dataclass(frozen=True)
class Tampering:
    """What a proxy does to one stream."""

    fields: tuple[Change, ...] = ()
    pages: tuple[PageRule, ...] = ()
    flow: Flow = field(default_factory=Flow)
    words: tuple[Words, ...] = ()
    """Replaced before the fields are changed. So a stream that was damaged on its way can arrive whole."""

    def __add__(self, other: Tampering) -> Tampering:
        """Both. The flow rules are those of `other`, unless it has none."""
        flow = other.flow if other.flow != Flow() else self.flow
        fields, pages = self.fields + other.fields, self.pages + other.pages
        return Tampering(fields, pages, flow, self.words + other.words)


UNTOUCHED = Tampering()
"""The stream arrives as it was sent."""


@dataclass(frozen=True)
class Target:
    """Which moves are tampered with."""

    build: str
    """The build's name in the matrix."""
    role: Literal["destination", "source"] = "destination"
    """What the build is in these moves."""
    test: str = ""
    """Only in a test whose id contains this, such as the id of a cell."""

    def is_in(self, build: str, role: str, test: str) -> bool:
        """Is this such a move?"""
        return self.build == build and self.role == role and self.test in test


@dataclass(frozen=True)
class Order:
    """One tampering, and where it is to happen."""

    target: Target
    tampering: Tampering


ORDERS = TypeAdapter(tuple[Order, ...])


def write_orders(orders: Iterable[Order], into: Path) -> Path:
    """Write a file for :mod:`suites.harness.support.tamper.plugin`; return it."""
    into.write_bytes(ORDERS.dump_json(tuple(orders), indent=1))
    return into


def read_orders(file: Path) -> tuple[Order, ...]:
    """Read such a file. Raises pydantic's ValidationError."""
    return ORDERS.validate_json(file.read_bytes())
