# SPDX-License-Identifier: Apache-2.0
"""What a night runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.matrix.schema import load_matrix
from fixtures.nightly.child import RESUME
from fixtures.nightly.night import SELECTION, Night, main, night_of
from fixtures.places import MATRIX_FILE, ROOT
from reports.plan_line import PlanLine
from suites.harness.support.sample_checkout import sample_checkout

TEST = """
from fixtures.matrix.promises import promise

def about(aspect, **more):
    return promise(aspect, path="qmp", mechanism="precopy", slow=True, **more)

@about("kvm-clock", needs_kvm=True)
@about("long-after")
@about("events", nightly_on=("x86_64",))
def test_guest(guest): pass
"""


def test_night_has_what_default_runs_leave_to_it(tmp_path: Path) -> None:
    """Lose this and most cells under KVM never run, or those that left the default run."""
    said = sample_checkout(tmp_path, {"life/test_x.py": TEST}).collect(*SELECTION)
    assert [test.rpartition("1vcpu-")[2] for test in said.tests] == ["kvm-clock]", "events]", "kvm-clock]"]


def test_each_machine_of_a_night_runs_the_same() -> None:
    """Lose this and CI leaves out what `make nightly` runs."""
    assert f"-m '{SELECTION[-1]}'" in (ROOT / ".ci/shard").read_text()


@pytest.mark.parametrize("words", [[RESUME], ["--quick", RESUME]])
def test_night_goes_on_with_its_own_arguments(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the command that an interrupted night offers does not continue it."""
    monkeypatch.setattr("fixtures.nightly.night.NIGHT", tmp_path / "night.json")
    with pytest.raises(UsageError, match="no night to resume"):
        night_of(words)
    last = Night(["--quick", "--seed=1"], {"a -> b": 7})
    (tmp_path / "night.json").write_text(json.dumps(asdict(last)))
    assert night_of(words) == last
    with pytest.raises(UsageError, match="the last night had other options") as refused:
        night_of(["--short", RESUME])
    assert refused.value.fix == "give none, or the same: --quick"


def test_wrong_option_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a night that cannot begin says so once for each pair."""
    monkeypatch.setattr("fixtures.nightly.night.NIGHT", tmp_path / "night.json")
    monkeypatch.setattr("fixtures.nightly.night.run_pytest", lambda *_: pytest.fail("a pair was begun"))
    assert main(["--pln"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(
        "command line: unrecognized arguments: --pln\n  what to do: did you mean --plan?"
    )
    assert (shown.err.count("--pln"), shown.out) == (1, "")


@pytest.fixture
def night_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a night would be recorded, whose options are right and which begins no pair."""
    file = tmp_path / "night.json"
    monkeypatch.setattr("fixtures.nightly.night.NIGHT", file)
    monkeypatch.setattr("fixtures.nightly.night.run_pytest", lambda *_: pytest.fail("a pair was begun"))
    monkeypatch.setattr("fixtures.nightly.night.demand_known_options", lambda _arguments: None)
    return file


def test_plan_of_a_night_ends_with_its_sum(
    night_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and nobody knows how long a night takes, or the plan takes the place of a night to resume."""
    asked: list[list[str]] = []

    def says(arguments: list[str]) -> str:
        asked.append(arguments)
        return f"suites/life/test_x.py: 2\n\n{PlanLine(200, 'a → b', 50, 3)}\n"

    monkeypatch.setattr("fixtures.nightly.night.said_by_pytest", says)
    pairs = len(load_matrix(MATRIX_FILE).pairs)
    assert main(["--plan", "--quick"]) == 0
    *each, total = capsys.readouterr().out.splitlines()
    assert each == ["plan: 200 tests of a → b, about 50 min with 3 workers"] * pairs
    hours, minutes = divmod(50 * pairs, 60)
    assert total == (
        f"plan: {200 * pairs} tests of {pairs} pairs, about {hours} h {minutes:02d} min with 3 workers"
    )
    assert all({"--plan", "--quick"} < set(arguments) for arguments in asked)
    assert not night_file.exists()


def test_pair_without_a_plan_is_an_error(
    night_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and the sum lacks a pair without a word."""
    monkeypatch.setattr("fixtures.nightly.night.said_by_pytest", lambda _arguments: "build x: no such file\n")
    assert main(["--plan"]) == 2
    shown = capsys.readouterr()
    assert " has no plan: build x: no such file\n" in shown.err
    assert "\n  what to do: correct what pytest says; to see all of it: .venv/bin/pytest suites " in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("said", ["collected\n" * 10_000 + f"no such file{'!' * 10_000}\n\n", ""])
def test_error_of_a_pair_without_a_plan_has_the_end_of_what_pytest_said(
    said: str, night_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and what to do is lost among the names of all tests."""
    monkeypatch.setattr("fixtures.nightly.night.said_by_pytest", lambda _arguments: said)
    assert main(["--plan"]) == 2
    shown = capsys.readouterr().err
    assert ("no such file!!!" if said else "pytest printed nothing") in shown
    assert len(shown) < 1500
    assert "what to do: " in shown
