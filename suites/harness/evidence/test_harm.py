# SPDX-License-Identifier: Apache-2.0
"""Which of several harms is the worst."""

from __future__ import annotations

import pytest

from fixtures.evidence.harm import Harm, Harmed, worst

WORST_FIRST = [Harm.LOST, Harm.STRANDED, Harm.CHANGED, Harm.SLOW]


@pytest.mark.parametrize("place", range(4))
def test_worst_harm_is_named(place: int) -> None:
    """Lose this and a guest that died in one of its runs is reported as one that runs on at the source."""
    harms = [Harmed(harm, "seen") for harm in reversed(WORST_FIRST[place:])]
    assert worst(harms) == Harmed(WORST_FIRST[place], "seen")


def test_no_harm_is_none() -> None:
    """Lose this and a cell whose harm is not known makes the report fail."""
    assert worst([]) is None


def test_proof_is_printable() -> None:
    """Lose this and what a build says in its last words changes the colours of a terminal."""
    assert Harmed(Harm.LOST, "it \x1b[31mended\x07").proof.isprintable()
