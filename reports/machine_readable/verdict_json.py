# SPDX-License-Identifier: Apache-2.0
"""verdict.json: the run for scripts and CI. Its keys are an interface: see :mod:`.verdict_types`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fixtures.outcome.findings import Finding, findings, rollbacks
from fixtures.outcome.judged import Judged, accepted, judged_archs, unjudged_guests
from fixtures.outcome.outcome import BuildInfo, CellResult, Outcome, RunResult
from fixtures.outcome.rollback import rollback_answer
from reports.changes import NOTHING_BEFORE, Changes
from reports.files import write_atomically
from reports.memory import MemoryCost, memory_costs
from reports.overview.affected import against, apart
from reports.rollback import rollback_words
from reports.sentences.sentences import Sentences, sentences
from reports.sentences.tried import Tried

SCHEMA = 1

_TEXTS = ("id", "suite", "arch", "machine", "path", "mechanism", "subject")
_TIMES = ("total_ms", "downtime_ms", "blackout_ms", "seconds")


def write_verdict(run: RunResult, directory: Path, changes: Changes = NOTHING_BEFORE) -> Path:
    """Write `directory`/verdict.json in one step and return its path.

    Times are milliseconds if the key ends in `_ms`, else seconds; null if not measured. Raises
    OSError if the directory cannot be written.
    """
    text = json.dumps(verdict_data(run, changes), ensure_ascii=False, allow_nan=False, indent=2)
    return write_atomically(directory / "verdict.json", text + "\n")


def verdict_data(run: RunResult, changes: Changes = NOTHING_BEFORE) -> dict[str, Any]:
    """The content of verdict.json; `counts` holds every outcome, 0 if it did not occur.

    `findings` groups failures by cause, `rollback` groups cells that passed but whose rollback fails; their
    `cells` are ids. `affected` has the rows of the first screen.
    """
    found, tried = findings(run.cells), Tried(run.cells)
    return {
        "schema": SCHEMA,
        "old": _build(run.old),
        "new": _build(run.new),
        "verdict": str(run.verdict),
        "policy": run.policy or None,
        "counts": {str(outcome): run.counts.get(str(outcome), 0) for outcome in Outcome},
        "judged": {arch.name: _judged(arch) for arch in judged_archs(run.cells)},
        "guests_not_judged": {guests.name: _judged(guests) for guests in unjudged_guests(run.cells)},
        "accepted": [cell.id for cell in accepted(run.cells)],
        "notes": list(run.notes),
        "left_out": list(run.left_out),
        "untried": list(run.untried),
        "cells": [_cell(cell) for cell in run.cells],
        "affected": _affected(run, found),
        "findings": [_finding(finding, tried) for finding in found],
        "rollback": [_finding(finding, tried) for finding in rollbacks(run)],
        "rollback_answer": _rollback_answer(run),
        "memory_costs": [_memory(cost) for cost in memory_costs(run.cells)],
        "changes": _changes(changes) if changes.since else None,
    }


def _affected(run: RunResult, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """The rows of the first screen: what counts, then what does not, each with the worst harm first."""
    places = {id(finding.first): place for place, finding in enumerate(found)}
    return [
        {
            **_said(row.said),
            "blame": row.said.blame,
            "outcome": str(row.first.outcome),
            "harm": row.harm,
            "tier": row.first.tier or None,
            "counts": row.first.counts,
            "cells": row.number,
            "findings": [places[id(finding.first)] for finding in row.findings],
        }
        for row in (*against(run), *apart(run))
    ]


def _said(said: Sentences) -> dict[str, str]:
    return {"sentence": said.title, "blamed": said.blamed, "works": said.works, "advice": said.advice}


def _rollback_answer(run: RunResult) -> dict[str, Any] | None:
    found = rollback_answer(run)
    if found is None:
        return None
    return {
        "answer": str(found.answer),
        "words": rollback_words(run),
        "archs": {
            arch: {"tried": tried, "cannot_return": stuck} for arch, (tried, stuck) in found.archs.items()
        },
        "untried": [
            {"path": path, "mechanism": mechanism, "cells": cells}
            for (path, mechanism), cells in found.untried.items()
        ],
    }


def _judged(group: Judged) -> dict[str, Any]:
    return {"cells": len(group.cells), "moved": group.moved, "judged": group.judges}


def _memory(cost: MemoryCost) -> dict[str, Any]:
    return {**asdict(cost), "more_than_touched": cost.more_than_touched}


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "since": changes.since,
        "new": [
            {
                "outcome": str(new.finding.outcome),
                "reason": new.finding.reason,
                "cells": [cell.id for cell in new.cells],
            }
            for new in changes.new
        ],
        "gone": [
            {"outcome": str(gone.outcome), "reason": gone.reason, "cells": [cell.id for cell in gone.cells]}
            for gone in changes.gone
        ],
        "blackouts": [
            {
                "cell": each.cell.id,
                "now_ms": each.now,
                "middle_ms": each.middle,
                "low_ms": each.low,
                "high_ms": each.high,
            }
            for each in changes.blackouts
        ],
        "wavering": [cell.id for cell in changes.flaky],
    }


def _build(build: BuildInfo) -> dict[str, str | None]:
    return {"name": build.name, "qemu": build.qemu, "package": build.package, "libvirt": build.libvirt}


def _cell(cell: CellResult) -> dict[str, Any]:
    return {
        **{key: getattr(cell, key) for key in _TEXTS},
        "outcome": str(cell.outcome),
        "harm": cell.harm,
        "harm_proof": cell.harm_proof,
        "tier": cell.tier or None,
        "tier_reason": cell.tier_reason,
        "counts": cell.counts,
        "reason": cell.reason,
        "evidence": list(cell.evidence),
        **{key: _finite(getattr(cell, key)) for key in _TIMES},
        "accelerator": cell.accelerator,
        "backing": cell.backing,
        "rerun": cell.rerun,
        "repeats": cell.repeats,
        "runs": [{key: _finite(value) for key, value in asdict(run).items()} for run in cell.runs],
    }


def _finding(finding: Finding, tried: Tried) -> dict[str, Any]:
    return {
        **_said(sentences(finding, tried)),
        "outcome": str(finding.outcome),
        "harm": finding.harm,
        "harms": [
            {
                "harm": each.harm,
                "proof": each.proof,
                "ways": each.ways,
                "cells": [cell.id for cell in each.cells],
            }
            for each in finding.harms
        ],
        "tier": finding.tier or None,
        "counts": finding.counts,
        "signature": finding.signature,
        "reason": finding.reason,
        "blame": finding.blame,
        "archs": finding.archs,
        "machines": finding.machines,
        "subjects": finding.subjects,
        "cells": [cell.id for cell in finding.cells],
        "rerun": finding.first.rerun,
    }


def _finite(value: Any) -> Any:
    """None for NaN and infinity, which are not valid JSON."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
