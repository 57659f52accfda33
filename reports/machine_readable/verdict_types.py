# SPDX-License-Identifier: Apache-2.0
"""The content of verdict.json as types, from which its JSON Schema is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from fixtures.evidence.harm import Harm
from fixtures.matrix.support import Tier
from fixtures.outcome.outcome import Outcome, Verdict
from fixtures.outcome.rollback import Back

Milliseconds = Annotated[float | None, Field(ge=0, description="null if not measured")]
Seconds = Annotated[float | None, Field(ge=0)]
WorstHarm = Annotated[
    Harm | None,
    Field(
        description="What the failure does to a guest, measured: lost (died, hangs, was corrupted), "
        "stranded (did not move, runs on at the source), changed (moved, but it or its next boot sees "
        "something else), slow (moved, but a bound was broken). null without a failure, or if not known."
    ),
]
WorstTier = Annotated[
    Tier | None,
    Field(description="How far the distribution supports what the cell is about, by the run's policy."),
]
Proof = Annotated[str, Field(description="What was asked and seen to find the harm.")]


class BuildData(TypedDict):
    """A build; null for facts that are unknown or do not exist."""

    name: str
    qemu: str | None
    package: str | None
    libvirt: str | None


class RunData(TypedDict):
    """One run of a cell: old→new, or a control."""

    source: str
    destination: str
    result: Literal["pass", "fail", "refused", "unsupported", "error"]
    reason: str
    signature: Annotated[str, Field(description="Failures with equal signatures count as one defect.")]
    seconds: Seconds
    evidence: list[str]
    total_ms: Milliseconds
    downtime_ms: float | None
    blackout_ms: Milliseconds
    figures: dict[str, float | None]
    harm: WorstHarm
    harm_proof: Proof


class CellData(TypedDict):
    """One combination that can pass or fail, such as a guest with a mechanism, or a device."""

    id: Annotated[str, Field(description="Stable across runs, pairs and hosts.")]
    suite: str
    arch: str
    machine: str
    path: str
    mechanism: str
    subject: str
    outcome: Outcome
    harm: WorstHarm
    harm_proof: Proof
    tier: WorstTier
    tier_reason: str
    counts: Annotated[bool, Field(description="True if it counts against the update.")]
    reason: str
    evidence: Annotated[list[str], Field(description="Paths relative to the directory of verdict.json.")]
    total_ms: Milliseconds
    downtime_ms: Annotated[float | None, Field(description="As QEMU reports it; sometimes wrong.")]
    blackout_ms: Milliseconds
    seconds: Seconds
    accelerator: str
    backing: Annotated[
        Literal["", "anonymous", "memfd", "file", "hugepages"],
        Field(description="What the RAM of its guest consists of; empty if no guest was to be started."),
    ]
    rerun: Annotated[str, Field(description="The one command that reruns this cell.")]
    repeats: str
    runs: list[RunData]


class HarmData(TypedDict):
    """The cells of a finding that do a guest the same harm."""

    harm: Harm
    proof: Proof
    ways: Annotated[list[str], Field(description="Path and mechanism of these cells.")]
    cells: Annotated[list[str], Field(description="Ids.")]


class SaidData(TypedDict):
    """A finding in plain words."""

    sentence: Annotated[str, Field(description="Whom it concerns and what happens to them.")]
    blamed: Annotated[str, Field(description="Who is to blame, such as: the update.")]
    works: Annotated[
        str,
        Field(description="Mechanisms with which such guests moved in this run; empty if none is known."),
    ]
    advice: Annotated[str, Field(description="What to do.")]


class AffectedData(SaidData):
    """A row of the first screen: findings that read alike."""

    blame: Annotated[str, Field(description="What the controls showed, as a sentence.")]
    outcome: Outcome
    harm: Annotated[Harm | None, Field(description="The worst of its cells.")]
    tier: Annotated[Tier | None, Field(description="The best of its cells.")]
    counts: Annotated[bool, Field(description="True if it counts against the update.")]
    cells: Annotated[int, Field(ge=1, description="How many cells failed.")]
    findings: Annotated[list[int], Field(description="Places in the list `findings`, from 0.")]


class FindingData(SaidData):
    """Cells of one outcome and one cause."""

    outcome: Outcome
    harm: Annotated[Harm | None, Field(description="The worst of its cells.")]
    harms: Annotated[list[HarmData], Field(description="Worst first.")]
    tier: Annotated[Tier | None, Field(description="The best of its cells.")]
    counts: Annotated[bool, Field(description="True if it counts against the update.")]
    signature: str
    reason: str
    blame: str
    archs: list[str]
    machines: list[str]
    subjects: list[str]
    cells: Annotated[list[str], Field(description="Ids.")]
    rerun: str


class NewData(TypedDict):
    """A finding that is new, or has new cells."""

    outcome: Outcome
    reason: str
    cells: Annotated[
        list[str],
        Field(description="Ids of cells that did not fail for this reason in the last run that had them."),
    ]


class GoneData(TypedDict):
    """What cells failed for when they ran last, and do not any more."""

    outcome: Annotated[Outcome, Field(description="The earlier outcome.")]
    reason: str
    cells: list[str]


class BlackoutData(TypedDict):
    """A passing cell with a blackout that changed by more than noise."""

    cell: str
    now_ms: float
    middle_ms: Annotated[float, Field(description="Median of earlier runs.")]
    low_ms: Annotated[
        float, Field(description="A blackout below this or above high_ms differs by more than noise.")
    ]
    high_ms: float


class ChangesData(TypedDict):
    """The differences from earlier runs of the pair."""

    since: Annotated[str, Field(description="When the run before this one started.")]
    new: list[NewData]
    gone: list[GoneData]
    blackouts: list[BlackoutData]
    wavering: Annotated[
        list[str], Field(description="Cells that failed, passed and failed again, or the reverse.")
    ]


class JudgedData(TypedDict):
    """The cells of one architecture, or of one class of guests."""

    cells: Annotated[int, Field(ge=0)]
    moved: Annotated[int, Field(ge=0, description="Cells that passed and moved a guest into the new build.")]
    judged: Annotated[
        bool,
        Field(description="True if at least one cell moved a guest or counts against the update."),
    ]


class BackData(TypedDict):
    """The cells of one architecture that were moved back to the old build."""

    tried: Annotated[int, Field(ge=1)]
    cannot_return: Annotated[int, Field(ge=0)]


class UntriedData(TypedDict):
    """Cells that moved to the new build this way and were not moved back."""

    path: str
    mechanism: str
    cells: Annotated[int, Field(ge=1)]


class RollbackAnswerData(TypedDict):
    """Can guests go back to the old build? It does not change the verdict."""

    answer: Annotated[
        Back,
        Field(
            description="Of what was moved back: yes (all returned), partly, no (nothing did), "
            "unknown (nothing was moved back)."
        ),
    ]
    words: Annotated[str, Field(description="As on the page; empty if no cell came into the new build.")]
    archs: Annotated[dict[str, BackData], Field(description="By architecture.")]
    untried: list[UntriedData]


class MemoryCostData(TypedDict):
    """What a move costs in memory, by one mechanism with one kind of RAM; all figures in MiB."""

    arch: str
    mechanism: str
    backing: Annotated[str, Field(description="In words, such as: a memfd that both share.")]
    cells: Annotated[int, Field(ge=1, description="How many were measured; the figures are of the worst.")]
    ram: float
    touched: Annotated[float, Field(description="RAM that was resident before the move.")]
    before: Annotated[float, Field(description="What was resident of the source before the move.")]
    ram_of_both: Annotated[float, Field(description="RAM that is resident while both QEMUs exist.")]
    of_both: Annotated[float, Field(description="What is resident of both; what they share counts once.")]
    more_than_touched: Annotated[
        bool, Field(description="True if the move makes RAM resident that the guest has not touched.")
    ]


class VerdictData(TypedDict):
    """The verdict of one run over one pair of builds."""

    schema: Literal[1]
    old: BuildData
    new: BuildData
    verdict: Verdict
    policy: Annotated[
        str | None, Field(description="The policy that says which failures count; null if all do.")
    ]
    counts: Annotated[dict[str, int], Field(description="Cells by outcome, 0 if it did not occur.")]
    judged: Annotated[dict[str, JudgedData], Field(description="By architecture.")]
    guests_not_judged: Annotated[
        dict[str, JudgedData], Field(description="Classes of booted guests that were not judged.")
    ]
    accepted: Annotated[
        list[str],
        Field(description="Ids of cells that would count against the update without a known issue."),
    ]
    left_out: Annotated[list[str], Field(description="What a quick run did not test; else empty.")]
    untried: Annotated[
        list[str],
        Field(description="Known issues and waivers of the pair whose cells did not run, with the reason."),
    ]
    notes: Annotated[list[str], Field(description="Problems of the run as a whole, such as a missing shard.")]
    cells: list[CellData]
    affected: Annotated[
        list[AffectedData],
        Field(
            description="The rows of the first screen in its order: what counts, then what does not, each "
            "with the worst harm first."
        ),
    ]
    findings: list[FindingData]
    rollback: list[FindingData]
    rollback_answer: Annotated[RollbackAnswerData | None, Field(description="null for a self pair.")]
    memory_costs: list[MemoryCostData]
    changes: Annotated[ChangesData | None, Field(description="null if there is no earlier complete run.")]
