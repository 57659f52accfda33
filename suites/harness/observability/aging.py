# SPDX-License-Identifier: Apache-2.0
"""Moves the times of a captured state that follow the host's wall clock, so that it can be replayed later.

QEMU's RTC runs with the host's clock also while nobody runs the guest, and a guest's other clocks do not.
Sources: hw/rtc/mc146818rtc.c (`get_guest_rtc_ns`), hw/ppc/spapr_rtc.c, hw/ppc/ppc.c (`timebase_load`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suites.harness.support.tamper.places import Place

NS = 1_000_000_000
SIGNS = {("mc146818rtc", "last_update"): 1, ("spapr/rtc", "ns_offset"): -1, ("*", "time_of_the_day_ns"): 1}
"""Fields in ns that grow, or shrink, with the age of the state."""


@dataclass(frozen=True)
class Aging:
    """The fields of one stream that follow the host's wall clock."""

    places: tuple[tuple[Place, int], ...]

    @classmethod
    def of(cls, places: Iterable[Place]) -> Aging:
        """Find them."""
        return cls(
            tuple(
                (each, sign)
                for each in places
                for (section, path), sign in SIGNS.items()
                if each.kind == "field" and each.matches(section, f"*{path}")
            )
        )

    def apply(self, raw: bytearray, base: int, seconds: float) -> None:
        """Make a state `seconds` younger; `raw` begins `base` bytes after the start of the stream."""
        for each, sign in self.places:
            begin, end = each.offset - base, each.end - base
            number = int.from_bytes(raw[begin:end], signed=True) + sign * round(seconds * NS)
            raw[begin:end] = number.to_bytes(each.length, signed=True)
