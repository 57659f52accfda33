# SPDX-License-Identifier: Apache-2.0
"""`python -m reports DIRECTORY…`, or `make report FROM="…"`: one report from the runs of several machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from fixtures.arguments import CommandLine
from fixtures.errors import SuiteError, UsageError
from fixtures.matrix.schema import Matrix, load_matrix
from fixtures.matrix.waivers import configured
from fixtures.outcome.outcome import Verdict
from fixtures.outcome.report_dirs import RERUNS, hold_all, new_report_dir, point_latest_at, shown_place
from fixtures.places import MATRIX_FILE, REPORTS
from reports.finish import finish
from reports.merge import Pairing, Part, by_pair, merged, parts_in, shortcomings
from reports.page.grid import PairReport, verdict_of_all, write_grid
from reports.terminal.lines import console_on
from reports.terminal.table import print_table


def main() -> int:
    """Merge the runs that the command line names."""
    parser = CommandLine(prog="python -m reports", description=__doc__)
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="DIRECTORY",
        help="directory of a run, or one that contains runs",
    )
    parser.add_argument("--matrix", type=Path, default=MATRIX_FILE, help="the matrix that the runs used")
    parser.add_argument(
        "--support",
        metavar="NAME|FILE",
        help="judge by this policy, a shipped one or a file (default: the matrix file's)",
    )
    parser.add_argument("--waivers", type=Path, metavar="FILE", help="judge with these waivers")
    given = parser.parse_args()
    console = console_on(sys.stdout)
    return merge(given.runs, given.matrix, console, support=given.support, waivers=given.waivers)


def merge(
    runs: Iterable[Path],
    matrix_file: Path,
    console: Console,
    *,
    support: str | None = None,
    waivers: Path | None = None,
) -> int:
    """Merge, print the verdict, and return the exit status: 0 safe, 1 unsafe, 2 undecided or wrong use."""
    try:
        matrix = configured(load_matrix(matrix_file), support, waivers)
        pairs = by_pair(parts_in(runs))
        _demand_this_matrix(matrix, matrix_file, pairs)
        return _merge(pairs, matrix, console).exit_status
    except SuiteError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"the merged report cannot be written: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the merged report is not complete\n")
    return 2


def _demand_this_matrix(matrix: Matrix, file: Path, pairs: dict[Pairing, list[Part]]) -> None:
    """Raises :class:`UsageError` for another matrix: with it, known issues would be reported as stale."""
    part = next(iter(pairs.values()))[0]
    if part.plan.matrix != matrix.digest:
        raise UsageError(
            "the runs qualified another matrix.yaml", where=str(file), fix="give theirs with --matrix FILE"
        )


def _merge(pairs: dict[Pairing, list[Part]], matrix: Matrix, console: Console) -> Verdict:
    """Merge reruns into a new rerun, so that `reports/latest` is still the run under triage."""
    runs = [part.directory for parts in pairs.values() for part in parts]
    held = hold_all(runs)
    directory = new_report_dir(rerun=all(run.parent.name == RERUNS for run in runs))
    reports = [_pair(parts, matrix, directory, console, alone=len(pairs) == 1) for parts in pairs.values()]
    verdict = verdict_of_all(reports)
    if len(reports) > 1:
        write_grid(reports, directory)
        for report in reports:
            console.print(
                f"{report.run.old.name} → {report.run.new.name}: {report.run.verdict}", markup=False
            )
        console.print(f"report: {shown_place(directory)}/index.html", markup=False, soft_wrap=True)
        console.print(f"verdict: {verdict}")
    point_latest_at(directory)
    for lock in held:
        lock.release()
    return verdict


def _pair(parts: list[Part], matrix: Matrix, directory: Path, console: Console, *, alone: bool) -> PairReport:
    plan = parts[0].plan
    folder = "." if alone else f"{plan.old.name}..{plan.new.name}"
    place = directory / folder
    run = merged(parts, matrix.known_issues, place, matrix.support)
    tests = [test.nodeid for part in parts for test in part.ended]
    changes, remarks = finish(run, tests, place, REPORTS, whole=not shortcomings(parts))
    for remark in remarks:
        console.print(remark, markup=False)
    print_table(run, console, shown_place(directory) / folder, changes)
    return PairReport(run, changes, folder)


if __name__ == "__main__":
    sys.exit(main())
