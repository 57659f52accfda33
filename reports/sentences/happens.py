# SPDX-License-Identifier: Apache-2.0
"""What happens to the guests of a finding: by harm, and by what went wrong."""

from __future__ import annotations

import re

from fixtures.evidence.harm import LOADED_AGAIN, Harm
from fixtures.outcome.findings import Finding, FindingHarm, kind_of
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.printable import shown_line
from reports.sentences import boots, updated
from reports.sentences.checks import failure_words
from reports.sentences.names import way_words
from reports.sentences.queues import queues_words
from reports.sentences.subjects import HURT_WHEN, is_saved

MOST_SAID = 140
"""Characters of a difference, or of an error of the suite."""
GONE = {
    "machine": "the new build no longer has this machine type",
    "device": "the new build no longer has this device",
    "cpu": "the new build no longer has this CPU model",
    "alias": "the new build no longer has this alias",
    "firmware": "the new build does not ship the file",
}
"""What is missing in the new build, by kind of subject."""
_TYPE = r"[\w.-]*\d\.\d+[\w-]*"
_TYPES = r"(?:all \d+|\d+ of \d+) machine types, \S+ to \S+"
ON_TYPES = re.compile(rf" on (?:{_TYPES}|{_TYPE}(?: and {_TYPE})?)(?=$| and \d+ more$)")
"""The machine types at the end of a difference; the guests' words name them."""
_VALUES = re.compile(r" was .*")
"""What a difference says after the name of what differs."""
AT_NEXT_BOOT = {
    "acpi-tables": "other ACPI tables",
    "smbios": "other SMBIOS tables",
    "fw-cfg": "other files for the firmware",
    "device-tree": "another device tree",
    "numa-nodes": "other NUMA nodes",
}
"""What only the next boot shows, by kind of subject."""
SOME = {
    Harm.LOST: "some of them are lost",
    Harm.STRANDED: "some cannot be moved, so that they run on under the old QEMU",
    Harm.CHANGED: "some live on, but changed",
    Harm.SLOW: "some live on, but slower",
}
"""What happens to some of the guests, if the others that are moved in the same way fare otherwise."""
COMPARED = {
    "machine-properties": "the new build gives them a machine with other properties",
    "migration-defaults": "the new build sets other defaults for migrations",
    "cpu-features": "the new build gives them a CPU with other features",
    "cpuid": "once they have moved, CPUID shows them other cores or caches",
    "queues": "the device has queues of another size",
    "sees": "the new build gives them another device",
    "alias": "the alias does not lead to the newest machine type at their next start",
}
"""What a difference between the builds means, by kind of subject."""


def happens(finding: Finding) -> str:
    """What happens to these guests, as one or two sentences without a subject: `cannot be moved: …`."""
    if finding.outcome is Outcome.ERROR:
        return f"could not be judged: {shown_line(finding.reason, MOST_SAID)}."
    if finding.outcome is Outcome.REMOVED:
        gone = GONE.get(kind_of(finding.first), "the new build lacks what they need")
        return f"cannot be moved: {gone}. They run on under the old QEMU."
    back = finding.outcome is Outcome.PASS
    wrong = failure_words(_signature(finding), finding.reason, "the old build" if back else "the new build")
    if back:
        return f"cannot go back to the old build: {wrong or shown_line(finding.reason, MOST_SAID)}."
    if not wrong:
        return _differs(finding)
    return f"{_how_often(finding)}{_harmed(finding)}: {wrong}.{_stays(finding)}"


def _how_often(finding: Finding) -> str:
    """How often and how alike a flaky move fails, to precede what happens; empty if it always does."""
    if finding.outcome is not Outcome.FLAKY:
        return ""
    if not fails_each_time(finding):
        return "sometimes "
    return "fail in each run, in different ways; for example, they " if fails_differently(finding) else ""


def fails_each_time(finding: Finding) -> bool:
    """Did each run of its cells from the old to the new build fail?"""
    return all(cell.moves and all(run.result == "fail" for run in cell.moves) for cell in finding.cells)


def fails_differently(finding: Finding) -> bool:
    """Did the runs of a cell from the old to the new build fail with several signatures?"""
    return any(
        len({run.signature for run in cell.moves if run.result == "fail"}) > 1 for cell in finding.cells
    )


def _signature(finding: Finding) -> str:
    """The signature of the first cell's own failure; that of a finding may be a whole family."""
    failed = next((run for run in finding.first.runs if _is_its(finding, run)), None)
    return failed.signature if failed and failed.signature else finding.signature


def _is_its(finding: Finding, run: RunRecord) -> bool:
    """Is it the failure that makes this finding: of the move there, or of the way back?"""
    first = finding.first.runs[0]
    there = (run.source, run.destination) == (first.source, first.destination)
    return run.result == "fail" and there is not (finding.outcome is Outcome.PASS)


def _harmed(finding: Finding) -> str:
    harms = finding.harms
    if not harms:
        return "do not pass a move"
    subject = finding.first.subject
    if len(harms) == 1 and (when := updated.when(finding)) and harms[0].harm is not Harm.STRANDED:
        harm = "are lost" if harms[0].harm is Harm.LOST else "live on, but something goes wrong"
        return f"{harm} when they are {when}"
    if len(harms) == 1:
        when = next((when for end, when in HURT_WHEN.items() if subject.endswith(end)), "moved")
        saved = all(map(is_saved, finding.cells))
        cannot = when if saved else "saved and restored" if only_restored(finding) else "moved"
        return {
            Harm.LOST: f"are lost when they are {when}",
            Harm.STRANDED: f"cannot be {cannot}",
            Harm.CHANGED: f"are changed when they are {when}" if saved else "are changed by a move",
            Harm.SLOW: "are moved more slowly, or at a higher cost, than before",
        }[harms[0].harm]
    if len(ways := {_ways(each) for each in harms}) == 1:
        said = f"with {ways.pop()} {' and '.join(SOME[each.harm] for each in harms)}"
    else:
        said = "; ".join(_with(each) for each in harms)
    return f"are hurt when they are moved: {said}"


def _ways(harm: FindingHarm) -> str:
    return way_words((cell.path, cell.mechanism) for cell in harm.cells)


def _with(harm: FindingHarm) -> str:
    said = {
        Harm.LOST: "they are lost",
        Harm.STRANDED: "the move fails and they run on under the old QEMU",
        Harm.CHANGED: "they live on, but changed",
        Harm.SLOW: "they live on, but slower",
    }[harm.harm]
    return f"with {_ways(harm)} {said}"


def _stays(finding: Finding) -> str:
    if len(finding.harms) > 1 or finding.harm is not Harm.STRANDED:
        return ""
    if only_restored(finding):
        return " The old build still restores them."
    return " They run on under the old QEMU."


def only_restored(finding: Finding) -> bool:
    """Are these guests saved, and only the build that saved them loads them?"""
    return bool(finding.harms) and all(LOADED_AGAIN in each.proof for each in finding.harms)


def _differs(finding: Finding) -> str:
    """A difference that was found by asking both builds."""
    kind = kind_of(finding.first)
    said = shown_line("; ".join(_differences(finding)), MOST_SAID)
    if kind in AT_NEXT_BOOT:
        return f"move, but their next boot finds {AT_NEXT_BOOT[kind]}: {said}."
    if kind == boots.KIND:
        return f"{boots.HAPPENS}."
    if finding.harm is Harm.STRANDED and kind == "sees":
        return "cannot be moved: the new build does not have this device. They run on under the old QEMU."
    if kind == "queues" and (words := queues_words(finding.reason, said)):
        return words
    if kind in COMPARED:
        return f"are changed: {COMPARED[kind]}: {said}."
    return f"do not pass: {shown_line(finding.reason, MOST_SAID)}."


def _differences(finding: Finding) -> list[str]:
    """The differences that the reason lists, without the machine types on which they are."""
    what = re.split(r": (?=\S)", finding.reason, maxsplit=1)[-1]
    return [ON_TYPES.sub("", part) for part in what.split("; ")]


def differing(finding: Finding) -> frozenset[str]:
    """The names of what differs between the builds, such as `EBX of leaf 0x1`, without their values."""
    return frozenset(_VALUES.sub("", part) for part in _differences(finding))
