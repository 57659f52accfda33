# SPDX-License-Identifier: Apache-2.0
"""The cells that a column `cells` of a table in the documentation names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

from fixtures.matrix.endpoints import ENDPOINTS, subject_of
from fixtures.matrix.firmwares import FIRMWARES
from fixtures.update.guests import GUESTS
from suites.harness.support.build_names import build_names
from suites.harness.support.docs_pages import Page
from suites.harness.support.docs_selections import collected

COLUMN = "cells"
CHECK = re.compile(r": checks? .*")
"""What a check of the cells is called follows them, and is no cell."""
MODELS = {"device": ("device", "sees"), "cpu": ("cpu", "cpu-features", "cpuid")}
"""By what builds list: the kinds of subjects that are about it."""


def wrong_cells(page: Page) -> Iterator[str]:
    """Cells in a column `cells` that no test has. `*` stands for anything."""
    for name in named_cells(page):
        known = subjects() if ":" in name else endings()
        pattern = name if ":" in name else f"*-{name}"
        if not any(fnmatchcase(each, pattern) for each in known):
            yield f"no cell {name}"


def named_cells(page: Page) -> Iterator[str]:
    """What the cells of these columns have between backticks."""
    column: int | None = None
    for line in page.prose.splitlines():
        if not line.startswith("|"):
            column = None
            continue
        parts = [part.strip() for part in line.strip("|").split("|")]
        if column is None:
            column = parts.index(COLUMN) if COLUMN in parts else -1
        elif 0 <= column < len(parts):
            chosen = "".join(CHECK.sub("", piece) + ";" for piece in parts[column].split(";"))
            yield from re.findall(r"`([\w*:.-]+)`", chosen)


@cache
def endings() -> frozenset[str]:
    """What is between the brackets of each test's id; tests of the suite itself have no cells."""
    ids = (test.nodeid for test in collected() if not test.nodeid.startswith("suites/harness/"))
    return frozenset(f"-{found[1]}" for each in ids if (found := re.search(r"\[(.+)\]$", each)))


@cache
def subjects() -> frozenset[str]:
    """The subjects of sweeps, as `kind:name`; of devices and CPU models those that builds have listed."""
    names = {f"firmware:{firmware.name}" for firmware in FIRMWARES}
    names |= {f"endpoint:{subject_of(each, way)}" for each in ENDPOINTS for way in ("same", "own")}
    names |= {f"update:{step}-{guest.name}" for guest in GUESTS for step in guest.steps}
    for listed in build_names().values():
        names |= {f"{kind}:{name}" for by, kinds in MODELS.items() for kind in kinds for name in listed[by]}
    return frozenset(names)
