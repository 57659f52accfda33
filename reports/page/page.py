# SPDX-License-Identifier: Apache-2.0
"""The verdict page: one HTML file without scripts or remote resources."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment

from fixtures.outcome.findings import Finding, findings, not_tried, rollbacks, tried_rollbacks
from fixtures.outcome.outcome import Outcome, RunResult
from reports import words
from reports.changes import NOTHING_BEFORE, Changes
from reports.figures import HEAT_STEPS_MS, by_mechanism, by_suite, heat_map, heat_step, in_map
from reports.files import write_atomically
from reports.memory import memory_costs, memory_in_words
from reports.overview.affected import against, apart
from reports.overview.ship import ship
from reports.overview.untested import untested
from reports.overview.ways import ways
from reports.page.render import environment
from reports.rollback import rollback_words
from reports.swept import in_order, listed, sweep_map, swept
from reports.views import FindingView, Views, anchor_of, briefly, ways_in_words
from reports.why import guests_not_judged, judged_words, remarks, why

_QUIET = (Outcome.KNOWN, Outcome.REFUSED, Outcome.UNSUPPORTED)
FULL_FINDINGS, SHORT_FINDINGS = 40, 200
"""Findings per heading, in full and in one line; verdict.json has them all."""
MANY_ROWS = 60
"""Rows of a table on the first screen; the findings below have more."""
SHOWN_REASONS, LISTED_REASONS = 10, 200
"""Reasons why cells could not be tried: shown directly, and at most listed in a folded part."""


@dataclass(frozen=True)
class Section:
    """Findings under one heading: some in full, more in a line each, and how many there are."""

    anchor: str
    heading: str
    number: int
    """The number of cells."""
    full: list[FindingView]
    short: list[FindingView]
    findings: int


def write_page(run: RunResult, directory: Path, changes: Changes = NOTHING_BEFORE) -> Path:
    """Write `directory`/index.html and return its path.

    Links lead to files that exist in `directory` now: call it again if Allure's report was made
    later. Raises OSError if the directory cannot be written.
    """
    template = _environment().get_template("page.html.j2")
    return write_atomically(
        directory / "index.html", template.render(_content(run, directory) | {"changes": changes})
    )


def _environment() -> Environment:
    made = environment()
    made.filters |= {"ident": id}
    made.globals |= {
        "symbol": words.SYMBOLS.__getitem__,
        "tone": words.tone,
        "run_tone": words.run_tone,
        "meaning": words.MEANINGS.__getitem__,
        "meaning_of": words.meaning_of,
        "harm_tone": words.harm_tone,
        "harm_meaning": words.HARM_MEANINGS.__getitem__,
        "harm_meaning_of": words.harm_meaning_of,
        "ways": ways_in_words,
        "anchor_of": anchor_of,
        "many": MANY_ROWS,
        "heat_step": heat_step,
        "in_order": in_order,
        "briefly": briefly,
        "accelerators_of": words.accelerators_of,
    }
    return made


def _content(run: RunResult, directory: Path) -> dict[str, Any]:
    views = Views(run, directory)
    columns, rows = heat_map(filter(in_map, listed(run.cells)))
    paths = Counter(path for path, _ in columns)
    kinds, swept_rows = sweep_map(swept(run.cells))
    return {
        "run": run,
        **_overview(run),
        "why": why(run),
        "judged": judged_words(run),
        "remarks": remarks(run),
        "unjudged": guests_not_judged(run),
        "builds": [("old build, source", run.old), ("new build, destination", run.new)],
        "tallies": [(o, run.counts[o]) for o in Outcome if o in run.counts],
        "sections": _sections(run, views),
        "back_words": rollback_words(run),
        "back": _rollback(run, views),
        "quiet": [(o, groups) for o in _QUIET if (groups := _by_reason(run, views, o))],
        "shown_reasons": SHOWN_REASONS,
        "listed_reasons": LISTED_REASONS,
        "columns": columns,
        "paths": list(paths.items()),
        "singles": by_suite(cell for cell in listed(run.cells) if not in_map(cell)),
        "rows": rows,
        "kinds": kinds,
        "swept_rows": swept_rows,
        "heat_steps": [words.ms(step) for step in HEAT_STEPS_MS],
        "anchors": views.anchors,
        "figures": by_mechanism(run.cells),
        "views": views.rows,
        "files": _files(directory),
        "has_allure": (directory / "allure/index.html").is_file(),
    }


def _overview(run: RunResult) -> dict[str, Any]:
    """The first screen: may we ship, who is affected, what was not tested."""
    counting, others = against(run), apart(run)
    return {
        "ship": ship(run, counting, others),
        "counting": counting,
        "others": others,
        "untested": untested(run),
        "mechanisms": ways(run.cells),
        "memory_costs": memory_costs(run.cells),
        "memory_words": list(memory_in_words(memory_costs(run.cells))),
    }


def _sections(run: RunResult, views: Views) -> list[Section]:
    """The findings that need attention, by heading."""
    found = findings(run.cells)
    choices = [
        ("against", "Counts against the update", [each for each in found if each.counts]),
        (
            "errors",
            "Not judged: the suite or the host failed",
            [each for each in found if each.outcome is Outcome.ERROR],
        ),
        (
            "apart",
            f"Does not count by the policy {run.policy}",
            [each for each in found if each.excused],
        ),
        (
            "old",
            "Defects of the old build, reported separately",
            [each for each in found if each.outcome is Outcome.DEFECT_OLD],
        ),
    ]
    sections = [_section(anchor, heading, chosen, views) for anchor, heading, chosen in choices]
    return [section for section in sections if section.number]


def _section(anchor: str, heading: str, found: list[Finding], views: Views) -> Section:
    return Section(
        anchor,
        heading,
        sum(len(each.cells) for each in found),
        [views.finding(each) for each in found[:FULL_FINDINGS]],
        [views.finding(each) for each in found[FULL_FINDINGS:][:SHORT_FINDINGS]],
        len(found),
    )


def _rollback(run: RunResult, views: Views) -> tuple[int, Section] | None:
    """The number of cells that were moved back, and the findings of those that failed; None if none was."""
    tried = tried_rollbacks(run)
    return (len(tried), _section("back", "Rollback", rollbacks(run), views)) if tried else None


def _by_reason(run: RunResult, views: Views, outcome: Outcome) -> list[FindingView]:
    known = [each for each in findings(run.cells) if each.outcome is outcome]
    return [views.finding(each) for each in known or not_tried(run.cells, outcome)]


def _files(directory: Path) -> list[tuple[str, str]]:
    """Other files of this run: link and description."""
    known = [
        ("verdict.json", "the verdict for scripts"),
        ("junit.xml", "the run for CI systems"),
        ("allure-results/", "Allure's raw results"),
    ]
    return [(name, what) for name, what in known if (directory / name).exists()]
