# SPDX-License-Identifier: Apache-2.0
"""Do the options select the right tests, and are wrong options reported before anything runs?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.expansion import expand
from fixtures.matrix.sweep_plan import plans_of
from fixtures.outcome.history import remember
from fixtures.run import selecting
from fixtures.run.preview import size_text
from fixtures.run.selecting import demand_sweeps
from suites.harness.support.configured import (
    CELLS,
    MATRIX_READ,
    TEST,
    Configure,
    on,
    said_at_the_end,
    selected,
)
from suites.harness.support.report_samples import make_cell, make_run

SWEEP = plans_of(MATRIX_READ, None)[0].id


@pytest.mark.parametrize(
    "planned,text",
    [(expand(MATRIX_READ)[:1], "1 cell, 0 sweeps"), (plans_of(MATRIX_READ, None)[:1], "0 cells, 1 sweep")],
)
def test_size_of_a_small_run_has_no_plural(planned: Any, text: str) -> None:
    """Lose this and a run begins with "1 cells", which looks like a mistake of the count."""
    assert size_text(planned) == text


def test_without_options_all_tests_run(configure: Configure) -> None:
    """Lose this and a plain run leaves tests out."""
    tests = [*on(*CELLS), "suites/harness/test_x.py::test"]
    assert selected(configure(), *tests) == tests


def test_shards_divide_the_selected_tests(configure: Configure) -> None:
    """Lose this and shards of a selection are empty, or overlap."""
    tests = on(*CELLS)
    first, second = (selected(configure(shard=f"{n}/2"), *tests) for n in (1, 2))
    assert len(first) == len(second) == 2
    assert sorted(first + second) == sorted(tests)


def test_wrong_shard_ends_the_run(configure: Configure) -> None:
    """Lose this and a wrong shard number ends in a traceback, or part of the tests never runs."""
    assert "--shard: '3/2' is not one part of several" in said_at_the_end(configure, shard="3/2")


def test_unknown_accelerator_ends_the_run(configure: Configure) -> None:
    """Lose this and a misspelt accelerator is qualified as another one."""
    said = said_at_the_end(configure, accelerator="xen")
    assert "--accelerator: there is no accelerator 'xen'" in said
    assert "choose one of auto, kvm, emulated, tcg" in said


@pytest.mark.parametrize("option,name", [("-m", "markexpr"), ("-k", "keyword")])
def test_expression_that_is_none_ends_the_run(option: str, name: str, configure: Configure) -> None:
    """Lose this and a slip in -m or -k first fetches builds, then ends as a failure of the suite itself."""
    said = said_at_the_end(configure, **{name: "postcopy and"})
    assert said.startswith(f"{option}: 'postcopy and' is no expression: at column 13: expected")


@pytest.mark.parametrize("option", ["shard", "cells"])
def test_empty_option_ends_the_run(option: str, configure: Configure) -> None:
    """Lose this and an unset variable in a CI job runs everything instead of a part."""
    assert f"--{option}" in said_at_the_end(configure, **{option: ""})


def test_subject_without_sweeps_is_an_error(configure: Configure) -> None:
    """Lose this and a rerun with a wrong path ends with `safe` without testing the subject."""
    config = configure(subject="device:e1000")
    demand_sweeps(config, plans_of(MATRIX_READ, None)[:1])
    with pytest.raises(UsageError, match="only sweeps have subjects"):
        demand_sweeps(config, expand(MATRIX_READ)[:1])


LISTS = {
    "id": CELLS[1],
    "test": f"{TEST}[{CELLS[1]}]",
    "as in verdict.json": f"hotpatch/{CELLS[1]}",
    "with remarks": f"# these failed\n\n  {CELLS[1]}  # last night\n",
}


@pytest.mark.parametrize("written", LISTS)
def test_listed_cells_run(written: str, configure: Configure, tmp_path: Path) -> None:
    """Lose this and the failed cells that a report lists cannot be run again together."""
    file = tmp_path / "cells"
    file.write_text(LISTS[written])
    assert selected(configure(cells=str(file)), *on(*CELLS)) == on(CELLS[1])


def test_listed_sweep_runs(configure: Configure, tmp_path: Path) -> None:
    """Lose this and only guests can be listed."""
    (tmp_path / "cells").write_text(f"{SWEEP}\n{CELLS[0]}\n")
    config = configure(cells=str(tmp_path / "cells"))
    assert selected(config, *on(*CELLS, SWEEP), "suites/harness/test_x.py::t") == on(CELLS[0], SWEEP)


WRONG_LISTS = {
    "empty": (b"# none\n\n", "it names no cell"),
    "no text": (b"\xff\xfe\n", "line 1: not UTF-8"),
}


@pytest.mark.parametrize("what", WRONG_LISTS)
def test_wrong_list_is_reported(what: str, configure: Configure, tmp_path: Path) -> None:
    """Lose this and a cell with a misspelt name is silently left out."""
    written, expected = WRONG_LISTS[what]
    file = tmp_path / "cells"
    file.write_bytes(written)
    said = said_at_the_end(configure, cells=str(file))
    assert expected in said
    assert str(file) in said
    assert "what to do" in said


def test_unknown_cell_of_a_list_is_refused(configure: Configure, tmp_path: Path) -> None:
    """Lose this and a cell with a misspelt name is silently left out."""
    file = tmp_path / "cells"
    file.write_text(f"{CELLS[0]}\n\nx86_64-nothing\n")
    items: list[Any] = [SimpleNamespace(nodeid=test) for test in on(*CELLS)]
    with pytest.raises(UsageError, match=f"{file}, line 3: no test has the id 'x86_64-nothing'"):
        selecting.demand_known(configure(cells=str(file)), items)


def test_missing_list_is_reported(configure: Configure, tmp_path: Path) -> None:
    """Lose this and a wrong path ends in a traceback."""
    assert "cannot be read: No such file" in said_at_the_end(configure, cells=str(tmp_path / "none"))


def test_only_new_tests_run(configure: Configure, tmp_path: Path) -> None:
    """Lose this and `--only-new` runs everything again, or leaves out tests that only another pair ran."""
    tests = on(*CELLS)
    remember(make_run(make_cell(1)), tests[:2], tmp_path)
    other = make_run(make_cell(1))
    other.old = replace(other.old, name="debian-11")
    remember(other, tests, tmp_path)
    assert selected(configure(only_new=True), *tests) == tests[2:]
