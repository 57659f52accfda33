# SPDX-License-Identifier: Apache-2.0
"""The entry of `known_issues` in matrix.yaml, or of a file of waivers, that accepts a finding."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ruamel.yaml import YAML

from fixtures.matrix.schema import Pair
from fixtures.outcome.findings import Finding
from fixtures.outcome.known import ACCEPTABLE
from fixtures.outcome.outcome import CellResult, RunResult
from fixtures.printable import MOST_LINE, shown_line

ACCEPTED_DAYS = 90
"""For how long the entry holds, from the day of the run."""
MOST_ENTRIES = 5
"""Of a finding whose cells have no signature: it needs an entry for each machine type and subject."""
LINK = "https://… (the bug report)"
OWNER = "… (who follows it up)"
SHARED = ("arch", "machine", "path", "mechanism", "subject")
"""Keys of `match` that are given where all cells have the same value."""


def entry_for(finding: Finding, run: RunResult) -> str:
    """YAML to paste below `known_issues:` or `waivers:`; empty for outcomes that no known issue can accept.

    It matches by signature; if the failure has none, by machine type and subject.
    """
    if finding.outcome not in ACCEPTABLE:
        return ""
    pair = Pair(old=run.old.name, new=run.new.name)
    signatures = _signatures(finding.cells, pair)
    groups = [finding.cells] if signatures else list(_by_machine_and_subject(finding.cells))
    entries = [_entry(cells, signatures, pair, finding, _expiry(run)) for cells in groups[:MOST_ENTRIES]]
    left = len(groups) - MOST_ENTRIES
    return _yaml(entries) + (
        f"  # and {left} more: one entry for each machine type and subject\n" if left > 0 else ""
    )


def _signatures(cells: Sequence[CellResult], pair: Pair) -> list[str]:
    """The signatures of all failed moves from old to new; none if a cell has a failure without one."""
    found: set[str] = set()
    for cell in cells:
        moves = [run for run in cell.runs if (run.source, run.destination) == (pair.old, pair.new)]
        own = {run.signature for run in moves if run.result == "fail"}
        if not own or "" in own:
            return []
        found |= own
    return sorted(found)


def _by_machine_and_subject(cells: Sequence[CellResult]) -> Iterable[Sequence[CellResult]]:
    """Both, because all cells about whole machine types have one subject."""
    for place in dict.fromkeys((cell.machine, cell.subject) for cell in cells):
        yield [cell for cell in cells if (cell.machine, cell.subject) == place]


def _entry(
    cells: Sequence[CellResult], signatures: Sequence[str], pair: Pair, finding: Finding, expires: date
) -> dict[str, Any]:
    match = {"pair": str(pair)}
    for key in SHARED:
        values = {getattr(cell, key) for cell in cells}
        if len(values) == 1:
            match[key] = _as_glob(values.pop())
    if signatures:
        match["signature"] = f"^({'|'.join(map(_as_regex, signatures))})$"
    return {
        "id": _id(finding, cells[0], match),
        "match": match,
        "reason": shown_line(cells[0].reason, MOST_LINE) or str(finding.outcome),
        "link": LINK,
        "expires": expires,
        "owner": OWNER,
    }


def _id(finding: Finding, cell: CellResult, match: dict[str, str]) -> str:
    """Readable, and different for entries that match differently."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{finding.outcome}-{cell.arch}-{cell.subject}".lower()).strip("-")
    return f"{words}-{hashlib.sha256(repr(sorted(match.items())).encode()).hexdigest()[:6]}"


def _as_glob(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _as_regex(text: str) -> str:
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def _expiry(run: RunResult) -> date:
    """This many days after the run, or after today if the run does not say when it started."""
    try:
        day = datetime.fromisoformat(run.started).date()
    except ValueError:
        day = datetime.now(UTC).date()
    return day + timedelta(days=ACCEPTED_DAYS)


def _yaml(entries: list[dict[str, Any]]) -> str:
    yaml = YAML()
    yaml.width = 1 << 16
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(entries, text)
    return text.getvalue()
