# SPDX-License-Identifier: Apache-2.0
"""Do the options select the right tests, and are wrong options reported before anything runs?"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.expansion import expand
from fixtures.matrix.schema import Pair, load_matrix
from fixtures.matrix.sweep_plan import plans_of
from fixtures.outcome.history import remember
from fixtures.outcome.journal import TESTS, RunPlan, append, read_ended
from fixtures.outcome.outcome import BuildInfo
from fixtures.outcome.report_dirs import REPORT_DIR, report_dir
from fixtures.places import MATRIX_FILE
from fixtures.run import hooks, resuming, selecting
from fixtures.run.options import GIVEN, PAIR, read_given, rerun_command
from fixtures.run.preview import size_text
from fixtures.run.resuming import demand_the_same
from fixtures.run.run_plan import new_plan
from fixtures.run.selecting import demand_sweeps, selection_of, suite_digest
from fixtures.run.wire import send_to_worker
from suites.harness.support.local_archive import package
from suites.harness.support.report_samples import make_cell, make_run
from suites.harness.support.run_samples import NEW, OLD, leave_run, make_ended, make_plan

MATRIX_READ = load_matrix(MATRIX_FILE)
CELLS = [cell.id for cell in expand(MATRIX_READ)[:4]]
SWEEP = plans_of(MATRIX_READ, None)[0].id
TEST = "suites/hotpatch/test_qmp.py::test_survives"
Configure = Callable[..., Any]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Reads options as pytest does, with reports in a temporary directory."""
    for module in (selecting, resuming):
        monkeypatch.setattr(module, "REPORTS", tmp_path)

    def made(**given: object) -> Any:
        options = dict.fromkeys(("shard", "cells", "arch", "only_new", "resume", "short", "plan"))
        options |= dict.fromkeys(("support", "waivers", "base"))
        options |= {"matrix": str(MATRIX_FILE), "old": "debian-12", "new": "debian-13", "collect_only": True}
        options |= dict.fromkeys(("allure_report_dir", "xmlpath", *selecting.SELECTING))
        options |= {"seed": "7", "repeat": "1", "accelerator": "auto"} | given
        options |= {"_m": options["markexpr"] or "", "_k": options["keyword"] or ""}
        config: Any = SimpleNamespace(
            stash=pytest.Stash(),
            option=SimpleNamespace(**options),
            args=["suites"],
            hook=SimpleNamespace(pytest_deselected=lambda **_: None),
            invocation_params=SimpleNamespace(args=("suites",)),
            getoption=lambda name: options[name.removeprefix("--").replace("-", "_")],
            getini=lambda _name: ["postcopy"],
            addinivalue_line=lambda *_line: None,
        )
        hooks.pytest_configure(config)
        return config

    return made


@pytest.mark.parametrize(
    "planned,text",
    [(expand(MATRIX_READ)[:1], "1 cell, 0 sweeps"), (plans_of(MATRIX_READ, None)[:1], "0 cells, 1 sweep")],
)
def test_size_of_a_small_run_has_no_plural(planned: Any, text: str) -> None:
    """Lose this and a run begins with "1 cells", which looks like a mistake of the count."""
    assert size_text(planned) == text


def selected(config: Any, *tests: str) -> list[str]:
    """Those of these tests that the options select."""
    items: list[Any] = [SimpleNamespace(nodeid=test) for test in tests]
    selecting.select(config, items)
    return [item.nodeid for item in items]


def on(*names: str) -> list[str]:
    """The ids of one test for each of these cells."""
    return [f"{TEST}[{name}]" for name in names]


def said_at_the_end(configure: Configure, **given: object) -> str:
    """The message with which pytest ends; its exit status must be 2."""
    with pytest.raises(pytest.UsageError) as raised:
        configure(**given)
    return str(raised.value)


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


def interrupted(configure: Configure, tmp_path: Path, name: str = "1", **more: Any) -> Path:
    """A run of four tests that was interrupted after one of them."""
    config = configure()
    plan = make_plan(
        on(*CELLS),
        matrix=MATRIX_READ.digest,
        suite=suite_digest(),
        selection=selection_of(config) | {"seed": "6"},
    )
    done = make_ended(make_cell(1, nodeid=on(*CELLS)[0]))
    return leave_run(tmp_path / "runs" / name, replace(plan, **more), [done])


def test_interrupted_run_is_resumed(configure: Configure, tmp_path: Path) -> None:
    """Lose this and a host that crashed must repeat all its tests."""
    run = interrupted(configure, tmp_path)
    with (run / TESTS).open("a") as stream:
        stream.write('{"nodeid": "cut')
    config = configure(resume=True)
    assert report_dir(config) == run
    assert config.option.seed == "6"
    assert selected(config, *on(*CELLS)) == on(*CELLS[1:])
    append(make_ended(make_cell(2)), run)
    assert len(read_ended(run)) == 2


def test_newest_interrupted_run_is_taken(configure: Configure, tmp_path: Path) -> None:
    """Lose this and `--resume` takes an old run, or a complete one."""
    interrupted(configure, tmp_path, "1")
    newer = interrupted(configure, tmp_path, "2")
    interrupted(configure, tmp_path, "3", tests=(on(*CELLS)[0],))
    assert report_dir(configure(resume=True)) == newer


FOREIGN: dict[str, dict[str, Any]] = {
    "pair": {"old": BuildInfo("debian-11")},
    "shard": {"shard": "1/2"},
    "selection": {"selection": {"markexpr": "postcopy"}},
    "complete": {"tests": (on(*CELLS)[0],)},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_run_of_other_tests_is_not_resumed(what: str, configure: Configure, tmp_path: Path) -> None:
    """Lose this and the results of two different runs are reported as one."""
    interrupted(configure, tmp_path, **FOREIGN[what])
    said = said_at_the_end(configure, resume=True)
    assert "--resume: no interrupted run of these tests for debian-12 → debian-13" in said


@pytest.mark.parametrize(
    "field,expected",
    [("matrix", "matrix.yaml changed"), ("suite", "the suite itself changed")],
)
def test_run_of_a_changed_suite_is_not_resumed(
    field: str, expected: str, configure: Configure, tmp_path: Path
) -> None:
    """Lose this and one verdict mixes results of two versions of the checks."""
    interrupted(configure, tmp_path, **{field: "another"})
    assert expected in said_at_the_end(configure, resume=True)


@pytest.mark.parametrize(
    "left,infos,expected",
    [
        (["a", "c"], (OLD, NEW), "other tests were added"),
        (["a"], (OLD, replace(NEW, digest="0ther")), "build debian-13 changed: it was 1:10.0.13"),
    ],
    ids=["tests", "builds"],
)
def test_resumed_run_must_have_the_same_tests_and_builds(
    left: Sequence[str], infos: tuple[BuildInfo, BuildInfo], expected: str
) -> None:
    """Lose this and half of a verdict is about a build that changed in between."""
    plan: RunPlan = make_plan(["a", "b"])
    demand_the_same(plan, ["a"], (OLD, NEW))
    with pytest.raises(UsageError, match=expected):
        demand_the_same(plan, left, infos)


def test_selection_is_recorded_the_same_on_every_host(configure: Configure, tmp_path: Path) -> None:
    """Lose this and shards of two hosts cannot be merged if their lists of cells have different paths."""
    for name, lines in (("a", CELLS[:2]), ("b", CELLS[1::-1])):
        (tmp_path / name).write_text("\n".join(lines))
    one, other = (selection_of(configure(cells=str(tmp_path / name))) for name in "ab")
    assert one == other != selection_of(configure())
    assert selection_of(configure(markexpr="postcopy")) != selection_of(configure())


def test_word_of_the_command_line_survives(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a failure of an upload is run again with another build, or a worker has another one."""
    package(tmp_path / "in coming", "qemu-system-x86", "1:10.0-2")
    word = str(tmp_path / "in coming")
    monkeypatch.setenv("HOTPATCH_CACHE", str(tmp_path / "cache"))
    config = configure(new=word, base="debian-13")
    config.stash[REPORT_DIR] = tmp_path
    (given,) = config.stash[GIVEN]
    assert config.stash[PAIR] == Pair(old="debian-12", new=given.name)
    again = shlex.split(rerun_command(config, "suites/a.py::b"))
    assert again[2:] == ["--old=debian-12", f"--new={word}", "--base=debian-13"]
    node = SimpleNamespace(workerinput={})
    send_to_worker(config, node)
    package(tmp_path / "in coming", "qemu-system-x86", "1:10.0-3")
    worker: Any = SimpleNamespace(stash=pytest.Stash(), workerinput=node.workerinput)
    assert read_given(worker, MATRIX_READ).build(given.name) == given.build


def test_chain_of_the_command_line_survives(configure: Configure, tmp_path: Path) -> None:
    """Lose this and a failed chain is run again through other builds, or through none."""
    config = configure(through=["debian-12", "debian-12-backports"])
    config.stash[REPORT_DIR] = tmp_path
    assert config.stash[PAIR].through == ("debian-12", "debian-12-backports")
    again = shlex.split(rerun_command(config, "suites/a.py::b"))
    assert again[2:] == [
        "--old=debian-12",
        "--new=debian-13",
        "--through=debian-12",
        "--through=debian-12-backports",
    ]
    assert selection_of(config) != selection_of(configure())


def test_chain_of_the_matrix_is_that_of_its_pair(configure: Configure) -> None:
    """Lose this and a night tests no chain, or a pair has the chain of another one."""
    assert configure().stash[PAIR].through == ("debian-12-backports",)
    assert configure(old="debian-13", new="debian-12").stash[PAIR].through == ()


@pytest.mark.parametrize(
    "words, message",
    [
        ([""], "--through: is empty"),
        (["debian-12", "no such"], r"--through \(number 2\): .*unknown build 'no such'"),
    ],
)
def test_wrong_build_of_a_chain_is_refused(configure: Configure, words: list[str], message: str) -> None:
    """Lose this and a typing error ends in a traceback, or in a chain that is not tested."""
    with pytest.raises(pytest.UsageError, match=message):
        configure(through=words)


def test_selection_needs_no_pytest_cache(configure: Configure) -> None:
    """Lose this and no run starts with `-p no:cacheprovider`, which removes pytest's `--lf` and `--ff`."""
    config = configure()
    del config.option.lf
    assert not selection_of(config)["lf"]


def test_plan_names_the_file_of_waivers(configure: Configure, tmp_path: Path) -> None:
    """Lose this and nobody knows which waivers a run had, or a plan has a path of the machine."""
    file = tmp_path / "release.yaml"
    file.write_text("waivers: []\n")
    plans = [new_plan(configure(waivers=given), on(*CELLS), (OLD, NEW), "now") for given in (str(file), None)]
    assert [plan.waivers for plan in plans] == ["release.yaml", ""]
    assert plans[0].tests == tuple(on(*CELLS))
