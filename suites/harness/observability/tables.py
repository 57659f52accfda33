# SPDX-License-Identifier: Apache-2.0
"""The results as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.results import Result, Share

COLUMNS = ("device", "seen", "tried", "noticed", "refused", "not noticed")


def terminal_lines(result: Result, knowledge: Knowledge) -> Iterator[str]:
    """The shares of classes, devices and RAM, and what was not noticed."""
    yield ""
    yield from _table(result.summary(knowledge))
    yield ""
    yield from _table(result.by_section())
    yield ""
    for row in result.rows:
        if not row.seen:
            yield f"not noticed: {row.section} {row.path} ({row.mode}): {result.reason(row, knowledge)}"
    yield ""
    yield (
        f"{result.fields_tried} of {result.fields} fields, {len(result.rows)} changes, "
        f"{result.replays} replays, {result.seconds:.0f} s"
    )


def cells(share: Share) -> tuple[str, ...]:
    """A share as the cells of a table."""
    return (
        share.name,
        f"{share.seen:.0%}",
        str(share.tried),
        str(share.noticed),
        str(share.refused),
        str(share.unnoticed),
    )


def _table(shares: Iterable[Share]) -> Iterator[str]:
    rows = [COLUMNS, *(cells(share) for share in shares if share.tried)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        first, *rest = row
        yield first.ljust(widths[0]) + "".join(
            f"  {cell.rjust(width)}" for cell, width in zip(rest, widths[1:], strict=True)
        )
