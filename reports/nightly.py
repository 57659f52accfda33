# SPDX-License-Identifier: Apache-2.0
"""`python -m reports.nightly`, or `make nightly`: every pair of matrix.yaml, one by one, in one report.

What is given is passed on to pytest, such as `--shard 1/2`. `--resume` goes on where the last night stopped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fixtures.errors import SuiteError, UsageError
from fixtures.journal import PLAN, read_ended, read_plan, unfinished
from fixtures.matrix import Pair, load_matrix
from fixtures.options import MATRIX_FILE
from fixtures.results import combined
from fixtures.rundirs import REPORTS
from reports.__main__ import merge
from reports.files import write_atomically
from reports.table import console_on
from reports.words import count, seconds

SELECTION = ("suites", "-m", "not harness and not slow and not performance")
"""As `make qualify` has it."""
RUNS = REPORTS / "runs"
NIGHT = RUNS / "night.json"
RESUME = "--resume"


@dataclass
class Night:
    """What one night does, written down before each pair begins."""

    arguments: list[str]
    """For pytest, the same for all pairs."""
    began: dict[str, int] = field(default_factory=dict)
    """By pair, the process that first ran it, after which its directory is named."""

    def directory(self, pair: Pair) -> Path | None:
        """Where that pair's run writes; None where it has not come so far."""
        plans = RUNS.glob(f"*-{self.began.get(str(pair), 0)}/{PLAN}")
        return next((plan.parent for plan in plans), None)

    def is_done(self, pair: Pair) -> bool:
        """Have all tests of that pair ended?"""
        directory = self.directory(pair)
        return directory is not None and not unfinished(read_plan(directory), read_ended(directory))

    def begins(self, pair: Pair, process: int) -> None:
        """Write down that this process runs that pair, unless another one began it."""
        if self.directory(pair) is None:
            self.began[str(pair)] = process
            write_atomically(NIGHT, json.dumps(asdict(self)) + "\n")


def main(arguments: Sequence[str]) -> int:
    """Run all pairs, then tell the one verdict. The exit status: 0 safe, 1 unsafe, 2 undecided."""
    console = console_on(sys.stdout)
    try:
        pairs = load_matrix(MATRIX_FILE).pairs
        night = _night(arguments)
        told = [_qualified(night, pair) for pair in pairs]
        runs = [directory for pair in pairs if (directory := night.directory(pair)) is not None]
        for line in told:
            console.print(line, markup=False)
        if not runs:
            raise UsageError("not a single pair could be qualified", where="make nightly", fix="see above")
        status = merge(runs, MATRIX_FILE, console)
    except SuiteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write('\ninterrupted; to go on: make nightly ARGS="--resume"\n')
        return 2
    if len(runs) == len(pairs) or status:
        return status
    console.print("verdict: undecided, for not all pairs ran")
    return 2


def _night(arguments: Sequence[str]) -> Night:
    """A new night, or the last one. Raises :class:`UsageError` if there is none to go on with."""
    given = [word for word in arguments if word != RESUME]
    if RESUME not in arguments:
        return Night([*given, f"--seed={datetime.now(UTC).toordinal()}"])
    try:
        night = Night(**json.loads(NIGHT.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError("no night to resume", where=RESUME, fix="run without it") from error
    if night.arguments[:-1] != given:
        then = " ".join(night.arguments[:-1]) or "nothing"
        raise UsageError("the last night had other options", where=RESUME, fix=f"give it {then} else")
    return night


def _qualified(night: Night, pair: Pair) -> str:
    """Run one pair, or what is left of it; how it went in a line."""
    if night.is_done(pair):
        return f"{pair.old} → {pair.new}: done before"
    again = [RESUME] if night.directory(pair) else []
    options = ["-n", "auto", "--strict-pins", *night.arguments, f"--old={pair.old}", f"--new={pair.new}"]
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "pytest", *SELECTION, *options, *again]) as process:
        night.begins(pair, process.pid)
        status = process.wait()
    directory = night.directory(pair)
    if directory is None:
        return f"{pair.old} → {pair.new}: nothing ran, exit status {status}"
    took = time.monotonic() - began
    cells = len(combined(read_ended(directory)))
    rate = f"{cells / took * 60:.0f} a minute"
    return f"{pair.old} → {pair.new}: {count(cells, 'cell')} in {seconds(took)}, {rate}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
