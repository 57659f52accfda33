# SPDX-License-Identifier: Apache-2.0
"""The table of seeded defects: kind, defect, check that found it, blame, message."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fixtures.evidence.tcg_boots import known_hang
from fixtures.printable import shown_line
from suites.harness.support.seeded_run import Row, SeededRun
from suites.harness.support.seeds import OR, Seed
from suites.harness.support.tamper.rules import UNTOUCHED

MOST = 150
"""Characters of a message in the table; that of a missed defect is shown whole."""
CHECK = re.compile(r"(before the hot patch, on [\w-]+: )?(?P<name>[a-z][a-z-]+): ")
DOCS_HEAD = "| kind | defect | check | blame | message |\n| --- | --- | --- | --- | --- |"


def row(seed: Seed, run: SeededRun) -> Row:
    """Whether a run found this defect: in its cell, by the check in its first text, with this blame."""
    cell = run.cell(seed.subject) or {"outcome": "", "reason": "", "harm_proof": ""}
    seen = f"{cell['outcome']}: {cell['reason']}" if cell["outcome"] else "no such cell"
    check = check_in(cell["reason"])
    named = checks_of(seed)
    by_this_check = not named or check in named
    harm = str(cell.get("harm") or "none")
    as_harmful = not seed.harm or harm == seed.harm
    said = all(any(each in seen for each in word.split(OR)) for word in seed.words)
    return {
        "kind": seed.kind,
        "seed": seed.name,
        "subject": seed.subject,
        "expected": f"{seed.outcome}, {seed.harm}" if seed.harm else seed.outcome,
        "seen": seen if as_harmful else f"{seen} (harm {harm}: {cell['harm_proof']})",
        "check": check,
        "found": cell["outcome"] == seed.outcome and by_this_check and said and as_harmful,
    }


def false_alarm(seed: Seed, run: SeededRun, right: str) -> str:
    """The reason of the seed's cell if `right`, a build without defects, also failed to move to itself.

    Not if TCG lost an interrupt there, which the suite excuses if it is the only failure of a cell.
    """
    reason = str((run.cell(seed.subject) or {"reason": ""})["reason"])
    failed = f"another defect: {right} → itself fails" in reason and not known_hang(reason)
    return reason if failed and seed.known == UNTOUCHED and not seed.fails_anyway else ""


def seeded_line(row: Row) -> str:
    """A row for the terminal."""
    word = "found " if row["found"] else "MISSED"
    blame, _, message = row["seen"].partition(": ")
    shown = message[:MOST] if row["found"] else f"{message} (expected {row['expected']})"
    return f"{word} {row['kind']} | {row['seed']} | {row['check'] or '-'} | {blame} | {shown_line(shown)}"


def seeded_shares(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """By kind: how many seeds were found, of how many."""
    shares: dict[str, tuple[int, int]] = {}
    for row in rows:
        found, sown = shares.get(row["kind"], (0, 0))
        shares[row["kind"]] = (found + row["found"], sown + 1)
    return shares


def docs_table(seeds: Iterable[Seed]) -> str:
    """The same of what must be reported, as a Markdown table: `make seeded` shows that it is reported."""
    lines = [docs_line(seed) for seed in sorted(seeds, key=lambda seed: (seed.kind, seed.name))]
    return "\n".join([DOCS_HEAD, *lines])


def docs_line(seed: Seed) -> str:
    """A row of that table."""
    check = " or ".join(checks_of(seed)) or "-"
    return f"| {seed.kind} | {seed.name} | {check} | {seed.outcome} | {_message(seed)} |"


def checks_of(seed: Seed) -> list[str]:
    """The checks of which one must find this defect; empty if its first text names none."""
    return [check for word in seed.words[0].split(OR) if (check := check_in(word))]


def check_in(reason: str) -> str:
    """The check that failed, by its name at the beginning of a reason; empty if there is none."""
    found = CHECK.match(reason)
    return found["name"] if found else ""


def _message(seed: Seed) -> str:
    """The texts in the message, as code: Markdown interprets nothing in it but `|`."""
    return f"`{' … '.join(seed.words).replace(OR, ' / ').replace('`', '')}`"
