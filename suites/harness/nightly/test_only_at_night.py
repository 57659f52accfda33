# SPDX-License-Identifier: Apache-2.0
"""What only a night asks, as docs/nightly.md lists it, and what in the default run asks nearly the same."""

from __future__ import annotations

import re

from fixtures.matrix.cells import Cell
from fixtures.matrix.expansion import promised_cells
from fixtures.matrix.field_cells import field_cells, moved_back_field_cells
from fixtures.places import ROOT
from suites.harness.support.scripted_attempts import SHIPPED
from suites.harness.support.shipped_promises import shipped_promises

HEADING = "## What only a night asks"


def rows() -> list[tuple[set[str], set[str]]]:
    """Of each row of the table, the names in its first and in its last column."""
    section = (ROOT / "docs/nightly.md").read_text().split(HEADING)[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [(names(line[0]), names(line[-1])) for line in lines]


def names(column: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]+)`", column))


def named(cells: list[Cell]) -> set[str]:
    """By aspect; field guests by their own name."""
    return {cell.hardware if cell.is_field_guest else cell.aspect for cell in cells}


def all_cells() -> list[Cell]:
    """Of booted guests, with what they are promised."""
    of_field_guests = [*field_cells(SHIPPED), *moved_back_field_cells(SHIPPED)]
    return [*promised_cells(SHIPPED, shipped_promises()), *of_field_guests]


def test_documentation_lists_what_only_a_night_asks() -> None:
    """Lose this and somebody relies on a default run for a question that it no longer asks."""
    cells = all_cells()
    listed = set().union(*(only_at_night for only_at_night, _ in rows()))
    assert listed == named([cell for cell in cells if cell.nightly])


def test_default_run_asks_nearly_the_same() -> None:
    """Lose this and the last cell of its kind leaves the default run."""
    cells = all_cells()
    asked = named([cell for cell in cells if cell.covering])
    for only_at_night, instead in rows():
        assert instead, only_at_night
        assert instead <= asked


def test_cell_of_a_night_is_not_in_the_default_run() -> None:
    """Lose this and a run takes the cells of a night, or a night has too few."""
    cells = all_cells()
    assert all({"slow", "nightly"} <= set(cell.marks) for cell in cells if cell.nightly)
    assert not any(cell.covering for cell in cells if cell.nightly)
