# SPDX-License-Identifier: Apache-2.0
"""Findings about an updated host say who is hurt, when, who is to blame, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.evidence.harm import Harm
from fixtures.outcome.blame import signature
from fixtures.outcome.findings import findings
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from fixtures.update.guests import GUESTS
from reports.overview.untested import untested
from reports.overview.ways import ways
from reports.rollback import rollback_words
from reports.sentences import updated
from reports.sentences.sentences import Sentences, sentences
from suites.harness.support.report_samples import make_cell, make_run

MODULE = "a disk that needs the module block-curl: Unknown driver 'https'"


def failed(
    step: str, guest: str, check: str, words: str, harm: Harm, outcome: Outcome = Outcome.REGRESSION
) -> CellResult:
    """A cell of this step that failed."""
    run = RunRecord("debian-12", "debian-13", "fail", f"{check}: {words}", signature(check, words), harm=harm)
    cell = make_cell(1, outcome, reason=f"{check}: {words}; both controls pass", runs=[run])
    return replace(cell, subject=f"update:{step}-{guest}").note_harm()


def said(*cells: CellResult) -> Sentences:
    """The sentences of the one finding of these cells."""
    [finding] = findings(cells)
    return sentences(finding)


def test_each_step_and_each_guest_has_words() -> None:
    """Lose this and a new step or guest reaches the first screen by its name, or breaks the report."""
    steps = {step for guest in GUESTS for step in guest.steps}
    assert steps == updated.WHEN.keys()
    assert {guest.name for guest in GUESTS} == updated.GUESTS.keys()


def test_guest_that_stays_is_told_by_its_card() -> None:
    """Lose this and a reader cannot tell which of the own guests cannot be moved."""
    text = said(failed("away", "user-network", "migrate", "Unknown savevm section 'slirp'", Harm.STRANDED))
    assert text.guests.endswith("guests with a network card on QEMU's user network on an updated host")
    assert text.happens.startswith("cannot be moved: ")
    assert text.advice == "Restart them under the new build, or wait for a fix."


@pytest.mark.parametrize(
    "harm, words", [(Harm.CHANGED, "live on, but something goes wrong"), (Harm.LOST, "are lost")]
)
def test_trouble_before_a_move_is_not_called_a_move(harm: Harm, words: str) -> None:
    """Lose this and an administrator believes that a guest is safe until it is moved."""
    text = said(failed("module", "plugged", "module", MODULE, harm))
    assert text.happens.startswith(f"{words} when they are given a device after the update: ")
    assert (
        text.advice == "Do without that until they run under the new QEMU: move them first, or restart them."
    )
    assert text.blame == "It does not happen when either build is installed again over itself."


@pytest.mark.parametrize(
    "check, words", [("adopted", "do not start one that libvirt"), ("adopted-definition", "`virsh dumpxml`")]
)
def test_guest_that_the_updated_libvirt_does_not_know_is_not_called_moved(check: str, words: str) -> None:
    """Lose this and an administrator starts a guest a second time that still runs."""
    cell = failed("away", "bare", check, "was running booted, is shutoff unknown", Harm.CHANGED)
    text = said(replace(cell, subject="idle-bare-1vcpu-adopted"))
    happens = "live on, but something goes wrong when they are taken over by the updated libvirt: "
    assert text.happens.startswith(happens)
    assert words in text.advice


@pytest.mark.parametrize("outcome, which", [(Outcome.DEFECT_NEW, "new"), (Outcome.DEFECT_OLD, "old")])
def test_build_that_fails_over_itself_is_named(outcome: Outcome, which: str) -> None:
    """Lose this and both builds are said to move guests that were never moved."""
    text = said(failed("update", "bare", "alive", "no beat", Harm.LOST, outcome))
    assert text.blame == f"It also happens when the {which} build is installed again over itself."
    assert text.advice == "Shut them down before the packages are replaced, or wait for a fix."


def moved(step: str, guest: str, mechanism: str) -> CellResult:
    """A cell of this step that passed."""
    run = RunRecord("debian-12", "debian-13", "pass")
    cell = make_cell(1, Outcome.PASS, path="libvirt", mechanism=mechanism, runs=[run])
    return replace(cell, subject=f"update:{step}-{guest}", id=f"update/{step}-{guest}")


def test_step_that_was_not_made_says_why() -> None:
    """Lose this and a guest that was not moved is said to need a device of the host."""
    left = replace(
        moved("home", "virtio", "compare"),
        outcome=Outcome.UNSUPPORTED,
        reason="not tried: it failed in `away`",
    )
    [said] = [each for each in untested(make_run(left)) if each.cells]
    assert said.what == "x86_64 guests with virtio devices on an updated host: 1 step (home)"
    assert said.why == "not tried: it failed in `away`"


def test_error_of_a_round_is_a_row_without_a_stray_comma() -> None:
    """Lose this and the guests of an error read as an unfinished sentence."""
    [said] = [
        each
        for each in untested(
            make_run(failed("completed", "bare", "rig", "no apt", Harm.CHANGED, Outcome.ERROR))
        )
        if each.why.startswith("the suite or the host failed")
    ]
    assert said.what == "x86_64 guests without devices on an updated host"


def test_moves_of_an_updated_host_are_moves() -> None:
    """Lose this and the first screen says that no guest ran."""
    cells = [
        moved("away", "bare", "precopy"),
        moved("back", "bare", "postcopy"),
        moved("home", "bare", "compare"),
    ]
    assert {way.mechanism: way.words for way in ways(cells)} == {
        "precopy": "yes: 1 of 1 guest passed",
        "postcopy": "yes: 1 of 1 guest passed",
    }
    assert "not tried for 2 cells" in rollback_words(make_run(*cells))
