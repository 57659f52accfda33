# SPDX-License-Identifier: Apache-2.0
"""The files of the engines run every shard of every pair in matrix.yaml once, within each engine's limits."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from fixtures.errors import UsageError
from fixtures.hosts.userfaultfd import missing
from fixtures.matrix.schema import Matrix, Pair, load_matrix
from fixtures.nightly.engines import ENGINES, SHARDS, main, out_of_date, rendered
from fixtures.nightly.tmt_results import write_results
from fixtures.outcome.journal import Ended, append
from fixtures.outcome.outcome import CellResult, Outcome
from fixtures.places import MATRIX_FILE, ROOT
from reports.machine_readable.verdict_json import write_verdict
from suites.harness.support.report_samples import make_cell, make_run

MATRIX = load_matrix(MATRIX_FILE)
QUALIFY = ROOT / "debian/tests/qualify"
EVERYTHING = Counter(
    (pair.old, pair.new, f"{number}/{SHARDS}") for pair in MATRIX.pairs for number in range(1, SHARDS + 1)
)


def of_engine(name: str) -> Any:
    """The parsed YAML file of an engine in the repository."""
    (file,) = [engine.file for engine in ENGINES if engine.name == name]
    return YAML(typ="safe").load((ROOT / file).read_text())


def with_pairs(number: int) -> Matrix:
    """A matrix with that many pairs."""
    pairs = tuple(Pair(old=f"old-{place}", new="new") for place in range(number))
    return MATRIX.model_copy(update={"pairs": pairs})


def test_no_engine_drifts() -> None:
    """Lose this and a new pair of matrix.yaml is never qualified, or a removed one still is."""
    assert out_of_date(rendered(MATRIX), ROOT) == []


def test_drift_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lose this and the check passes for any content of the files."""
    assert main(["--into", str(tmp_path)]) == 0
    assert main(["--into", str(tmp_path), "--check"]) == 0
    (tmp_path / ".gitlab-ci.yml").write_text("stages: []\n")
    capsys.readouterr()
    assert main(["--into", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().err == ".gitlab-ci.yml does not match matrix.yaml: run `make engines`\n"


def test_tmt_plans_every_shard_once() -> None:
    """Lose this and tmt silently leaves a part of an update unqualified."""
    plans = [plan["environment"] for name, plan in of_engine("tmt").items() if name.startswith("/")]
    assert Counter((plan["OLD"], plan["NEW"], plan["SHARD"]) for plan in plans) == EVERYTHING


def test_gitlab_runs_every_shard_once() -> None:
    """Lose this and GitLab silently leaves a part of an update unqualified."""
    rows = of_engine("GitLab CI")["qualify"]["parallel"]["matrix"]
    assert Counter((row["OLD"], row["NEW"], shard) for row in rows for shard in row["SHARD"]) == EVERYTHING


def test_github_runs_every_shard_once() -> None:
    """Lose this and GitHub silently leaves a part of an update unqualified."""
    job = of_engine("GitHub Actions")["jobs"]["qualify"]
    shard = job["steps"][1]["env"]["SHARD"]
    rows = job["strategy"]["matrix"]["include"]
    message = Counter(
        (row["old"], row["new"], shard.replace("${{ matrix.shard }}", row["shard"])) for row in rows
    )
    assert message == EVERYTHING


def test_seeded_defects_are_found_every_night() -> None:
    """Lose this and a check that can no longer fail is only noticed by who types `make seeded`."""
    scripts = [of_engine("GitLab CI")["seeded"]["script"]]
    scripts += [[step["run"]] for step in of_engine("GitHub Actions")["jobs"]["seeded"]["steps"][1:]]
    assert scripts == [[".ci/seeded"]] * 2


def test_autopkgtest_runs_every_shard_once() -> None:
    """Lose this and an upload of QEMU ships with a part of it unqualified."""
    control = (ROOT / "debian/tests/control").read_text()
    message = re.findall(r"^Test-Command: debian/tests/qualify (\S+) (\S+)$", control, re.MULTILINE)
    assert message == [(MATRIX.default_pair.old, f"{number}/{SHARDS}") for number in range(1, SHARDS + 1)]


def test_what_autopkgtest_asks_of_userfaultfd_gets_an_answer() -> None:
    """Lose this and a module that moves has each test of autopkgtest skipped, and none fails."""
    (asks,) = re.findall(r"^\.venv/bin/python -c '([^']*)'", QUALIFY.read_text(), re.MULTILINE)
    answer = subprocess.run(
        [sys.executable, "-c", asks], check=False, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    why = missing("8.0")
    assert (answer.returncode, answer.stderr.strip()) == (0 if why is None else 1, why or "")


@pytest.mark.parametrize("pairs, engine", [(101, "GitLab CI takes at most 200"), (200, "GitLab CI")])
def test_too_big_a_matrix_is_reported(pairs: int, engine: str) -> None:
    """Lose this and too large a matrix is noticed only when the engine rejects the run at night."""
    with pytest.raises(UsageError, match=engine):
        rendered(with_pairs(pairs))


def test_matrix_that_just_fits_is_taken() -> None:
    """Lose this and `make engines` rejects a matrix that the engine would accept."""
    assert rendered(with_pairs(100))


def ran(directory: Path, *cells: CellResult) -> list[dict[str, Any]]:
    """The results for tmt of a run with these cells, each in its own test."""
    run = directory / "runs" / "a-run"
    for cell in cells:
        append(Ended(cell.nodeid, 61.4, (cell,)), run)
    write_verdict(make_run(*cells), run)
    results: list[dict[str, Any]] = json.loads(write_results(directory).read_text())
    return results


def test_tmt_reads_ids_of_sweeps(tmp_path: Path) -> None:
    """Lose this and tmt drops a whole shard because of a colon in an id, as with results in YAML."""
    _, test = ran(tmp_path, make_cell(1, id="compat/x86_64-pc-q35-7.2-qmp-compare-sees:e1000"))
    assert test["subresult"][0]["name"] == "/compat/x86_64-pc-q35-7.2-qmp-compare-sees:e1000"
    assert [file.name for file in tmp_path.glob("results.*")] == ["results.json"]


@pytest.mark.parametrize(
    "outcome, word",
    [
        (Outcome.PASS, "pass"),
        (Outcome.REGRESSION, "fail"),
        (Outcome.DEFECT_NEW, "fail"),
        (Outcome.REMOVED, "fail"),
        (Outcome.FLAKY, "fail"),
        (Outcome.ERROR, "error"),
        (Outcome.DEFECT_OLD, "info"),
        (Outcome.KNOWN, "info"),
        (Outcome.REFUSED, "info"),
        (Outcome.UNSUPPORTED, "skip"),
    ],
)
def test_tmt_gets_each_outcome(tmp_path: Path, outcome: Outcome, word: str) -> None:
    """Lose this and tmt passes a night in which guests were lost."""
    cell = make_cell(1, outcome, reason="said so", evidence=["evidence/qmp.jsonl"])
    _, test = ran(tmp_path, cell)
    (part,) = test["subresult"]
    assert (test["result"], part["result"]) == (word, word)
    assert test["duration"] == "00:01:01"
    assert part.get("note", []) == ([] if outcome is Outcome.PASS else [f"{outcome}: said so"])
    assert part.get("log", []) == ([] if outcome is Outcome.PASS else ["runs/a-run/evidence/qmp.jsonl"])


@pytest.mark.parametrize(
    "outcomes, word", [((Outcome.PASS,), "pass"), ((Outcome.FLAKY,), "fail"), ((Outcome.ERROR,), "error")]
)
def test_tmt_gets_the_verdict(tmp_path: Path, outcomes: tuple[Outcome, ...], word: str) -> None:
    """Lose this and a run passes although the suite failed outside any cell."""
    whole, *_ = ran(tmp_path, *(make_cell(number, outcome) for number, outcome in enumerate(outcomes)))
    assert (whole["name"], whole["result"]) == ("/", word)


def test_tmt_gets_a_result_for_a_run_without_a_verdict(tmp_path: Path) -> None:
    """Lose this and a shard that never started is missing from the report without a note."""
    (only,) = json.loads(write_results(tmp_path).read_text())
    assert only["result"] == "error"
