# SPDX-License-Identifier: Apache-2.0
"""Can guests go back to the old build? The answer in one sentence, as every report shows it."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.outcome.findings import Finding
from fixtures.outcome.outcome import CellResult, RunResult
from fixtures.outcome.rollback import Back, RollbackAnswer, rollback_answer
from fixtures.printable import count
from reports.sentences.checks import failure_words
from reports.sentences.guests import guests_of
from reports.sentences.names import way_words
from reports.swept import is_swept

MOST_CAUSES = 5
"""Causes that are named; the page and verdict.json have them all."""


def rollback_words(run: RunResult) -> str:
    """`not for guests with a dc390 SCSI controller (x86_64); the other 12 of 13 cells came back`.

    Empty for a self pair, and if nothing came into the new build.
    """
    answer = rollback_answer(run)
    if answer is None or not (answer.tried or answer.left):
        return ""
    parts = _answer(answer), _without_guests(answer), _untried(answer.left), _under_kvm(answer)
    return "; ".join(filter(None, parts))


def _answer(answer: RollbackAnswer) -> str:
    number = len(answer.tried)
    if answer.answer is Back.UNKNOWN:
        return "not known, because nothing was moved back"
    if number == 1:
        return (
            "no: the only cell that was tried could not go back"
            if answer.stuck
            else "yes, for the only cell that was tried"
        )
    if answer.answer is Back.YES:
        return f"yes, all {number} cells that were tried came back"
    if answer.answer is Back.NO:
        return f"no, none of the {number} cells that were tried came back"
    rest = number - answer.cannot
    return f"not for {_whom(answer)}; the other {rest} of {number} cells came back"


def _whom(answer: RollbackAnswer) -> str:
    """The guests that cannot return: whole architectures first, then the others by cause."""
    lost = answer.lost_archs
    said = [f"any {arch} guest that was tried" for arch in lost]
    said += [_guests(finding) for finding in answer.stuck if any(arch not in lost for arch in finding.archs)]
    rest = len(said) - MOST_CAUSES
    return "; nor for ".join([*said[:MOST_CAUSES], *([count(rest, "more cause")] if rest > 0 else [])])


def _guests(finding: Finding) -> str:
    """The guests of one cause. What a booted guest sends is the cause, not what it does: so that is named."""
    guests = guests_of(finding.cells)
    said = guests[0].lower() + guests[1:]
    if is_swept(finding.first):
        return said
    wrong = failure_words(finding.signature, finding.reason, "the old build")
    return f"{said}: {wrong}" if wrong else said


def _without_guests(answer: RollbackAnswer) -> str:
    """A quick run moves only swept machines back, and a yes for those says little about a running guest."""
    swept = answer.tried and all(map(is_swept, answer.tried))
    return "only machines that run no guest were tried" if swept else ""


def _untried(left: Sequence[CellResult]) -> str:
    cells = [cell for cell in left if not _is_kvm_sweep(cell)]
    if not cells:
        return ""
    ways = way_words((cell.path, cell.mechanism) for cell in cells)
    return f"not tried for {count(len(cells), 'cell')} that moved to the new build ({ways})"


def _under_kvm(answer: RollbackAnswer) -> str:
    """What was not moved back under KVM, where each start of a swept machine takes seconds."""
    swept = sum(map(_is_kvm_sweep, answer.left))
    if swept:
        return f"not tried under KVM for {count(swept, 'swept cell')} that moved to the new build"
    none = answer.tried and not any("kvm" in cell.accelerator for cell in answer.tried)
    return "not tried under KVM" if none else ""


def _is_kvm_sweep(cell: CellResult) -> bool:
    return is_swept(cell) and "kvm" in cell.accelerator
