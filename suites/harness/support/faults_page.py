# SPDX-License-Identifier: Apache-2.0
"""Writes docs/faults-outcomes.md from the verdicts of runs, and from what earlier runs have told.

    .venv/bin/python -m suites.harness.support.faults_page reports/latest/verdict.json

A cell that a run repeats replaces what was known of it; others are kept in suites/faults/outcomes.json.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from fixtures.matrix.mechanisms import MECHANISMS
from fixtures.places import ROOT, SUITES
from suites.harness.support.faults_table import PATHS, PHASES, Entry, entries
from suites.harness.support.shipped_promises import shipped_promises

TABLE, PAGE = ROOT / "docs" / "faults.md", ROOT / "docs" / "faults-outcomes.md"
OUTCOMES = SUITES / "faults" / "outcomes.json"
ARCH = "x86_64"
"""The architecture whose outcomes the page has one by one."""
NOT_RUN = "not run"
HEAD = """# Outcomes of the faults, by pair

What came out for each entry of [the table of faults](faults.md#the-table) on x86_64. `=` stands before the
outcome of the entry that shows the same. `cannot happen` and `unsupported` are explained there, and
what is not `pass` under [What was found](faults.md#what-was-found). A command writes this page, from the
verdicts of runs; what they did not repeat stays:

```sh
.venv/bin/pytest suites -m "slow or not slow" -k "fault- or abort-of or -change-refused" --arch x86_64
.venv/bin/python -m suites.harness.support.faults_page reports/latest-rerun/verdict.json
```
"""
Known = dict[str, dict[str, Any]]
"""By pair: both builds, and of each cell the outcome, by its id."""


def merged(known: Known, verdict: Mapping[str, Any], aspects: Iterable[str]) -> Known:
    """What is known with the cells of one more run that are about these aspects."""
    old, new = verdict["old"], verdict["new"]
    pair = f"{old['name']} → {new['name']}"
    asked = set(aspects)
    cells = dict(known.get(pair, {}).get("cells", {}))
    for cell in verdict["cells"]:
        aspect = _aspect(cell["subject"])
        if aspect in asked:
            told = {name: cell[name] for name in ("arch", "path", "mechanism", "outcome")}
            cells[cell["id"]] = {**told, "aspect": aspect}
    if not cells:
        return known
    builds = [f"QEMU {build['qemu']}, libvirt {build['libvirt']}" for build in (old, new)]
    return {**known, pair: {"builds": builds, "cells": dict(sorted(cells.items()))}}


def page(known: Known, table: list[Entry]) -> str:
    """The text of the whole page."""
    parts = [HEAD, "\n".join(_summary(known))]
    for pair, told in sorted(known.items()):
        builds = " → ".join(told["builds"])
        parts.append(f"## {pair}\n\n{builds}.\n\n" + "\n".join(_outcomes(told["cells"], table)))
    return "\n".join(f"{part.strip()}\n" for part in parts)


def known_outcomes() -> Known:
    """What earlier runs have told."""
    known: Known = json.loads(OUTCOMES.read_text())
    return known


def _aspect(subject: str) -> str:
    """The last part of a cell's subject: PROFILE-HARDWARE-NUMBERvcpu-ASPECT."""
    return subject.partition("vcpu-")[2]


def _summary(known: Known) -> Iterator[str]:
    """How many cells were run of each pair and architecture, and what came out."""
    count = sum(1 for promise in shipped_promises() if promise.letter)
    yield "| pair | architecture | cells run | outcomes |"
    yield "| --- | --- | --- | --- |"
    for pair, told in sorted(known.items()):
        for arch in sorted({cell["arch"] for cell in told["cells"].values()}):
            seen = Counter(cell["outcome"] for cell in told["cells"].values() if cell["arch"] == arch)
            outcomes = ", ".join(f"{number} {outcome}" for outcome, number in seen.most_common())
            yield f"| {pair} | {arch} | {seen.total()} of {count} | {outcomes} |"
    yield ""
    yield "No other pair or architecture was run."


def _outcomes(cells: Mapping[str, Mapping[str, str]], table: list[Entry]) -> Iterator[str]:
    """The table of one pair: a row for each fault and phase."""
    yield f"| fault | phase | {' | '.join(PATHS)} |"
    yield "| --- | --- |" + " --- |" * len(PATHS)
    places = {(entry.fault, entry.phase, entry.path): entry for entry in table}
    faults = dict.fromkeys(entry.fault for entry in table)
    for fault, phase in product(faults, PHASES):
        texts = [_text(places[fault, phase, path], places, cells) for path in PATHS]
        yield f"| {fault} | {phase} | {' | '.join(texts)} |"


def _text(
    entry: Entry, places: Mapping[tuple[str, str, str], Entry], cells: Mapping[str, Mapping[str, str]]
) -> str:
    if entry.proof:
        return f"= {_text(places[entry.same_as], places, cells)}"
    if not entry.letter:
        return entry.text.partition(":")[0]
    seen = [
        cell
        for cell in cells.values()
        if cell["arch"] == ARCH and cell["aspect"] in entry.aspects and _path(cell) == entry.path
    ]
    outcomes = {(cell["outcome"], cell["mechanism"]) for cell in seen}
    if len({outcome for outcome, _ in outcomes}) < 2:
        return next((outcome for outcome, _ in outcomes), NOT_RUN)
    return ", ".join(f"{outcome} ({mechanism})" for outcome, mechanism in sorted(outcomes))


def _path(cell: Mapping[str, str]) -> str:
    return f"{cell['path']}-tls" if MECHANISMS[cell["mechanism"]].tls else cell["path"]


def main(verdicts: Iterable[str]) -> None:
    """Add these runs to what is known, and write the page."""
    table, known = entries(TABLE.read_text()), known_outcomes()
    aspects = {aspect for entry in table for aspect in entry.aspects}
    for verdict in verdicts:
        known = merged(known, json.loads(Path(verdict).read_text()), aspects)
    OUTCOMES.write_text(json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(known, table))


if __name__ == "__main__":
    main(sys.argv[1:])
