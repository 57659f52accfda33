# SPDX-License-Identifier: Apache-2.0
"""summary.md: the verdict in a few lines of Markdown, for a comment on a merge request."""

from __future__ import annotations

import re
from pathlib import Path

from fixtures.outcome.findings import Finding, findings
from fixtures.outcome.outcome import Outcome, RunResult
from fixtures.printable import count, printable
from reports.changes import Changes
from reports.files import write_atomically
from reports.memory import memory_costs, memory_in_words
from reports.overview.affected import Row, against, apart
from reports.overview.ship import ship
from reports.overview.untested import NotTested, untested
from reports.overview.ways import ways
from reports.rollback import rollback_words
from reports.views import ways_in_words
from reports.why import judged_words, remarks, why
from reports.words import SYMBOLS, build_words

MOST_FINDINGS = 10
"""Findings shown per heading; the report has them all."""
REASON_LENGTH = 200
LONGEST_ANSWER = 600
"""Characters of a message, and of a sentence about guests."""
SIGNS = {"safe": "✅", "unsafe": "❌", "undecided": "❔"}


def write_summary(run: RunResult, changes: Changes, directory: Path) -> Path:
    """Write `directory`/summary.md and return its path. Raises OSError if it cannot be written."""
    return write_atomically(directory / "summary.md", "\n".join(_lines(run, changes)) + "\n")


def _lines(run: RunResult, changes: Changes) -> list[str]:
    counting, others = against(run), apart(run)
    lines = [
        f"## {SIGNS[run.verdict]} Hot patch {run.old.name} → {run.new.name}: {run.verdict}",
        "",
        f"**Can we ship?** {_text(ship(run, counting, others), LONGEST_ANSWER)}",
        *_cut([f"- **note**: {_text(note)}" for note in run.notes]),
    ]
    lines += _listed("Who is affected?", [_affected(row) for row in counting])
    lines += _listed("Does not count", [_affected(row) for row in others])
    errors = [each for each in findings(run.cells) if each.outcome is Outcome.ERROR]
    lines += _listed("Not judged: the suite or the host failed", [_in_a_line(each) for each in errors])
    back = rollback_words(run)
    usable = [f"- back to the old build: {_text(back, LONGEST_ANSWER)}"] if back else []
    usable += [f"- {way.mechanism}: {_text(way.words)}" for way in ways(run.cells)]
    lines += _listed("Can we go back, and how may guests be moved?", usable)
    memory = [f"- {_text(words)}" for words in memory_in_words(memory_costs(run.cells))]
    lines += _listed("Moves that take more memory than a copy of what guests have touched", memory)
    lines += _listed("What was not tested, and why", [_untested(each) for each in untested(run)])
    lines += ["", "### How this was judged", "", _text(why(run)), "", *_facts(run), "", *_tally(run)]
    if changes.since:
        lines += _listed(f"New since {changes.since[:10]}", [*_new(changes)])
        gone = [f"- {count(len(gone.cells), 'cell')}: {_text(gone.reason)}" for gone in changes.gone]
        lines += _listed("Gone", gone)
    return lines


def _facts(run: RunResult) -> list[str]:
    return [
        f"- old build: {_text(build_words(run.old))}",
        f"- new build: {_text(build_words(run.new))}",
        *([f"- judged: {_text(judged)}"] if (judged := judged_words(run)) else []),
        *[f"- **remark**: {_text(remark)}" for remark in remarks(run)],
    ]


def _affected(row: Row) -> str:
    """`- **lost**, supported, the update: Guests with … What to do: …`."""
    said = row.said
    how = "".join(_harm(finding) for finding in row.findings[:1]).removeprefix(", ")
    facts = ", ".join(filter(None, (how, row.first.tier, said.blamed)))
    works = f" Still works: {said.works}." if said.works else ""
    return f"- {facts}: {_text(f'{said.title}{works} {said.advice}', LONGEST_ANSWER)}"


def _untested(each: NotTested) -> str:
    return f"- {_text(each.what)}: {_text(each.why)}"


def _in_a_line(finding: Finding) -> str:
    return f"- **{finding.outcome}**{_harm(finding)}, {_cells(finding)}: {_text(finding.reason)}"


def _cells(finding: Finding) -> str:
    return count(len(finding.cells), "cell")


def _harm(finding: Finding) -> str:
    """`, **lost** with qmp postcopy, **stranded** with qmp precopy`; empty if no harm is known."""
    one = len(finding.harms) == 1
    return "".join(
        f", **{each.harm}**{'' if one else f' with {_text(ways_in_words(each))}'}" for each in finding.harms
    )


def _tally(run: RunResult) -> list[str]:
    counts = [(outcome, run.counts[outcome]) for outcome in Outcome if outcome in run.counts]
    if not counts:
        return []
    head = " | ".join(f"{SYMBOLS[outcome]} {outcome}" for outcome, _ in counts)
    return [
        f"| {head} |",
        "|" + " ---: |" * len(counts),
        f"| {' | '.join(str(number) for _, number in counts)} |",
    ]


def _new(changes: Changes) -> list[str]:
    lines = [
        f"- **{new.finding.outcome}**, {count(len(new.cells), 'cell')}: {_text(new.finding.reason)}"
        for new in changes.new
    ]
    lines += [
        f"- blackout of `{each.cell.id}`: {each.now:.0f} ms, was {each.middle:.0f} ms"
        for each in changes.blackouts
    ]
    return lines


def _listed(heading: str, lines: list[str]) -> list[str]:
    return ["", f"### {heading}", "", *_cut(lines)] if lines else []


def _cut(lines: list[str]) -> list[str]:
    more = [f"- and {len(lines) - MOST_FINDINGS} more"] if len(lines) > MOST_FINDINGS else []
    return [*lines[:MOST_FINDINGS], *more]


def _text(said: str, most: int = REASON_LENGTH) -> str:
    """A message of QEMU as Markdown: on one line, shortened, with all markup characters escaped."""
    line = " ".join(printable(said).split())
    cut = line if len(line) <= most else f"{line[:most]}…"
    return re.sub(r"([\\`*_{}\[\]<>|#~&$])", r"\\\1", cut)
