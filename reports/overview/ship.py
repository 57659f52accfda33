# SPDX-License-Identifier: Apache-2.0
"""Can we ship? The verdict as an answer, with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.evidence.harm import Harm
from fixtures.outcome.judged import about_update, accepted
from fixtures.outcome.outcome import Outcome, RunResult, Verdict
from fixtures.printable import count
from reports.overview.affected import Row
from reports.why import why

ANSWERS = {Verdict.SAFE: "Yes", Verdict.UNSAFE: "No", Verdict.UNDECIDED: "Not known"}
"""The answer in a word, by verdict."""
PART = "Not by this run alone, which has only some of the tests:"
"""The answer of a run that has too few tests for a yes."""
WOULD = {
    Harm.LOST: "would be lost",
    Harm.STRANDED: "cannot be moved",
    Harm.CHANGED: "would be changed",
    Harm.SLOW: "would be moved too slowly",
    None: "would fail a check",
}
"""What would happen to guests, by harm."""


def ship(run: RunResult, against: Sequence[Row], apart: Sequence[Row]) -> str:
    """`No: guests of 2 kinds would be lost.`: the answer and its reason."""
    answer = ANSWERS[run.verdict]
    if run.verdict is Verdict.UNSAFE:
        return f"{answer}: {_would(against)}.{_excused(apart)}"
    if run.verdict is Verdict.UNDECIDED:
        return f"{answer}: {why(run)}"
    cells = about_update(run.cells)
    passed = sum(cell.outcome is Outcome.PASS for cell in cells)
    share = f"{passed} of {count(len(cells), 'cell')} passed"
    answer = PART if run.is_part else f"{answer}:"
    clean = f"{answer} nothing that was tested counts against the update ({share})."
    return f"{clean}{_excused(apart)}{_accepted(run)}"


def _would(rows: Sequence[Row]) -> str:
    """`2 kinds of guests would be lost, and 1 would be changed`: rows by harm."""
    numbers = [(sum(row.harm is harm for row in rows), words) for harm, words in WOULD.items()]
    said = [
        f"{count(number, 'kind')} of guests {words}" if not place else f"{number} {words}"
        for place, (number, words) in enumerate(each for each in numbers if each[0])
    ]
    return ", and ".join(filter(None, (", ".join(said[:-1]), *said[-1:]))) or "something counts against it"


def _excused(apart: Sequence[Row]) -> str:
    """What does not count, in a sentence, so that nobody takes a safe verdict for a clean run."""
    if not apart:
        return ""
    are = "is" if len(apart) == 1 else "are"
    return f" {count(len(apart), 'more kind')} of guests {are} affected in a way that does not count."


def _accepted(run: RunResult) -> str:
    excused = len(accepted(run.cells))
    return f" Without known issues, {count(excused, 'cell')} would count." if excused else ""
