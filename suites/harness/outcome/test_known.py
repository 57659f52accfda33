# SPDX-License-Identifier: Apache-2.0
"""Known issues excuse what they match until they expire; issues that match nothing are reported."""

from datetime import date, timedelta

import pytest

from fixtures.matrix.schema import KnownIssue, Match, Pair
from fixtures.outcome.known import apply, covers, not_tried, stale
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord

TODAY = date(2026, 11, 22)
PAIR = Pair(old="debian-12", new="debian-13")


def cell(outcome: Outcome = Outcome.REGRESSION, *signatures: str, control: str = "") -> CellResult:
    """A cell that failed old→new with these signatures, and a control that failed with `control`."""
    runs = [RunRecord("debian-12", "debian-13", "fail", "reason", mark) for mark in signatures or ("memory",)]
    if control:
        runs.append(RunRecord("debian-13", "debian-13", "fail", "reason", control))
    return CellResult(
        id="hotpatch/x",
        nodeid="n",
        suite="hotpatch",
        arch="x86_64",
        machine="pc-q35-7.2",
        path="qmp",
        mechanism="postcopy",
        subject="busy-virtio-2vcpu",
        outcome=outcome,
        reason="memory: page 7 is wrong",
        runs=runs,
    )


def issue(match: Match, name: str = "bug-1", expires: date = TODAY) -> KnownIssue:
    """An issue that still holds today."""
    return KnownIssue(
        id=name, match=match, reason="lost pages", link="https://bugs.example/1", expires=expires
    )


ANY = Match(arch="*")


def judged(entry: KnownIssue, result: CellResult) -> Outcome:
    """The outcome of the cell after the issue is applied."""
    return apply([entry], PAIR, result, TODAY).outcome


@pytest.mark.parametrize(
    "match",
    [
        Match(pair="debian-12 -> debian-*"),
        Match(old="debian-12", new="debian-1?"),
        Match(arch="x86_64", machine="pc-q35-*", path="qmp", mechanism="postcopy*", subject="busy-*-2vcpu"),
        Match(signature="^mem"),
    ],
)
def test_issue_excuses_what_it_names(match: Match) -> None:
    """Lose this and an accepted failure still stops the release."""
    assert judged(issue(match), cell()) is Outcome.KNOWN


@pytest.mark.parametrize(
    "match",
    [
        Match(pair="debian-13 -> *"),
        Match(old="debian-13"),
        Match(new="debian-12"),
        Match(arch="ppc64le"),
        Match(machine="pc-q35-7"),
        Match(path="libvirt"),
        Match(mechanism="precopy"),
        Match(subject="BUSY*"),
        Match(arch="x86_64", signature="clock"),
        Match(arch="x86_64", mechanism="precopy"),
    ],
)
def test_issue_excuses_nothing_else(match: Match) -> None:
    """Lose this and one accepted failure hides an unknown one."""
    assert judged(issue(match), cell()) is Outcome.REGRESSION


SWEPT = Match(subject="device:virtio-*", signature="version_id N is too new")


@pytest.mark.parametrize(
    "subject,outcome",
    [
        ("device:virtio-net-pci", Outcome.KNOWN),
        ("device:e1000", Outcome.REGRESSION),
        ("sees:virtio-net-pci", Outcome.REGRESSION),
        ("machine", Outcome.REGRESSION),
    ],
)
def test_issue_excuses_swept_subjects_by_pattern(subject: str, outcome: Outcome) -> None:
    """Lose this and one accepted failure of a sweep needs an entry for each of its devices."""
    failed = cell(Outcome.REGRESSION, "migrate: version_id N is too new for local version_id N")
    failed.suite, failed.subject = "compat", subject
    assert judged(issue(SWEPT), failed) is outcome


def test_issue_of_a_rollback_excuses_no_update() -> None:
    """Lose this and an issue about the rollback excuses a failure of the update."""
    failed = cell(Outcome.REGRESSION, "migrate: bad section")
    failed.runs.append(RunRecord("debian-13", "debian-12", "fail", "reason", "version_id N is too new"))
    assert judged(issue(Match(signature="too new")), failed) is Outcome.REGRESSION
    assert judged(issue(Match(signature="bad section")), failed) is Outcome.KNOWN


def test_excused_cell_says_what_it_was_and_why() -> None:
    """Lose this and the report does not say which failure was accepted, or why."""
    known = issue(ANY)
    reason = apply([known], PAIR, cell(), TODAY).reason
    said = f"known issue bug-1 (lost pages, https://bugs.example/1, until {known.expires})"
    assert reason == f"{said}: regression: memory: page 7 is wrong"


def test_excused_cell_keeps_its_original_outcome() -> None:
    """Lose this and the report does not show which known issues keep an update from being unsafe."""
    assert apply([issue(ANY)], PAIR, cell(), TODAY).accepted == "regression"


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.REFUSED, Outcome.UNSUPPORTED, Outcome.ERROR])
def test_what_is_no_failure_is_not_excused(outcome: Outcome) -> None:
    """Lose this and an error of the suite counts as a known issue, so the verdict is not undecided."""
    assert judged(issue(ANY), cell(outcome)) is outcome


def test_signature_of_a_control_does_not_count() -> None:
    """Lose this and a known failure of a control excuses a different failure of the update."""
    assert judged(issue(Match(signature="clock")), cell(control="clock")) is Outcome.REGRESSION
    assert judged(issue(Match(signature="memory")), cell(control="clock")) is Outcome.KNOWN


def test_signature_must_explain_every_repeat() -> None:
    """Lose this and an issue that explains one of two failures excuses the other one."""
    two = cell(Outcome.FLAKY, "memory", "clock")
    assert judged(issue(Match(signature="memory")), two) is Outcome.FLAKY
    assert judged(issue(Match(signature="memory|clock")), two) is Outcome.KNOWN


def test_issue_holds_on_its_last_day_and_no_longer() -> None:
    """Lose this and an issue never expires, or expires a day early."""
    assert judged(issue(ANY, expires=TODAY), cell()) is Outcome.KNOWN
    late = apply([issue(ANY, expires=TODAY - timedelta(days=1))], PAIR, cell(), TODAY)
    assert late.outcome is Outcome.REGRESSION
    assert "known issue bug-1 expired on 2026-11-21" in late.reason


def test_issue_that_holds_follows_one_that_expired() -> None:
    """Lose this and an expired issue hides a valid one."""
    entries = [issue(ANY, "a", TODAY - timedelta(days=1)), issue(ANY, "b")]
    assert apply(entries, PAIR, cell(), TODAY).reason.count("known issue b") == 1


def test_entry_whose_cells_pass_is_stale() -> None:
    """Lose this and issues stay in the list after they were fixed."""
    (note,) = stale([issue(ANY)], PAIR, [cell(Outcome.PASS)], TODAY)
    assert note.startswith("known issue bug-1 no longer matches any failure")


def test_entry_with_another_signature_is_not_called_outdated() -> None:
    """Lose this and a slip in a signature is answered with advice to remove the entry."""
    (note,) = stale([issue(Match(signature="pages of 0x1"))], PAIR, [cell()], TODAY)
    assert note.startswith(
        "known issue bug-1 does not match the failure of hotpatch/x, which has another sig"
    )


def test_entry_that_expired_is_stale() -> None:
    """Lose this and an expired issue goes unreported if its cells pass."""
    (note,) = stale([issue(ANY, expires=TODAY - timedelta(days=1))], PAIR, [cell(Outcome.PASS)], TODAY)
    assert "expired on 2026-11-21" in note


def test_entry_that_excuses_something_is_not_stale() -> None:
    """Lose this and an accepted failure makes every run undecided."""
    excused = apply([issue(ANY)], PAIR, cell(), TODAY)
    assert stale([issue(ANY)], PAIR, [cell(Outcome.PASS), excused], TODAY) == []


def test_entry_whose_cells_did_not_run_is_not_stale() -> None:
    """Lose this and a run of some cells advises the user to remove the issues of the others."""
    entry = issue(Match(arch="ppc64le"))
    assert not covers(entry, PAIR, cell())
    assert stale([entry], PAIR, [cell(Outcome.PASS)], TODAY) == []


@pytest.mark.parametrize("outcome", [Outcome.UNSUPPORTED, Outcome.ERROR])
def test_entry_whose_cells_could_not_be_tried_is_not_stale(outcome: Outcome) -> None:
    """Lose this and an issue about KVM makes every run on a machine without it undecided."""
    assert stale([issue(ANY)], PAIR, [cell(outcome)], TODAY) == []


def test_entry_is_not_confused_with_a_longer_name() -> None:
    """Lose this and `bug-1` is not reported as stale while `bug-10` still matches."""
    entries = [issue(Match(signature="clock"), "bug-1"), issue(ANY, "bug-10")]
    excused = apply(entries, PAIR, cell(), TODAY)
    (note,) = stale(entries, PAIR, [excused], TODAY)
    assert note.startswith("known issue bug-1 no longer")


def test_second_entry_about_one_failure_is_not_stale() -> None:
    """Lose this and a waiver for what a known issue accepts too makes every run undecided."""
    entries = [issue(ANY, "a"), issue(Match(signature="^memory"), "b")]
    excused = apply(entries, PAIR, cell(), TODAY)
    assert excused.reason.startswith("known issue a ")
    assert stale(entries, PAIR, [excused], TODAY) == []
    other = issue(Match(signature="clock"), "c")
    assert len(stale([*entries, other], PAIR, [excused], TODAY)) == 1


@pytest.mark.parametrize(
    "match, why",
    [
        (Match(arch="ppc64le"), "no cell of this run has its arch 'ppc64le'"),
        (
            Match(arch="ppc64le", subject="cpu:*"),
            "no cell of this run has its arch 'ppc64le' nor subject 'cpu:*'",
        ),
        (
            Match(path="libvirt", mechanism="postcopy"),
            "no cell of this run has its path 'libvirt' with mechanism 'postcopy'",
        ),
    ],
    ids=["arch", "arch-and-subject", "together"],
)
def test_entry_whose_cells_did_not_run_is_named(match: Match, why: str) -> None:
    """Lose this and a waiver with a slip in it waits for its failure for ever."""
    others = cell(Outcome.PASS)
    others.path, others.mechanism = "libvirt", "precopy"
    assert not_tried([issue(match)], PAIR, [cell(Outcome.PASS), others]) == [f"known issue bug-1 ({why})"]


@pytest.mark.parametrize("outcome", [Outcome.UNSUPPORTED, Outcome.ERROR])
def test_entry_whose_cells_could_not_be_tried_is_named(outcome: Outcome) -> None:
    """Lose this and an issue about KVM seems to be tried on a machine without it."""
    assert not_tried([issue(ANY)], PAIR, [cell(outcome)]) == [
        "known issue bug-1 (1 cell could not be tried here)"
    ]


def test_entry_that_was_tried_or_is_about_another_pair_is_not_named() -> None:
    """Lose this and every run lists the issues of all pairs, and nobody reads the line."""
    entries = [issue(ANY), issue(Match(old="debian-13"), "bug-2")]
    assert not_tried(entries, PAIR, [cell(Outcome.PASS)]) == []
