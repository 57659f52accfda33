# SPDX-License-Identifier: Apache-2.0
"""Do the terminal and the picture of a hot patch show what happened?"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from fixtures.matrix.names import ON_EMULATED_HOST
from fixtures.outcome.outcome import Outcome, RunResult
from reports.terminal.lines import console_on
from reports.terminal.progress import Progress
from reports.terminal.table import print_table
from suites.harness.support.report_samples import (
    CPU_FAILS,
    make_cell,
    make_run,
    make_sweep,
    make_swept,
    stuck,
)


def table_lines(run: RunResult, **console: Any) -> list[str]:
    """The lines of the table; not printed to a terminal unless `console` says so."""
    file = io.StringIO()
    print_table(run, Console(file=file, **({"width": 100} | console)))
    return file.getvalue().splitlines()


def test_table_ends_with_the_verdict() -> None:
    """Lose this and the last line of `make qualify`, which scripts read, is not the verdict."""
    for outcome in (Outcome.PASS, Outcome.REGRESSION, Outcome.ERROR):
        run = make_run(make_cell(1, outcome))
        assert table_lines(run)[-1] == f"verdict: {run.verdict}"
    assert table_lines(make_run())[-1] == "verdict: undecided"


def test_table_shows_failures_first_and_never_breaks_a_command() -> None:
    """Lose this and the command to rerun a cell cannot be copied from the terminal."""
    cell = make_cell(1, Outcome.REGRESSION, reason="no beat " * 100 + "[bold]x[/bold] \x1b[2J")
    lines = table_lines(make_run(make_cell(2), cell))
    assert lines.index(f"✖ regression: {cell.id}") < lines.index(f"    rerun: {cell.rerun}")
    assert all(len(line) <= 100 for line in lines if "rerun:" not in line)
    assert not any("\x1b" in line for line in lines)
    assert any("✖ 1 regression  ✔ 1 pass" in line for line in lines)


def test_table_shows_a_finding_once_with_one_command() -> None:
    """Lose this and the terminal shows one defect two hundred and sixty times."""
    failed = [make_swept(f"pseries-3.{n}", "machine", Outcome.REGRESSION, CPU_FAILS) for n in range(26)]
    text = "\n".join(table_lines(make_run(*failed)))
    assert "✖ regression: 26 cells: pseries-3.0/machine, " in text
    assert "and 18 more" in text
    assert text.count("device 'cpu'") == text.count("rerun: ") == 1


def test_table_shows_findings_that_read_alike_in_one_place() -> None:
    """Lose this and the terminal says the same of thirteen devices thirteen times."""
    words = "error while loading state for instance 0x0 of device '{}'; both controls pass"
    failed = [
        make_swept("pc-q35-7.2", f"device:d-{name}", Outcome.REGRESSION, words.format(name))
        for name in "abcd"
    ]
    text = "\n".join(table_lines(make_run(*failed)))
    assert text.count("what to do: ") == 1
    assert text.count("message: ") == text.count("rerun: ") == 2
    assert "and 2 more findings like this: see the report" in text


def test_table_names_a_device_once_for_all_machine_types() -> None:
    """Lose this and the list shows eight machine types instead of the one device that fails on all."""
    failed = [make_swept(f"pc-q35-7.{n}", "device:e1000", Outcome.REGRESSION, "bad") for n in range(9)]
    assert "✖ regression: 9 cells: device:e1000 on 9 machine types" in table_lines(make_run(*failed))


def test_table_says_of_a_finding_that_it_is_under_kvm() -> None:
    """Lose this and one machine type under two accelerators is counted as two."""
    cells = [
        make_swept("pc-q35-7.2", "device:e1000", Outcome.REGRESSION, "bad", accelerator=accelerator)
        for accelerator in ("tcg", ON_EMULATED_HOST)
    ]
    lines = table_lines(make_run(*cells))
    assert any("pc-q35-7.2/device:e1000, pc-q35-7.2/device:e1000 under KVM" in line for line in lines)


def test_table_shows_the_rollback_separately() -> None:
    """Lose this and the report does not show that an update cannot be rolled back."""
    cells = [stuck(make_swept("pc-q35-7.2", f"device:{name}"), "bad section") for name in ("e1000", "ne2k")]
    lines = table_lines(make_run(*cells, make_swept("pc-q35-7.2", "machine")))
    place = next(n for n, line in enumerate(lines) if line.startswith("back to the old build: not for "))
    assert "2 cells: pc-q35-7.2/device:e1000" in lines[place + 2]
    assert lines[place + 3] == "    bad section"
    assert lines[-1] == "verdict: safe"


def test_table_names_the_accelerator_of_each_sweep() -> None:
    """Lose this and a pass under TCG hides a failure under KVM in one line of totals."""
    under_kvm = make_swept("pc-q35-7.2", "machine", accelerator=ON_EMULATED_HOST)
    lines = table_lines(make_run(make_swept("pc-q35-7.2", "machine"), under_kvm))
    assert any("kvm on an emulated host" in line and "1 machine type" in line for line in lines)
    assert any("tcg" in line and "1 machine type" in line for line in lines)


@pytest.mark.parametrize("number", [600, 10_000])
def test_table_of_a_sweep_can_be_read(number: int) -> None:
    """Lose this and the verdict of a sweep scrolls out of the terminal."""
    lines = table_lines(make_run(make_cell(1), *make_sweep(number)))
    assert len(lines) < 200
    assert all(len(line) <= 100 for line in lines if "rerun:" not in line)


def test_table_of_a_thousand_causes_says_what_it_leaves_out() -> None:
    """Lose this and a very bad update scrolls out of the terminal, or seems to have a dozen defects."""
    reason = "no {}; both controls pass"
    cells = [
        make_swept("pc-q35-7.2", f"device:{n}", Outcome.REGRESSION, reason.format(chr(0x4E00 + n)))
        for n in range(1000)
    ]
    lines = table_lines(make_run(*cells))
    assert len(lines) < 200
    assert "and 978 more findings: see the report" in lines


def test_table_prints_to_a_terminal_that_knows_only_ascii() -> None:
    """Lose this and a CI host with an old locale ends in a UnicodeEncodeError instead of a verdict."""
    stream = io.BytesIO()
    file = io.TextIOWrapper(stream, encoding="ascii")
    print_table(make_run(make_cell(1, Outcome.REGRESSION, reason="old→new")), Console(file=file, width=80))
    file.flush()
    assert stream.getvalue().decode("ascii").splitlines()[-1] == "verdict: unsafe"


def test_terminal_shows_words_between_colons_as_they_are() -> None:
    """Lose this and `--subject=device:eyes:` prints a picture, and the command cannot be copied."""
    file = io.StringIO()
    console_on(file).print("device:eyes:", markup=False)
    assert file.getvalue() == "device:eyes:\n"


def test_progress_is_plain_lines_without_a_terminal() -> None:
    """Lose this and a CI log is full of redrawn bars, or says nothing for minutes."""
    file = io.StringIO()
    progress = Progress(Console(file=file, width=40))
    progress.start(24)
    progress.test_started("x86_64-a-rather-long-name-of-a-cell-[x]", "gw0")
    progress.test_finished("x86_64-a-rather-long-name-of-a-cell-[x]", {"a": Outcome.PASS}, 12.2)
    progress.stop()
    assert file.getvalue() == "[ 1/24]  12s  pass        x86_64-a-rather-long-name-of-a-cell-[x]\n"


@pytest.mark.parametrize("width", [12, 40, 120])
def test_progress_shows_what_runs_now_on_any_terminal(width: int) -> None:
    """Lose this and a cell that hangs looks like a slow one, or a small window breaks the run."""
    now = 0.0
    file = io.StringIO()
    console = Console(file=file, width=width, height=20, force_terminal=True)
    progress = Progress(console, clock=lambda: now)
    progress.start(3)
    progress.test_started("first", "gw0")
    progress.test_finished("first", {"a": Outcome.REGRESSION}, 3.0)
    progress.test_started("lost-with-its-worker", "gw1")
    progress.test_started("second", "gw1")
    now = 75.0
    # On a console of its own: the live display redraws on the other from a thread.
    apart = Console(file=io.StringIO(), width=width, height=20, force_terminal=True)
    with apart.capture() as capture:
        apart.print(progress.render())
    progress.stop()
    progress.stop()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capture.get())
    assert "sec" in shown
    assert "75s" in shown
    assert "lost" not in shown
    assert all(len(line) <= width for line in shown.splitlines())


def test_progress_counts_a_cell_of_two_sweeps_once() -> None:
    """Lose this and a run ends with more passes than its report has."""
    progress = Progress(Console(file=io.StringIO()))
    progress.start(2)
    progress.test_finished("one", {"a": Outcome.PASS, "b": Outcome.PASS}, 3.0)
    progress.test_finished("two", {"b": Outcome.PASS, "c": Outcome.REGRESSION}, 3.0)
    apart = Console(file=io.StringIO(), width=80)
    with apart.capture() as capture:
        apart.print(progress.render())
    assert "1 regression" in capture.get()
    assert "2 pass" in capture.get()


def test_run_of_unknown_length_has_none() -> None:
    """Lose this and the report of a run that was killed says that it took 0.0 s."""
    assert "took" not in "\n".join(table_lines(replace(make_run(make_cell()), seconds=0.0)))
