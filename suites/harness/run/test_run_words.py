# SPDX-License-Identifier: Apache-2.0
"""Do the words of a command line reach workers, reruns and the plan of a run as they were given?"""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.matrix.schema import Pair
from fixtures.outcome.report_dirs import REPORT_DIR
from fixtures.run.options import GIVEN, PAIR, read_given, rerun_command
from fixtures.run.run_plan import new_plan
from fixtures.run.selecting import selection_of
from fixtures.run.wire import send_to_worker
from suites.harness.support.configured import (
    CELLS,
    MATRIX_READ,
    Configure,
    on,
)
from suites.harness.support.local_archive import package
from suites.harness.support.run_samples import NEW, OLD


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
