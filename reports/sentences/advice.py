# SPDX-License-Identifier: Apache-2.0
"""Who is to blame for a finding, and what to do about it."""

from __future__ import annotations

from fixtures.evidence.blocks import LOST_WITHOUT_MOVE, NEVER_AFTER_PAUSE
from fixtures.evidence.checks import BLOCK_JOB
from fixtures.evidence.harm import Harm
from fixtures.matrix.domain_endpoints import BY_NAME
from fixtures.matrix.tpms import SHARED_STATE
from fixtures.outcome.findings import Finding, kind_of, name_of
from fixtures.outcome.outcome import Outcome
from reports.sentences import boots, updated
from reports.sentences.checks import check_of
from reports.sentences.happens import AT_NEXT_BOOT, fails_differently, fails_each_time, only_restored
from reports.sentences.names import way_words
from reports.sentences.queues import queues_advice
from reports.sentences.subjects import PAUSES, is_saved

BLAMED = {
    Outcome.REGRESSION: "the update",
    Outcome.DEFECT_NEW: "the new build",
    Outcome.REMOVED: "the new build",
    Outcome.FLAKY: "not clear",
    Outcome.ERROR: "the suite or the host",
    Outcome.DEFECT_OLD: "the old build",
    Outcome.KNOWN: "accepted",
    Outcome.PASS: "one of the builds",
}
"""Who is to blame, in two words, by outcome."""

WITHOUT_IT = {
    "device": "with another device",
    "machine": "on a machine type that the new build has",
    "cpu": "with a CPU model that the new build has",
    "alias": "with a versioned machine type",
    "firmware": "with firmware that the new build ships, or keep the file at its path and move them",
}
"""How to restart guests of what the new build no longer has, by kind of subject."""
UNMOVED = {
    "device": "under the new build, or without this device",
    "alias": "with a versioned machine type",
    "firmware": "under the new build, or keep the old build's file at its path and move them",
}
"""How to restart guests that cannot be moved, by kind of subject."""


ELSEWHERE = "Give the new QEMU another address, or none, before it starts: see docs/endpoints.md."
"""What to do about guests whose addresses both QEMUs want."""


NO_IOTHREAD = (
    "Restart them without an iothread for their disks, or wait for a fix: see docs/triage.md. Each pause, "
    "snapshot or move can stop such a disk."
)
"""What to do about guests whose disks lose requests when the guest is paused."""


LOSING_BUILD = {Outcome.DEFECT_OLD: "old", Outcome.DEFECT_NEW: "new"}
"""Which build loses requests without any move, by outcome."""


OWN_STATE = "Give the swtpm of the new QEMU a state directory of its own: see docs/endpoints.md."
"""What to do about guests whose TPM has one state directory for both QEMUs."""


WHILE_THE_OLD_BUILD_IS_THERE = (
    "Restore what is saved of them under the old build before it is removed, and move them, "
    "or wait for a fix."
)
"""What to do about guests that the old build has saved and the new one does not load as they were."""


NOT_TO_BE_SAVED = "Move them instead of saving them, or wait for a fix."
"""What to do about guests that cannot be saved, or that no build loads then."""


END_THE_JOB = "End the job before they are moved (`virsh blockjob --abort` or `--pivot`, `block-job-cancel`)."
"""What to do about guests that cannot be moved safely while a job works on their disk."""


def blame_words(finding: Finding) -> str:
    """What the controls showed, as a sentence."""
    if updated.is_about(finding) and finding.outcome in updated.BLAME:
        return updated.BLAME[finding.outcome]
    if LOST_WITHOUT_MOVE in finding.reason and (build := LOSING_BUILD.get(finding.outcome)):
        return f"The {build} build also loses requests when it stops and continues a guest that is not moved."
    if finding.outcome is Outcome.REGRESSION:
        if "both controls pass" in finding.reason:
            return "Both builds move such guests to themselves."
        if not finding.first.runs:
            return "The two builds differ."
        return "Neither build fails like this when it moves such guests to itself."
    return {
        Outcome.DEFECT_NEW: "The new build also fails when it moves such guests to itself, the old one not.",
        Outcome.REMOVED: "The old build has it.",
        Outcome.FLAKY: f"{_flaky_words(finding)}, and too few runs show which build is at fault.",
        Outcome.ERROR: "This says nothing about QEMU.",
        Outcome.DEFECT_OLD: "The old build also fails when it moves such guests to itself.",
        Outcome.KNOWN: "A known issue accepts it.",
        Outcome.PASS: "The way to the new build works.",
    }.get(finding.outcome, "")


def _flaky_words(finding: Finding) -> str:
    if not fails_each_time(finding):
        return "It does not fail each time"
    return "Each run fails, in different ways" if fails_differently(finding) else "Each run fails"


def advice(finding: Finding, works: str = "") -> str:
    """What to do about these guests; `works` names the mechanisms that still work."""
    quiet = {
        Outcome.ERROR: "Repair the host or the suite, and run it again.",
        Outcome.KNOWN: "Nothing until the known issue expires.",
        Outcome.FLAKY: "Run it again with --repeat 10; do not ship before it is clear.",
        Outcome.PASS: "Move them only if they need not go back.",
        Outcome.DEFECT_OLD: _despite_old(finding, works),
        Outcome.REMOVED: f"Before the old build is removed, restart them {_instead(finding)}.",
    }.get(finding.outcome)
    if quiet is not None:
        return quiet
    return _against(finding, works)


def _despite_old(finding: Finding, works: str) -> str:
    if words := updated.advice(finding):
        return words
    subject = finding.first.subject
    if kind_of(finding.first) == "endpoint" or subject.endswith(tuple(f"-{name}" for name in BY_NAME)):
        return ELSEWHERE
    if subject.endswith(f"-{SHARED_STATE}"):
        return OWN_STATE
    if words := _without_a_move(finding):
        return words
    if works:
        return f"Move them with {works} instead, or restart them."
    return "Restart them to leave the old build; no update moves them safely."


def _against(finding: Finding, works: str) -> str:
    if words := updated.advice(finding) or _without_a_move(finding):
        return words
    other = f", or move them with {works}" if works else ""
    if finding.harm is Harm.LOST:
        if len(finding.harms) > 1:
            ways = way_words((cell.path, cell.mechanism) for cell in finding.harms[0].cells)
            return f"Never move them with {ways}. Restart them under the new build{other}, or wait for a fix."
        return f"Do not move them so. Restart them under the new build{other}, or wait for a fix."
    if finding.harm is Harm.STRANDED:
        return f"Restart them {_instead(finding)}{other}, or wait for a fix."
    if finding.harm is Harm.SLOW:
        return f"Move them when a longer pause does no harm{other}, or wait for a fix."
    if {kind_of(finding.first), check_of(finding.signature)} & AT_NEXT_BOOT.keys():
        return "Nothing before the next boot; then check guests that rely on it."
    if kind_of(finding.first) == "queues" and (words := queues_advice(finding.reason)):
        return words
    if kind_of(finding.first) == boots.KIND:
        return boots.boot_advice([name_of(cell) for cell in finding.cells])
    if finding.harm is None and finding.first.runs:
        return f"Do not move them so. Restart them under the new build{other}, or wait for a fix."
    return f"Check guests that rely on it before they are moved{other}, or wait for a fix."


def _without_a_move(finding: Finding) -> str:
    """What to do about guests whose trouble is not the move itself; empty if it is."""
    if _has_job(finding):
        return END_THE_JOB
    if _loses_requests(finding):
        return NO_IOTHREAD
    if only_restored(finding):
        return WHILE_THE_OLD_BUILD_IS_THERE
    if not all(map(is_saved, finding.cells)):
        return ""
    unsaved = finding.harm in {Harm.LOST, Harm.STRANDED}
    return NOT_TO_BE_SAVED if unsaved else WHILE_THE_OLD_BUILD_IS_THERE


def _has_job(finding: Finding) -> bool:
    """Is it about guests with a job on their disk, and no others?"""
    return all(f"-{BLOCK_JOB}-" in cell.subject for cell in finding.cells)


def _loses_requests(finding: Finding) -> bool:
    subject = finding.first.subject
    if LOST_WITHOUT_MOVE in finding.reason:
        return True
    return subject.endswith(PAUSES) and "-iothread-" in subject and NEVER_AFTER_PAUSE in finding.signature


def _instead(finding: Finding) -> str:
    instead = WITHOUT_IT if finding.outcome is Outcome.REMOVED else UNMOVED
    return instead.get(kind_of(finding.first), "under the new build")
