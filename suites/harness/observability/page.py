# SPDX-License-Identifier: Apache-2.0
"""The results as a page."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from jinja2 import ChoiceLoader, FileSystemLoader

from reports.files import write_atomically
from reports.page.render import environment
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.results import GOAL, Result, Row


def write_page(result: Result, knowledge: Knowledge, path: Path) -> Path:
    """Write the page to `path`, and return it. Raises OSError if it cannot be written."""
    made = environment()
    assert made.loader is not None
    made.loader = ChoiceLoader([FileSystemLoader(Path(__file__).parent), made.loader])
    made.filters["percent"] = lambda share: f"{share:.0%}"
    unnoticed: dict[str, list[tuple[Row, str]]] = defaultdict(list)
    seen: dict[str, list[Row]] = defaultdict(list)
    for row in result.rows:
        if row.seen:
            seen[row.section].append(row)
        else:
            unnoticed[row.section].append((row, result.reason(row, knowledge)))
    content = {
        "guest": f"{result.arch}, {result.guest}, {result.profile}",
        "result": result,
        "goal": GOAL,
        "classes": result.summary(knowledge),
        "sections": result.by_section(),
        "checks": result.checks(),
        "unnoticed": sorted(unnoticed.items()),
        "seen": sorted(seen.items()),
    }
    return write_atomically(path, made.get_template("observability.html.j2").render(content))
