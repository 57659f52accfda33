# SPDX-License-Identifier: Apache-2.0
"""Writes the table of docs/seeded-defects.md: `.venv/bin/python -m suites.harness.support.seeded_page`."""

from __future__ import annotations

from fixtures.places import ROOT
from suites.harness.support.all_seeds import SEEDED
from suites.harness.support.seeded_table import DOCS_HEAD, docs_table

PAGE = ROOT / "docs" / "seeded-defects.md"


def main() -> None:
    """Replace the table, which ends the page."""
    table = docs_table(seed for build in SEEDED for seed in build.seeds)
    PAGE.write_text(f"{PAGE.read_text().partition(DOCS_HEAD)[0]}{table}\n")


if __name__ == "__main__":
    main()
