# SPDX-License-Identifier: Apache-2.0
"""Does `.venv/bin/pytest` find the suite from any directory, and end with 0, 1 or 2 only?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.places import MATRIX_FILE, ROOT
from fixtures.run.command import command_line, one_message, suite_status
from suites.harness.support.nested import PLUGINS, run_nested
from suites.harness.support.sample_checkout import sample_checkout

COMMAND = [sys.executable, "-P", str(ROOT / "fixtures" / "run" / "command.py")]
HARNESS = ROOT / "suites" / "harness"
"""Left out, as collecting it takes as long as all other suites."""
SECONDS = 60


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    """A matrix outside the checkout."""
    return Path(shutil.copy(MATRIX_FILE, tmp_path / "m.yaml"))


def run(*words: str, directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command as a user types it in `directory`, without pytest's cache."""
    return run_nested([*COMMAND, *words, "-n0", *PLUGINS], SECONDS, directory=directory)


@pytest.mark.parametrize("inside", [True, False], ids=["checkout", "elsewhere"])
def test_matrix_elsewhere_is_planned(inside: bool, matrix: Path) -> None:
    """Lose this and `--plan --matrix FILE` is an unknown option: pytest looks for the suite at FILE."""
    directory = ROOT if inside else matrix.parent
    done = run("--plan", "--matrix", str(matrix), f"--ignore={HARNESS}", directory=directory)
    assert done.returncode == 0, done.stderr
    assert "plan: 0 tests" not in done.stdout


@pytest.mark.parametrize("option", ["--old", "--new", "--waivers"])
def test_other_options_that_name_a_place_are_no_tests(option: str, tmp_path: Path) -> None:
    """Lose this and `--new ./incoming` outside the checkout is an unknown option."""
    (tmp_path / "incoming").mkdir()
    words = ["--plan", option, "./incoming"]
    assert command_line(words, tmp_path)[2:] == [str(ROOT / "suites"), "--plan", f"{option}=./incoming"]


def test_plan_of_one_test_has_no_plural() -> None:
    """Lose this and a plan says "1 tests", which looks like a mistake of the count."""
    done = run("suites/hotpatch", "--plan", "-k", "x86_64 and busy-virtio-2vcpu and libvirt-precopy")
    assert "plan: 1 test of " in done.stdout, done.stdout


def test_wrong_test_has_no_plan() -> None:
    """Lose this and a plan of no tests, or of some of them, stands before the message and looks true."""
    done = run("suites/hotpatch/test_survival.py::test_nothing", "--plan")
    assert done.returncode == 2
    assert "plan: " not in done.stdout, done.stdout


WRONG = {
    "unknown option": (("--nonsense",), "command line: unrecognized arguments: --nonsense\n  what to do: `"),
    "misspelt option": (("--acelerator=kvm",), "what to do: did you mean --accelerator? `"),
    "option without a value": (("-m",), "command line: argument -m: expected one argument\n  what to do: "),
    "unknown marker": (
        ("--collect-only", "-m", "nonsense"),
        "unknown marker 'nonsense'",
    ),
    "build without a name": (("--collect-only", "--old="), "--old: is empty"),
    "unknown file": (("suites/gone", "--collect-only"), "no such file or directory: suites/gone"),
    "misspelt suite": (("suites/hotpach", "-n1"), "did you mean suites/hotpatch?"),
    "misspelt test": (
        ("suites/hotpatch/test_survival.py::test_nothing", "-n1"),
        "suites/hotpatch/test_survival.py: there is no test_nothing",
    ),
    **{
        f"misspelt cell, {workers}": (
            ("suites/field/test_field.py::test_field_guest_lives_on[x86_64-q35.newest]", workers),
            "suites/field/test_field.py: there is no test_field_guest_lives_on[x86_64-q35.newest]",
        )
        for workers in ("-n0", "-n1")
    },
    "nothing selected": (("suites/compat", "--collect-only", "-k", "gone"), "no test was selected"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_command_line_ends_with_2(what: str) -> None:
    """Lose this and a script gets an exit status that the documentation does not explain."""
    words, message = WRONG[what]
    done = run(*words)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "usage:" not in done.stderr


def test_words_of_others_than_the_parser_stay() -> None:
    """Lose this and what is wrong with a configuration file is blamed on the command line."""
    assert one_message("pyproject.toml: invalid statement", "--old") == "pyproject.toml: invalid statement"


@pytest.mark.parametrize("status,ours", [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2), (5, 2)])
def test_only_three_statuses_are_left(status: int, ours: int) -> None:
    """Lose this and an internal error of pytest ends with an undocumented status."""
    assert suite_status(status) == ours


def test_nothing_is_added_to_the_users_paths(tmp_path: Path) -> None:
    """Lose this and one test, named from another directory, makes the whole suite run."""
    test = str(ROOT / "suites" / "compat")
    assert command_line([test, "-q"], tmp_path)[-2:] == [test, "-q"]


ENDS_BY_INTERRUPT = """
def hookimpl(**_all):
    return lambda hook: hook
def main(_words, plugins):
    raise KeyboardInterrupt
"""


@pytest.mark.parametrize("program", ["raise KeyboardInterrupt", ENDS_BY_INTERRUPT], ids=["start", "end"])
def test_interrupt_outside_of_a_run_is_one_line(program: str, tmp_path: Path) -> None:
    """Lose this and Ctrl-C in the first second is a traceback, and a second one at the end a false claim."""
    # Not a signal: a shell that starts this in the background has SIGINT ignored, here as well.
    (tmp_path / "pytest.py").write_text(program)
    command = [sys.executable, str(ROOT / "fixtures" / "run" / "command.py")]
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "interrupted; nothing is left running"


def test_interrupted_collection_ends_at_once(tmp_path: Path) -> None:
    """Lose this and Ctrl-C while tests are collected is followed by a minute of preparation."""
    checkout = sample_checkout(tmp_path, {"harness/test_x.py": "raise KeyboardInterrupt"})
    prepared = "import fixtures.run.controller as c; c.RunFollower._prepare = lambda *_: print('prepared')"
    (checkout.root / "suites" / "conftest.py").write_text(prepared)
    said = checkout.pytest("suites")
    assert said.status == 2
    assert "prepared" not in said.text


@pytest.mark.parametrize(
    "tests, ended",
    [
        ("raise KeyboardInterrupt", "before the first test"),
        ("def test_one(): pass\ndef test_two(): raise KeyboardInterrupt", "after 1 test of the suite itself"),
    ],
)
def test_interrupted_tests_of_the_suite_itself_are_counted(tests: str, ended: str, tmp_path: Path) -> None:
    """Lose this and minutes of tests count as none, and what they said is thrown away."""
    checkout = sample_checkout(tmp_path, {"harness/test_x.py": tests})
    said = checkout.pytest("suites")
    assert said.status == 2
    assert f"interrupted {ended}; nothing is left running" in said.text
    assert ("junit.xml" in said.text) is (ended != "before the first test")
