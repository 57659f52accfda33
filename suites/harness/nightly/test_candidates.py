# SPDX-License-Identifier: Apache-2.0
"""Which of several updates is the newest that may be shipped."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from fixtures.nightly.candidates import main, newest_safe


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The exit status of the run of each candidate, in place of runs."""
    found: dict[str, int] = {}

    def run(command: list[str], **_: object) -> SimpleNamespace:
        [new] = [word.removeprefix("--new=") for word in command if word.startswith("--new=")]
        return SimpleNamespace(returncode=found[new])

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_first_safe_candidate_ends_the_search() -> None:
    """Lose this and hours are spent on older candidates, or a newer one is passed over."""
    tried = newest_safe(["c", "b", "a"], lambda candidate: {"c": 1, "b": 0, "a": 0}[candidate])
    assert tried == {"c": 1, "b": 0}


@pytest.mark.parametrize(
    "given,exit_status,last",
    [
        ({"c": 1, "b": 0}, 0, "newest safe candidate: b"),
        ({"c": 1, "b": 1}, 1, "newest safe candidate: none"),
        ({"c": 2, "b": 0}, 2, "newest safe candidate: b"),
        ({"c": 1, "b": 2}, 2, "newest safe candidate: none"),
        ({"c": 4, "b": 1}, 2, "newest safe candidate: none"),
    ],
)
def test_exit_status_says_what_is_known(
    statuses: dict[str, int],
    given: dict[str, int],
    exit_status: int,
    last: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lose this and a script ships an older update because the newest could not be judged."""
    statuses |= given
    assert main(["c b", "--old=o"]) == exit_status
    assert capsys.readouterr().out.rstrip().endswith(last)


def test_candidates_that_were_not_tried_are_listed(
    statuses: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a candidate seems forgotten."""
    statuses["c"] = 0
    assert main(["c b", "--old=o"]) == 0
    assert "not tried" in capsys.readouterr().out


@pytest.mark.parametrize("candidates", ["", "a a"])
def test_wrong_list_is_refused(candidates: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lose this and one candidate is qualified twice."""
    assert main([candidates, "--old=o"]) == 2
    assert "name each candidate once" in capsys.readouterr().err
