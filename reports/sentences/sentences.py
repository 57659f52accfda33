# SPDX-License-Identifier: Apache-2.0
"""A finding in plain sentences, whatever kind it is. The signature is not part of them."""

from __future__ import annotations

from dataclasses import dataclass

from fixtures.outcome.findings import Finding, kind_of
from reports.sentences.advice import BLAMED, advice, blame_words
from reports.sentences.guests import guests_of
from reports.sentences.happens import happens
from reports.sentences.names import way_words
from reports.sentences.tried import NOTHING_TRIED, Tried


@dataclass(frozen=True)
class Sentences:
    """What a reader must know of a finding."""

    guests: str
    """Whom it concerns: `Guests with an am53c974 SCSI controller (x86_64)`."""
    happens: str
    """What happens to them, to follow `guests`: `cannot be moved: …`."""
    blamed: str
    """Who is to blame: `the update`."""
    blame: str
    """What shows it, as a sentence."""
    works: str
    """Mechanisms with which such guests moved in this run; empty if none did, or none was tried."""
    advice: str
    """What to do."""

    @property
    def title(self) -> str:
        """Whom it concerns and what happens to them."""
        return f"{self.guests} {self.happens}"


def sentences(finding: Finding, tried: Tried = NOTHING_TRIED) -> Sentences:
    """The sentences of a finding; `tried` is what its run tried."""
    works = _works(finding, tried)
    return Sentences(
        guests_of(finding.cells, tried),
        happens(finding),
        BLAMED[finding.outcome],
        blame_words(finding),
        works,
        advice(finding, works),
    )


def _works(finding: Finding, tried: Tried) -> str:
    """The ways by which such guests were moved; with a remark if only some of them were tried."""
    if ways := tried.works(finding.cells):
        return way_words(ways)
    if ways := tried.works_for_some(finding.cells):
        return f"{way_words(ways)} (tried with some of them only)"
    if kind_of(finding.first) == "machine" and (ways := tried.works_once_booted(finding.cells)):
        return f"{way_words(ways)} once they have booted"
    return ""
