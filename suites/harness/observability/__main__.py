# SPDX-License-Identifier: Apache-2.0
"""`python -m suites.harness.observability`, or `make observability`: what of a guest's state is checked?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from fixtures.arguments import CommandLine
from fixtures.errors import SuiteError, UsageError
from fixtures.matrix.names import ARCHES, Profile
from fixtures.places import REPORTS
from suites.harness.observability.knowledge import Knowledge
from suites.harness.observability.page import write_page
from suites.harness.observability.results import Result
from suites.harness.observability.run import Order, observe
from suites.harness.observability.tables import terminal_lines

DIRECTORY = REPORTS / "observability"
GUESTS = ("virtio", "devices", "bare")


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    try:
        order, directory, more = _order(arguments)
        file = directory / f"{order.name}.json"
        if more and file.exists():
            order = replace(order, before=Result.read(file))
        result = observe(order, _say)
    except SuiteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    knowledge = Knowledge.read()
    result.write(file)
    page = write_page(result, knowledge, file.with_suffix(".html"))
    for line in terminal_lines(result, knowledge):
        _say(line)
    _say(f"page: {page}")
    return 0


def _order(arguments: Sequence[str]) -> tuple[Order, Path, bool]:
    parser = CommandLine(prog="python -m suites.harness.observability", description=__doc__)
    parser.add_argument("--arch", choices=ARCHES, default=ARCHES[0])
    parser.add_argument("--guest", choices=GUESTS, default=GUESTS[0], help="hardware of the guest")
    parser.add_argument("--profile", choices=get_args(Profile), default="idle")
    parser.add_argument("--old", metavar="BUILD", default="debian-13", help="build that sends")
    parser.add_argument("--new", metavar="BUILD", default="debian-13", help="build that loads")
    parser.add_argument("--minutes", metavar="N", type=float, default=20, help="bound; 0: none")
    parser.add_argument("--seed", metavar="N", type=int, default=datetime.now(UTC).toordinal())
    parser.add_argument("--pages", metavar="N", type=int, default=40, help="pages of RAM to change")
    parser.add_argument("--all", action="store_true", help="every field in every mode, without a bound")
    parser.add_argument("--only", metavar="WORD", default="", help="only sections with this in their name")
    parser.add_argument("--running", action="store_true", help="without the comparison of a stopped guest")
    parser.add_argument("--sample", metavar="NAME", default="", help="the changes that samples/NAME.yaml has")
    parser.add_argument("--live", action="store_true", help="the guest runs until its source has sent all")
    parser.add_argument("--full", action="store_true", help="the guest fills all its free memory")
    parser.add_argument("--more", action="store_true", help="try what the last result lacks, and add it")
    parser.add_argument("--out", metavar="DIRECTORY", type=Path, default=DIRECTORY)
    given = parser.parse_args(arguments)
    if given.minutes < 0 or given.pages < 0:
        raise UsageError("is negative", where="--minutes, --pages", fix="give 0 or more")
    minutes = 0 if given.all else given.minutes
    order = Order(
        given.arch, given.guest, given.profile, given.old, given.new, minutes, given.seed, given.pages,
        given.all, given.only, given.running or given.live, given.sample, live=given.live, full=given.full,
    )  # fmt: skip
    return order, given.out, given.more


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
