# SPDX-License-Identifier: Apache-2.0
"""`python -m suites.harness.observability.docs RESULT.json…`: writes the figures of docs/observability.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fixtures.places import ROOT
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.results import Result, Row, Share
from suites.harness.observability.sample import Baseline, Sample

PAGE = ROOT / "docs" / "observability.md"
HEAD = "## Figures\n"
COUNTS = ("changes", "noticed", "refused", "not noticed")
NEVER = ("", "", "", "")


def main(arguments: Sequence[str]) -> int:
    """Replace the last section of the page."""
    results = [Result.read(Path(each)) for each in arguments]
    text = PAGE.read_text().partition(HEAD)[0]
    lines = figures(results, Knowledge.read())
    PAGE.write_text(text + HEAD + "".join(f"{line}\n" for line in lines))
    return 0


def figures(results: Iterable[Result], knowledge: Knowledge) -> Iterator[str]:
    """All guests, each stopped and running, then the samples."""
    whole = [result for result in results if not result.sample]
    for name in dict.fromkeys(_guest(result) for result in whole):
        of_guest = [result for result in whole if _guest(result) == name]
        stopped = next((result for result in of_guest if not result.running), None)
        running = next((result for result in of_guest if result.running), None)
        yield from _of_guest(name, stopped, running, knowledge)
    for sample in dict.fromkeys(result.sample for result in results if result.sample):
        yield from _of_sample(Sample.read(sample), [each for each in results if each.sample == sample])


def _guest(result: Result) -> str:
    return f"{result.arch}, {result.guest}, {result.profile}"


def _of_guest(
    name: str, stopped: Result | None, running: Result | None, knowledge: Knowledge
) -> Iterator[str]:
    """The shares of one guest, and what was not noticed."""
    yield ""
    yield f"### {name}"
    for result in (stopped, running):
        if result is not None:
            yield ""
            yield _effort(result)
    yield ""
    yield f"| kind of device | stopped: seen | {' | '.join(COUNTS)} | running: seen | {' | '.join(COUNTS)} |"
    yield "|" + " --- |" * (3 + 2 * len(COUNTS))
    sides = [_shares(result, knowledge) for result in (stopped, running)]
    for kind in dict.fromkeys(kind for side in sides for kind in side):
        yield f"| {kind} | {' | '.join(_counts(side.get(kind)) for side in sides)} |"
    for result, title in ((stopped, "a stopped guest"), (running, "a running guest")):
        if result is not None:
            yield from _unnoticed(result, knowledge, title)


def _effort(result: Result) -> str:
    how = "Running" if result.running else "Stopped"
    checks = ", ".join(f"`{check}` {number}" for check, number in result.checks())
    return (
        f"{how}, {result.old} → {result.new}: {result.fields_tried} of {result.fields} fields were changed "
        f"in {len(result.of_fields)} ways, with {result.replays} loads in {result.seconds / 60:.0f} minutes. "
        f"Noticed by: {checks}."
    )


def _shares(result: Result | None, knowledge: Knowledge) -> dict[str, Share]:
    if result is None:
        return {}
    return {share.name: share for share in result.summary(knowledge) if share.tried}


def _counts(share: Share | None) -> str:
    if share is None:
        return " | ".join(("", *NEVER))
    numbers = (share.tried, share.noticed, share.refused, share.unnoticed)
    return " | ".join((f"{share.seen:.0%}", *map(str, numbers)))


def _unnoticed(result: Result, knowledge: Knowledge, title: str) -> Iterator[str]:
    by_reason: dict[str, list[Row]] = {}
    for row in result.of_fields:
        if not row.seen:
            by_reason.setdefault(result.reason(row, knowledge), []).append(row)
    if not by_reason:
        return
    yield ""
    yield f"| {title} does not notice, because | fields |"
    yield "| --- | --- |"
    for reason, rows in sorted(by_reason.items()):
        yield f"| {reason} | {', '.join(f'`{name}`' for name in _names(rows))} |"


def _names(rows: Iterable[Row]) -> list[str]:
    """Section and field without device addresses, structures and instances, each once."""
    names = (f"{row.section.rpartition('/')[2].partition('#')[0]} {row.path.split('/')[-1]}" for row in rows)
    return list(dict.fromkeys(names))


def _of_sample(sample: Sample, results: Iterable[Result]) -> Iterator[str]:
    """A sample's shares, beside those of the time when it was tried first."""
    yield ""
    yield f"### The sample `{sample.name}`"
    yield ""
    yield "Changes that QEMU refused at first are not in the sample."
    yield ""
    yield f"| guest | how | seen | {' | '.join(COUNTS)} |"
    yield "|" + " --- |" * (3 + len(COUNTS))
    found = list(results)
    for guest, baseline in sample.baselines.items():
        yield f"| {guest} | running, at first | {_counts(_share(baseline))} |"
        for result in found:
            if f"{result.profile}-{result.guest}" == guest:
                how = "running" if result.running else "stopped"
                yield f"| {guest} | {how}, {result.arch} | {_counts(result.total())} |"


def _share(baseline: Baseline) -> Share:
    return Share("", baseline.tried, baseline.noticed, baseline.refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
