# SPDX-License-Identifier: Apache-2.0
"""Who is affected: a row for each finding, worst harm first; findings that read alike share one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fixtures.evidence.harm import SEVERITY, Harm
from fixtures.outcome.findings import Finding, findings, kind_of
from fixtures.outcome.outcome import RANK, Outcome, RunResult
from reports.sentences import boots
from reports.sentences.checks import THE_MESSAGE
from reports.sentences.guests import guests_of
from reports.sentences.happens import differing
from reports.sentences.sentences import Sentences, sentences
from reports.sentences.tried import Tried

_DETAIL = re.compile(rf" \((?!{THE_MESSAGE}|\d+ characters more)[^()]*\)(?=\.|$)")
"""What differs between findings that else read alike, such as the device whose state is not loaded."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    said: Sentences
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that represents the row."""
        return self.findings[0]

    @property
    def harm(self) -> Harm | None:
        """The worst harm, which all findings of the row have."""
        return self.first.harm

    @property
    def number(self) -> int:
        """How many cells failed."""
        return sum(len(finding.cells) for finding in self.findings)


def against(run: RunResult) -> list[Row]:
    """What counts against the update."""
    return _rows(run, (each for each in findings(run.cells) if each.counts))


def apart(run: RunResult) -> list[Row]:
    """What does not count: the policy or a known issue excuses it, or the old build is to blame."""
    return _rows(
        run, (each for each in findings(run.cells) if not each.counts and each.outcome is not Outcome.ERROR)
    )


def _rows(run: RunResult, found: Iterable[Finding]) -> list[Row]:
    tried = Tried(run.cells)
    groups: dict[tuple[object, ...], list[tuple[Finding, Sentences]]] = {}
    for finding in found:
        said = sentences(finding, tried)
        groups.setdefault(_key(finding, said), []).append((finding, said))
    rows = [_row(members, tried) for members in groups.values()]
    return sorted(rows, key=_worst_first)


def _key(finding: Finding, said: Sentences) -> tuple[object, ...]:
    words = _cause(finding, said), said.blame, said.works, said.advice
    return finding.outcome, finding.harm, finding.tier, *words


def _cause(finding: Finding, said: Sentences) -> object:
    """What findings of one cause have in common.

    What CPUID shows of one CPU model differs in its values between families of machine types, and the
    sentence quotes only the first of them. So its cause is the model and which registers differ. Disks that
    a firmware cannot read have one cause if they are lost on machine types of the same versions.
    """
    if kind_of(finding.first) == "cpuid":
        return said.guests, differing(finding)
    if kind_of(finding.first) == boots.KIND:
        return finding.first.arch, said.happens, boots.on_versions(finding.reason)
    return _DETAIL.sub("", said.happens)


def _row(members: Sequence[tuple[Finding, Sentences]], tried: Tried) -> Row:
    found, said = tuple(finding for finding, _ in members), members[0][1]
    if len(found) > 1:
        cells = [cell for finding in found for cell in finding.cells]
        said = replace(said, guests=guests_of(cells, tried), happens=_DETAIL.sub("", said.happens))
    return Row(said, found)


def _worst_first(row: Row) -> tuple[int, int, int]:
    severity = len(SEVERITY) if row.harm is None else SEVERITY[row.harm]
    return severity, RANK[row.first.outcome], -row.number
