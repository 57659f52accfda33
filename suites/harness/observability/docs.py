# SPDX-License-Identifier: Apache-2.0
"""`python -m suites.harness.observability.docs RESULT.json…`: writes the figures of docs/observability.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fixtures.places import ROOT
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.results import Result, Row
from suites.harness.observability.tables import cells

PAGE = ROOT / "docs" / "observability.md"
HEAD = "## Figures\n"


def main(arguments: Sequence[str]) -> int:
    """Replace the last section of the page."""
    results = [Result.read(Path(each)) for each in arguments]
    text = PAGE.read_text().partition(HEAD)[0]
    lines = (line for result in results for line in figures(result, Knowledge.read()))
    PAGE.write_text(text + HEAD + "".join(f"{line}\n" for line in lines))
    return 0


def figures(result: Result, knowledge: Knowledge) -> Iterator[str]:
    """The shares of one guest, and what was not noticed."""
    how = ", checks of a running guest only" if result.running else ""
    yield ""
    yield f"### {result.arch}, {result.guest}, {result.profile}{how}"
    yield ""
    yield (
        f"{result.old} → {result.new}: {result.fields_tried} of {result.fields} fields were changed in "
        f"{len(result.of_fields)} ways, with {result.replays} loads in {result.seconds / 60:.0f} minutes. "
        f"Noticed by: {', '.join(f'`{check}` {number}' for check, number in result.checks())}."
    )
    yield ""
    yield "| kind of device | seen | changes | noticed | refused | not noticed |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for share in (*result.by_class(knowledge), result.total(), result.ram()):
        if share.tried:
            yield f"| {' | '.join(cells(share))} |"
    if not result.running:
        yield from _unnoticed(result, knowledge)


def _unnoticed(result: Result, knowledge: Knowledge) -> Iterator[str]:
    by_reason: dict[str, list[Row]] = {}
    for row in result.of_fields:
        if not row.seen:
            by_reason.setdefault(result.reason(row, knowledge), []).append(row)
    yield ""
    yield "| not noticed, because | fields |"
    yield "| --- | --- |"
    for reason, rows in sorted(by_reason.items()):
        names = dict.fromkeys(f"{row.section.rpartition('/')[2]} {row.path.split('/')[-1]}" for row in rows)
        yield f"| {reason} | {', '.join(f'`{name}`' for name in names)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
