# SPDX-License-Identifier: Apache-2.0
"""Can guests go back to the old build? The answer in one sentence, as every report shows it."""

from __future__ import annotations

from fixtures.outcome.findings import Finding, kind_of, name_of
from fixtures.outcome.outcome import RunResult
from fixtures.outcome.rollback import Back, RollbackAnswer, rollback_answer
from fixtures.printable import count, shown_line

MOST_CAUSES, MOST_NAMES, MOST_WAYS = 5, 6, 6
"""Causes, names of one cause, and ways that are named; the page and verdict.json have them all."""
KINDS = {"device": "guests with", "machine": "machine type", "cpu": "CPU model"}


def rollback_words(run: RunResult) -> str:
    """`not for guests with e1000 (x86_64); the other 12 cells that were moved back can return; …`.

    Empty for a self pair, and if nothing came into the new build.
    """
    answer = rollback_answer(run)
    if answer is None or not (answer.tried or answer.untried):
        return ""
    return "; ".join(filter(None, (_answer(answer), _untried(answer))))


def _answer(answer: RollbackAnswer) -> str:
    number = len(answer.tried)
    if answer.answer is Back.UNKNOWN:
        return "not known, because nothing was moved back"
    if number == 1:
        return (
            "no, not the only cell that was tried"
            if answer.stuck
            else "yes, for the only cell that was tried"
        )
    if answer.answer is Back.YES:
        return f"yes, all {number} cells that were moved back returned"
    if answer.answer is Back.NO:
        return f"no, none of the {number} cells that were moved back returned"
    rest = number - answer.cannot
    return f"not for {_whom(answer)}; the other {rest} of {number} cells that were moved back returned"


def _whom(answer: RollbackAnswer) -> str:
    """The guests that cannot return: whole architectures first, then the others by cause."""
    lost = answer.lost_archs
    said = [f"any {arch} guest that was tried" for arch in lost]
    said += [_guests(finding) for finding in answer.stuck if any(arch not in lost for arch in finding.archs)]
    rest = len(said) - MOST_CAUSES
    return ", ".join([*said[:MOST_CAUSES], *([count(rest, "more cause")] if rest > 0 else [])])


def _guests(finding: Finding) -> str:
    archs = ", ".join(finding.archs)
    cell = finding.first
    names = [name_of(each) or each.machine for each in finding.cells if kind_of(each) == kind_of(cell)]
    names = list(dict.fromkeys(names if kind_of(cell) in KINDS else finding.subjects))
    shown = ", ".join(shown_line(name, 60) for name in names[:MOST_NAMES])
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{KINDS.get(kind_of(cell), 'guest')} {shown}{more} ({archs})"


def _untried(answer: RollbackAnswer) -> str:
    ways = [f"{path} {mechanism}" for path, mechanism in answer.untried]
    if not ways:
        return ""
    shown = ", ".join(ways[:MOST_WAYS])
    more = f" and {len(ways) - MOST_WAYS} more ways" if len(ways) > MOST_WAYS else ""
    number = count(sum(answer.untried.values()), "cell")
    return f"not tried for {number} that moved to the new build by {shown}{more}"
