# SPDX-License-Identifier: Apache-2.0
"""The verdict page: one HTML file without scripts or remote resources, for the person who decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fixtures.outcome import COUNTS_AGAINST, CellResult, Outcome, RunResult
from reports import words
from reports.figures import HEAT_STEPS_MS, by_mechanism, heat_map, heat_step
from reports.files import clean, write_atomically

_TEMPLATES = Path(__file__).parent / "templates"
_QUIET = (Outcome.KNOWN, Outcome.REFUSED, Outcome.UNSUPPORTED)


@dataclass(frozen=True)
class Link:
    """One evidence file; `href` is None where there is nothing to follow."""

    path: str
    text: str
    href: str | None
    note: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether a browser can show it in place."""
        return self.href is not None and self.path.endswith(".svg")


@dataclass(frozen=True)
class CellView:
    """A cell as the page shows it, with the name of its anchor and its links."""

    cell: CellResult
    anchor: str
    evidence: list[Link]
    run_evidence: list[list[Link]]


@dataclass(frozen=True)
class ReasonGroup:
    """Cells that did not move for the same reason, which is then said once."""

    reason: str
    views: list[CellView]


def write_page(run: RunResult, directory: Path) -> Path:
    """Write `directory`/index.html and return its path.

    Links lead to what lies in `directory` at this moment: call it again when Allure's report was made
    later. Raises OSError where the directory cannot be written.
    """
    template = _environment().get_template("page.html.j2")
    return write_atomically(directory / "index.html", template.render(_content(run, directory)))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Exactly str: what is Markup or an enum already is what it has to be.
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    environment.filters |= {"ms": words.ms, "seconds": words.seconds, "ident": id}
    environment.globals |= {
        "symbol": words.SYMBOLS.__getitem__,
        "tone": words.tone,
        "run_tone": words.run_tone,
        "meaning": words.MEANINGS.__getitem__,
        "count": words.count,
        "heat_step": heat_step,
    }
    return environment


def _content(run: RunResult, directory: Path) -> dict[str, Any]:
    views = _views(run, directory)
    columns, rows = heat_map(run.cells)
    return {
        "run": run,
        "why": words.why(run),
        "builds": [("old build, source", run.old), ("new build, destination", run.new)],
        "tallies": [(o, run.counts[o]) for o in Outcome if o in run.counts],
        "sections": _sections(views),
        "quiet": [(o, groups) for o in _QUIET if (groups := _by_reason(views, o))],
        "columns": columns,
        "rows": rows,
        "heat_steps": [words.ms(step) for step in HEAT_STEPS_MS],
        "anchors": {id(view.cell): view.anchor for view in views},
        "figures": by_mechanism(run.cells),
        "views": views,
        "files": _files(directory),
        "has_allure": (directory / "allure/index.html").is_file(),
    }


def _views(run: RunResult, directory: Path) -> list[CellView]:
    taken: set[str] = set()
    views = []
    for cell in words.worst_first(run.cells):
        base = anchor = "cell-" + re.sub(r"[^A-Za-z0-9._-]+", "-", cell.id)
        number = 1
        while anchor in taken:
            number += 1
            anchor = f"{base}.{number}"
        taken.add(anchor)
        runs = [_links(record.evidence, directory) for record in cell.runs]
        views.append(CellView(cell, anchor, _links(cell.evidence, directory), runs))
    return views


def _links(paths: list[str], directory: Path) -> list[Link]:
    """Links that stay inside the report, so that the report can be copied elsewhere as a whole."""
    parents = [PurePosixPath(path).parts[:-1] for path in paths]
    # zip ends with the shortest path; equal folders in front are said once, in the link's title.
    same = (len(set(level)) == 1 for level in zip(*parents, strict=False))
    shared = sum(takewhile(bool, same))
    return [_link(path, "/".join(PurePosixPath(path).parts[shared:]), directory) for path in paths]


def _link(path: str, text: str, directory: Path) -> Link:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        return Link(path, path, None, "outside the report")
    if not (directory / clean(path)).exists():
        return Link(path, text, None, "missing")
    # "./" keeps a colon in the first part from being read as a scheme such as `javascript:`.
    return Link(path, text, "./" + quote(path, errors="replace"))


def _sections(views: list[CellView]) -> list[tuple[str, str, list[CellView]]]:
    """What a person must look at cell by cell: anchor, heading, cells."""
    choices = [
        ("against", "Counts against the update", COUNTS_AGAINST),
        ("errors", "Not judged: the rig or the host failed", {Outcome.ERROR}),
        ("old", "Defects of the old build, reported apart", {Outcome.DEFECT_OLD}),
    ]
    found = [
        (anchor, heading, [view for view in views if view.cell.outcome in outcomes])
        for anchor, heading, outcomes in choices
    ]
    return [section for section in found if section[2]]


def _by_reason(views: list[CellView], outcome: Outcome) -> list[ReasonGroup]:
    groups: dict[str, list[CellView]] = {}
    for view in views:
        if view.cell.outcome is outcome:
            groups.setdefault(view.cell.reason, []).append(view)
    return [ReasonGroup(reason, members) for reason, members in groups.items()]


def _files(directory: Path) -> list[tuple[str, str]]:
    """What else of this run a reader can open: link and what it is."""
    known = [
        ("verdict.json", "the verdict for scripts"),
        ("junit.xml", "the run for CI systems"),
        ("allure-results/", "Allure's raw results"),
    ]
    return [(name, what) for name, what in known if (directory / name).exists()]
