# SPDX-License-Identifier: Apache-2.0
"""Which of several updates is the newest that may be shipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.nightly.candidates import Tried, main, newest_safe

NEWEST, OLDER = "debian-13-backports", "debian-13"
GIVEN = [f"{NEWEST} {OLDER}", "--old=debian-12"]


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The exit status of the run of each candidate, in place of runs."""
    found: dict[str, int] = {}

    def run(arguments: list[str]) -> tuple[int, int]:
        [new] = [word.removeprefix("--new=") for word in arguments if word.startswith("--new=")]
        return 0, found[new]

    monkeypatch.setattr("fixtures.nightly.candidates.run_pytest", run)
    monkeypatch.setattr("fixtures.nightly.candidates.run_of", lambda *_: None)
    monkeypatch.setattr("fixtures.nightly.candidates.demand_known_options", lambda _: None)
    return found


def test_wrong_option_is_said_before_the_first_candidate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and each candidate fails by the same mistake, and seems not to be judged."""
    monkeypatch.setattr("fixtures.nightly.candidates.run_pytest", lambda _: pytest.fail("one was begun"))
    assert main([*GIVEN, "--pln"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("command line: unrecognized arguments: --pln\n")
    assert shown.out == ""


def test_first_safe_candidate_ends_the_search() -> None:
    """Lose this and hours are spent on older candidates, or a newer one is passed over."""
    tried = newest_safe(["c", "b", "a"], lambda candidate: Tried({"c": 1, "b": 0, "a": 0}[candidate]))
    assert tried == {"c": Tried(1), "b": Tried(0)}


@pytest.mark.parametrize(
    "newest,older,exit_status,last",
    [
        (1, 0, 0, f"newest safe candidate: {OLDER}"),
        (1, 1, 1, "newest safe candidate: none"),
        (2, 0, 2, f"newest safe candidate: {OLDER}"),
        (1, 2, 2, "newest safe candidate: none"),
        (4, 1, 2, "newest safe candidate: none"),
    ],
)
def test_exit_status_says_what_is_known(
    statuses: dict[str, int],
    newest: int,
    older: int,
    exit_status: int,
    last: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lose this and a script ships an older update because the newest could not be judged."""
    statuses |= {NEWEST: newest, OLDER: older}
    assert main(GIVEN) == exit_status
    assert capsys.readouterr().out.rstrip().endswith(last)


def test_candidates_that_were_not_tried_are_listed(
    statuses: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a candidate seems forgotten."""
    statuses[NEWEST] = 0
    assert main(GIVEN) == 0
    assert f"{OLDER}: not tried" in capsys.readouterr().out


def test_quick_run_is_called_one_in_the_last_line(
    statuses: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a build is shipped of which a small part was tested."""
    statuses[NEWEST] = 0
    assert main([*GIVEN, "--quick"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("(by a quick run: decide by a complete one)")


def test_summary_says_what_counts_and_where_the_report_is(
    statuses: dict[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lose this and the report of all but the last candidate has to be looked for."""
    found = [{"sentence": s, "counts": s != "C."} for s in ("A.", "B.", "C.")]
    (tmp_path / "verdict.json").write_text(json.dumps({"findings": found}))
    monkeypatch.setattr("fixtures.nightly.candidates.run_of", lambda *_: tmp_path)
    monkeypatch.setattr("fixtures.nightly.candidates.ROOT", tmp_path.parent)
    statuses |= {NEWEST: 1, OLDER: 1}
    main(GIVEN)
    said = f"  {NEWEST}: unsafe, report: {tmp_path.name}\n    A. And 1 more finding.\n"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("candidates", ["", "debian-13 debian-13"])
def test_wrong_list_is_refused(candidates: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lose this and one candidate is qualified twice."""
    assert main([candidates, "--old=debian-12"]) == 2
    assert "name each candidate once" in capsys.readouterr().err


def test_wrong_word_is_refused_before_the_first_run(
    statuses: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a typing error in the last candidate is found after hours."""
    assert main([f"{NEWEST} ./no-such-directory", "--old=debian-12"]) == 2
    assert "--new: './no-such-directory' does not exist" in capsys.readouterr().err


def test_base_is_given_to_the_runs_of_directories_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a list of a directory and a suite is refused, because the base is for one of them."""
    directory, runs = str(tmp_path), list[list[str]]()
    (tmp_path / "qemu.deb").touch()
    monkeypatch.setattr("fixtures.nightly.candidates.given_builds", lambda *_: ())
    monkeypatch.setattr("fixtures.nightly.candidates.demand_known_options", lambda _: None)

    def run(arguments: list[str]) -> tuple[int, int]:
        runs.append(arguments)
        return 0, 1

    monkeypatch.setattr("fixtures.nightly.candidates.run_pytest", run)
    monkeypatch.setattr("fixtures.nightly.candidates.run_of", lambda *_: None)
    main([f"{directory} {OLDER}", "--old=debian-12", f"--base={NEWEST}"])
    assert [f"--base={NEWEST}" in run for run in runs] == [True, False]


def test_base_for_no_candidate_is_refused(
    statuses: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a user believes that the base was used."""
    assert main([*GIVEN, "--base=debian-13"]) == 2
    assert "--base debian-13: is given, but" in capsys.readouterr().err
