# SPDX-License-Identifier: Apache-2.0
"""Which changes does a QEMU have after it has loaded them? It may ignore a field, or compute it anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from fixtures.still.arrival import may_differ
from fixtures.still.ram import PAGE_BYTES, Page, last_contents
from fixtures.still.stream import parse
from suites.harness.observability.trials import RAM, Trial
from suites.harness.support.tamper.places import Place, all_places

LUMP = "virtio/"
"""QEMU does not describe what is below this path."""


class State(NamedTuple):
    """The fields of a stream by section and path, and its pages."""

    raw: bytes
    fields: Mapping[tuple[str, str], bytes]
    pages: Mapping[Page, int | None]

    @classmethod
    def of(cls, raw: bytes) -> State:
        """Parse a stream. Raises :class:`StreamError`."""
        places = all_places(parse(raw))
        fields = {
            (each.section, each.path): raw[each.offset : each.end] for each in places if each.kind == "field"
        }
        return cls(raw, fields, last_contents(raw))

    def page(self, page: Page) -> bytes | None:
        """Its content; None if it was not sent."""
        if page not in self.pages:
            return None
        offset = self.pages[page]
        return bytes(PAGE_BYTES) if offset is None else self.raw[offset : offset + PAGE_BYTES]


def is_compared(trial: Trial) -> bool:
    """Does the check `state` compare any field, or page, of this trial?"""
    return any(not _is_left_out(each) for each in trial.places)


def unsteady_fields(sent: bytes, arrived: bytes) -> set[tuple[str, str]]:
    """Section and path of the fields that differ after a load without any change, such as clocks."""
    before, after = State.of(sent).fields, State.of(arrived).fields
    return {key for key in before.keys() & after.keys() if before[key] != after[key]}


def kept_changes(
    trials: Sequence[Trial], sent: bytes, arrived: bytes, unsteady: Collection[tuple[str, str]] = ()
) -> set[Trial]:
    """The trials of which a field, or a page, is not as in the stream without any change."""
    before, after = State.of(sent), State.of(arrived)
    return {trial for trial in trials if any(_differs(trial, before, after, unsteady))}


def _differs(
    trial: Trial, before: State, after: State, unsteady: Collection[tuple[str, str]]
) -> Iterable[bool]:
    if trial.section == RAM:
        return [before.page(trial.page) != after.page(trial.page)]
    keys = [(each.section, each.path) for each in trial.places if not _is_left_out(each)]
    return (
        before.fields[key] != after.fields[key] if key in after.fields else _is_of_a_subsection(key[1])
        for key in keys
        if key not in unsteady
    )


def _is_of_a_subsection(path: str) -> bool:
    """Is it a field of a subsection that QEMU describes? It leaves out those without anything unusual."""
    return "<" in path and not path.startswith(LUMP)


def _is_left_out(place: Place) -> bool:
    """Does the check `state` leave out this field?"""
    return may_differ(place.section.partition("#")[0], place.path)
