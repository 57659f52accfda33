# SPDX-License-Identifier: Apache-2.0
"""What stands in verdict.json, as types: from them its JSON Schema is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from fixtures.outcome.outcome import Outcome, Verdict

Milliseconds = Annotated[float | None, Field(ge=0, description="null where not measured")]
Seconds = Annotated[float | None, Field(ge=0)]


class BuildData(TypedDict):
    """A build; null where it is not known or there is none."""

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
    signature: Annotated[str, Field(description="Equal signatures are taken for the same defect.")]
    seconds: Seconds
    evidence: list[str]
    total_ms: Milliseconds
    downtime_ms: float | None
    blackout_ms: Milliseconds
    figures: dict[str, float | None]


class CellData(TypedDict):
    """One thing that can pass or fail."""

    id: Annotated[str, Field(description="Stable across runs, pairs and machines.")]
    suite: str
    arch: str
    machine: str
    path: str
    mechanism: str
    subject: str
    outcome: Outcome
    reason: str
    evidence: Annotated[list[str], Field(description="Paths relative to the directory of verdict.json.")]
    total_ms: Milliseconds
    downtime_ms: Annotated[float | None, Field(description="As QEMU tells it: known to be wrong at times.")]
    blackout_ms: Milliseconds
    seconds: Seconds
    accelerator: str
    rerun: Annotated[str, Field(description="The one command that reruns this cell.")]
    repeats: str
    runs: list[RunData]


class FindingData(TypedDict):
    """Cells of one outcome and one cause."""

    outcome: Outcome
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
    cells: Annotated[list[str], Field(description="Ids of those that did not fail so when they ran last.")]


class GoneData(TypedDict):
    """What cells failed for when they ran last, and do not any more."""

    outcome: Annotated[Outcome, Field(description="What it was.")]
    reason: str
    cells: list[str]


class BlackoutData(TypedDict):
    """A passing cell whose blackout is not what it was."""

    cell: str
    now_ms: float
    middle_ms: Annotated[float, Field(description="Median of earlier runs.")]
    low_ms: Annotated[float, Field(description="Below this, and above high_ms, it is more than noise.")]
    high_ms: float


class ChangesData(TypedDict):
    """What is different from earlier runs of the pair."""

    since: Annotated[str, Field(description="When the run before this one started.")]
    new: list[NewData]
    gone: list[GoneData]
    blackouts: list[BlackoutData]
    wavering: Annotated[list[str], Field(description="Cells that failed, passed and failed again, or so.")]


class JudgedData(TypedDict):
    """The cells of one architecture, or of one class of guests."""

    cells: Annotated[int, Field(ge=0)]
    moved: Annotated[int, Field(ge=0, description="Cells that passed and moved a guest into the new build.")]
    judged: Annotated[bool, Field(description="Does a cell judge the update? Without one it is undecided.")]


class VerdictData(TypedDict):
    """The verdict of one run over one pair of builds."""

    schema: Literal[1]
    old: BuildData
    new: BuildData
    verdict: Verdict
    counts: Annotated[dict[str, int], Field(description="Cells by outcome, 0 where it did not occur.")]
    judged: Annotated[dict[str, JudgedData], Field(description="By architecture.")]
    guests_not_judged: Annotated[
        dict[str, JudgedData], Field(description="Classes of booted guests of which no cell judges.")
    ]
    accepted: Annotated[
        list[str], Field(description="Ids of cells that would count if no known issue accepted them.")
    ]
    notes: Annotated[list[str], Field(description="What is wrong with the rig, such as a missing shard.")]
    cells: list[CellData]
    findings: list[FindingData]
    rollback: list[FindingData]
    changes: Annotated[ChangesData | None, Field(description="null where there is no earlier whole run.")]
